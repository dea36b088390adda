// Additions to files while they are under way: each is noted beside the piece that is added, so that a start after a crash finds
// what was half done and takes it back. Nobody was told of such bytes. For a killed process, not for a power cut: notes are not
// synced, which would cost every addition a third of its time.
import { constants } from "node:fs";
import { lstat, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { hasCode, makeFolder, openInside, removeTree } from "../../../files/index.ts";

const NOTE = ".adds";

/** The file `path` inside `root` gets longer, from `from` bytes to `to`. */
export type Addition = {
  readonly root: string;
  readonly path: string;
  readonly ino: bigint;
  readonly from: number;
  readonly to: number;
};

/** To be called before the first byte is added. `piece` is the file that is added. */
export async function noteAddition(piece: string, { root, ino, ...rest }: Addition): Promise<void> {
  // The data folder may have another place at the next start.
  const note = { ...rest, root: relative(dirname(piece), root), ino: String(ino) };
  await writeFile(piece + NOTE, JSON.stringify(note), { mode: 0o600 });
}

/** To be called when the bytes are durable, or taken back. */
export const forgetAddition = (piece: string): Promise<void> => rm(piece + NOTE, { force: true });

/**
 * Empties a folder of unfinished work, of what is older than `before`: takes back what its notes say is half done. Bytes that came whole
 * stay: whoever sent them may have been told.
 */
export async function clearUnfinished(folder: string, before = Number.POSITIVE_INFINITY): Promise<void> {
  const old: string[] = [];
  for (const name of await readdir(folder).catch(noneThere)) {
    const found = await lstat(join(folder, name)).catch(() => undefined); // Finished meanwhile.
    if (found && found.mtimeMs < before) old.push(name);
  }
  for (const name of old) if (name.endsWith(NOTE)) await takeBackOne(folder, name);
  for (const name of old) await removeTree(join(folder, name));
  await makeFolder(folder);
}

function noneThere(error: unknown): string[] {
  if (hasCode(error, "ENOENT")) return [];
  throw error;
}

async function takeBackOne(folder: string, name: string): Promise<void> {
  const note = readNote(await readFile(join(folder, name), "utf8"));
  if (!note) return;
  try {
    await using file = await openInside(join(folder, note.root), note.path, constants.O_RDWR);
    const { ino, size } = await file.stat({ bigint: true });
    if (String(ino) !== note.ino || size <= note.from || size >= note.to) return;
    await file.truncate(note.from);
    await file.datasync();
  } catch (error) {
    // Removed or replaced since: nothing of it is left.
    if (!hasCode(error, "ENOENT", "ENAMETOOLONG")) throw error;
  }
}

/** A note that was cut short itself was written before anything was added. */
function readNote(text: string): (Omit<Addition, "ino"> & { readonly ino: string }) | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
