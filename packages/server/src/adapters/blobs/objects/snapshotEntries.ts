// Which snapshots a workspace has, in an object storage: a small object for each. It is never removed: one that ended is overwritten, and
// only if nobody has changed it, since storages know conditions of writes and not all of them conditions of removals.
import { randomUUID } from "node:crypto";
import type { Scope } from "@malachite/core";
import { isSnapshotId } from "../folder/layout.ts";
import type { Objects } from "./objects.ts";
import { entryKey, snapshotsOf } from "./snapshotKeys.ts";

const REMEMBERED = 10_000;
/** What was seen so lately is taken for true: nothing ends that was asked for in the last days. */
const TRUE_FOR_MS = 3600_000;
const HASH_LENGTH = 64;

/** What an entry says: the tree, and something new each time, so that each version has a tag of its own. */
const bodyOf = (tree: string): Buffer => Buffer.from(`${tree}\n${randomUUID()}`);
/** Undefined for one that has ended. */
export const treeIn = (bytes: Buffer): string | undefined =>
  bytes.length < HASH_LENGTH ? undefined : bytes.toString().split("\n")[0]?.trim();
/** Whether an object below `snapshots/` is the entry of a snapshot that has not ended. */
export const isEntry = ({ key, sizeBytes }: { readonly key: string; readonly sizeBytes: number }): boolean =>
  sizeBytes >= HASH_LENGTH && isSnapshotId(key.slice(key.lastIndexOf("/") + 1));

export class SnapshotEntries {
  readonly #objects: Objects;
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly tree: string; readonly at: number }>();

  constructor(objects: Objects, now: () => number) {
    this.#objects = objects;
    this.#now = now;
  }

  /** The tree of a snapshot of which it is known here that it is there and was used lately. */
  known(scope: Scope, id: string): string | undefined {
    const known = this.#known.get(entryKey(scope, id));
    return known !== undefined && known.at > this.#now() - TRUE_FOR_MS ? known.tree : undefined;
  }

  /** The tree of the snapshot, which is now in use; undefined when there is none. */
  async use(scope: Scope, id: string): Promise<string | undefined> {
    const entry = entryKey(scope, id);
    for (;;) {
      const known = this.known(scope, id);
      if (known !== undefined) return known;
      const at = this.#now();
      const found = await this.#objects.get(entry);
      const tree = found && treeIn(found.bytes);
      if (found === undefined || tree === undefined) return undefined;
      const isMarked =
        found.changedAt > at - TRUE_FOR_MS ||
        (await this.#objects.put(entry, bodyOf(tree), { condition: { ifMatch: found.etag } })) !== undefined;
      // Who has changed it has marked or ended it.
      if (isMarked) this.#remember(entry, tree, at);
    }
  }

  /** Makes it known in the workspace. Whatever ends it at the same time does not, or did so before. */
  async register(scope: Scope, id: string, tree: string): Promise<void> {
    const at = this.#now();
    await this.#objects.put(entryKey(scope, id), bodyOf(tree), {});
    this.#remember(entryKey(scope, id), tree, at);
  }

  /** Ids of those that nobody has used since then. */
  async *unused(scope: Scope, before: number): AsyncGenerator<string> {
    const prefix = snapshotsOf(scope);
    for await (const one of this.#objects.list({ prefix, pageSize: 1000 }))
      if ("key" in one && isEntry(one) && one.changedAt < before) yield one.key.slice(prefix.length);
  }

  /** False when somebody has used it meanwhile. */
  async end(scope: Scope, id: string, before: number): Promise<boolean> {
    const entry = entryKey(scope, id);
    const found = await this.#objects.head(entry);
    if (found === undefined || !isEntry(found) || found.changedAt >= before) return false;
    const condition = { ifMatch: found.etag };
    if ((await this.#objects.put(entry, Buffer.from(randomUUID()), { condition })) === undefined)
      return false;
    this.#known.delete(entry);
    return true;
  }

  /** Removes them all. */
  async removeAll(scope: Scope): Promise<void> {
    this.#known.clear();
    const keys: string[] = [];
    for await (const one of this.#objects.list({ prefix: snapshotsOf(scope), pageSize: 1000 })) {
      if ("key" in one) keys.push(one.key);
      if (keys.length === 1000) await this.#objects.remove(keys.splice(0));
    }
    if (keys.length > 0) await this.#objects.remove(keys);
  }

  #remember(entry: string, tree: string, at: number): void {
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(entry, { tree, at });
  }
}
