// Additions to files while they are under way: each is noted beside the piece that is added, so that a start after a crash finds
// what was half done and takes it back. Nobody was told of such bytes. For a killed process, not for a power cut: notes are not
// synced, which would cost every addition a third of its time.
import { constants } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { hasCode, openInside } from "../../../files/index.ts";

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

/** Takes back what the notes in the folder say is half done. Bytes that came whole stay: whoever sent them may have been told. */
export async function takeBack(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  for (const name of names) if (name.endsWith(NOTE)) await takeBackOne(folder, name);
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
