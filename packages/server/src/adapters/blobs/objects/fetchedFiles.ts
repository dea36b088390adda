// Small files of the object storage that the folder store wants to have in its folder.
import { randomUUID } from "node:crypto";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { onStorage, orNothing } from "../../../files/index.ts";
import type { Objects } from "./objects.ts";

/** Has it here; one that is here already is at least as new. False when the storage has none. */
export async function fetchFile(objects: Objects, key: string, file: string): Promise<boolean> {
  if ((await stat(file).catch(orNothing)) !== undefined) return true;
  const found = await objects.get(key);
  if (found === undefined) return false;
  await writeFetched(file, found.bytes);
  return true;
}

/** Seen when it is whole. Not synced: should it be lost, it is fetched again. */
export async function writeFetched(file: string, bytes: Buffer): Promise<void> {
  await onStorage("Reading a snapshot", async () => {
    await mkdir(dirname(file), { recursive: true });
    const temporary = `${file}.${randomUUID()}.tmp`;
    await writeFile(temporary, bytes);
    await rename(temporary, file);
  });
}
