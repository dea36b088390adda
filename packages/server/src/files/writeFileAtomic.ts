// Writes a small file so that readers see all of it or nothing, and so does a power cut where it must.
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "./storageFailed.ts";

/** Durable when it resolves. The folder is made if missing. Throws the system's error. */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  const folder = dirname(path);
  await makeFolder(folder);
  await write(path, data, mode, (handle) => handle.datasync());
  await syncFolder(folder);
}

/** As above, but a power cut may leave nothing, or an empty file: for what can be done without. */
export async function writeFileWhole(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  const attempt = () => write(path, data, mode, async () => {});
  try {
    await attempt();
  } catch (error) {
    // Nearly always it is there: looking first would cost every file a question.
    if (!hasCode(error, "ENOENT")) throw error;
    await mkdir(dirname(path), { recursive: true });
    await attempt();
  }
}

async function write(
  path: string,
  data: string | Uint8Array,
  mode: number,
  sync: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.writeFile(data);
      await sync(handle);
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes the folder and what it lies in; what is new is durable when it resolves. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Syncs an open folder. File systems that know no such thing need none. */
export async function syncHandle(handle: FileHandle): Promise<void> {
  await handle.sync().catch((error) => {
    if (!hasCode(error, "EINVAL", "EPERM", "ENOTSUP", "EISDIR")) throw error;
  });
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await syncHandle(handle);
  } finally {
    await handle.close();
  }
}
