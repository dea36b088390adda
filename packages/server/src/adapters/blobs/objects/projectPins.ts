// A mark that a tree is being made a snapshot of: what it names is not swept while the mark is there.
import { randomUUID } from "node:crypto";
import type { Objects } from "./objects.ts";

export const PINS = "pins/";

export type ProjectPin = AsyncDisposable & {
  /** Whether it was there all the time: marks that are days old are taken for those of a dead server. */
  isThere(): Promise<boolean>;
};

/** To be disposed of when the snapshot is known, or will not be made. */
export async function pinTree(objects: Objects, tree: string): Promise<ProjectPin> {
  const key = `${PINS}${randomUUID()}`;
  await objects.put(key, Buffer.from(tree), {});
  return {
    isThere: async () => (await objects.head(key)) !== undefined,
    // One that stays behind goes with the next sweep but some days.
    [Symbol.asyncDispose]: () => objects.remove([key]).catch(() => undefined),
  };
}

/** Removes those that were made before then. */
export async function removePins(objects: Objects, before: number): Promise<void> {
  const old: string[] = [];
  for await (const one of objects.list({ prefix: PINS, pageSize: 1000 }))
    if ("key" in one && one.changedAt < before) old.push(one.key);
  if (old.length > 0) await objects.remove(old);
}
