// Files that a run has removed from its watched folders, kept by a second name in a folder beside them: a hard link costs no byte
// as long as the run has the file too. Second names lie in the run's own folder and nowhere else.
import { randomUUID } from "node:crypto";
import { link, lstat, rename, unlink } from "node:fs/promises";
import { enterFolder, hasCode, type OpenFolder, removeTree } from "../../../files/index.ts";
import { isAbsent, openFolderOf } from "./openInside.ts";
import { fileIn, foldersUnder, namesIn } from "./readFolder.ts";

/** The folder of second names, in the run's folder. Below it the paths are those of the run's folder. */
export const HELD = "held";

/** What a run has removed takes at most so much room; the oldest of it is let go of first. */
export type HeldLimits = { readonly files: number; readonly bytes: number };
export const HELD_LIMITS: HeldLimits = { files: 10_000, bytes: 1024 * 1024 * 1024 };

/** Gives the files under the path their second names. Answers how many files were let go of for the limits. */
export async function holdFiles(root: string, under: string, limits: HeldLimits): Promise<number> {
  let left = limits.files;
  for await (const { folder, segments } of foldersUnder(root, under)) {
    const { files } = await namesIn(folder);
    if (files.length === 0) continue;
    await using beside = await heldFolder(root, segments);
    if (beside === undefined) continue;
    for (const name of files) {
      await holdFile(root, folder, beside, name);
      left -= 1;
      // More files than that at one time are kept at the end, those that are still there.
      if (left === 0) return await letGo(root, under, limits);
    }
  }
  return await letGo(root, under, limits);
}

async function holdFile(root: string, from: OpenFolder, into: OpenFolder, name: string): Promise<void> {
  const [file, held] = await Promise.all([fileIn(from, name), fileIn(into, name)]);
  if (file === undefined || file.identity === held?.identity) return;
  await using top = await openFolderOf(root, HELD);
  if (top === undefined) return;
  // Under a name of its own first, so that at no time there is none.
  const fresh = top.at(`.${randomUUID()}`);
  try {
    await link(from.at(name), fresh);
    // Something else may have been put there since it was looked at.
    if (!(await lstat(fresh)).isFile()) return await unlink(fresh);
    if (held === undefined) await removeTree(into.at(name));
    await rename(fresh, into.at(name));
    // When both are names of one file already, `rename` leaves both.
    await unlink(fresh).catch(absent);
  } catch (error) {
    await unlink(fresh).catch(() => {});
    if (!isAbsent(error) && !cannotBeHeld(error)) throw error;
  }
}

/** A file system without links, too many of them, a file of somebody else: such a file is kept while it is there. */
const cannotBeHeld = (error: unknown): boolean =>
  hasCode(error, "EPERM", "EACCES", "EXDEV", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "ENOSPC");

/** The folder of second names for a folder of the run; a file in its way was there before the folder and goes. */
async function heldFolder(root: string, segments: readonly string[]): Promise<OpenFolder | undefined> {
  let folder = await openFolderOf(root, "");
  for (const name of [HELD, ...segments]) {
    if (folder === undefined) return undefined;
    const outer: OpenFolder = folder;
    try {
      folder = await enterFolder(outer, name, true).catch(async (error) => {
        if (!hasCode(error, "ENOTDIR", "ELOOP")) throw error;
        await unlink(outer.at(name));
        return await enterFolder(outer, name, true);
      });
    } catch (error) {
      if (!isAbsent(error) && !cannotBeHeld(error)) throw error;
      folder = undefined;
    } finally {
      await outer[Symbol.asyncDispose]();
    }
  }
  return folder;
}

type Only = { readonly path: string; readonly sizeBytes: number; readonly changedAt: number };

/** Removes what has no other name any more, the oldest first, until the rest is within the limits. */
async function letGo(root: string, under: string, limits: HeldLimits): Promise<number> {
  const only: Only[] = [];
  let bytes = 0;
  for await (const { folder, segments } of foldersUnder(root, `${HELD}/${under}`)) {
    for (const name of (await namesIn(folder)).files) {
      const file = await fileIn(folder, name);
      if (file?.names !== 1) continue;
      only.push({
        path: [...segments, name].join("/"),
        sizeBytes: file.sizeBytes,
        changedAt: file.changedAt,
      });
      bytes += file.sizeBytes;
    }
  }
  only.sort((a, b) => a.changedAt - b.changedAt);
  let dropped = 0;
  for (const { path, sizeBytes } of only) {
    if (bytes <= limits.bytes && only.length - dropped <= limits.files) break;
    const end = path.lastIndexOf("/");
    await using folder = await openFolderOf(root, path.slice(0, end));
    if (folder !== undefined) await unlink(folder.at(path.slice(end + 1))).catch(absent);
    bytes -= sizeBytes;
    dropped += 1;
  }
  return dropped;
}

function absent(error: unknown): undefined {
  if (isAbsent(error)) return undefined;
  throw error;
}
