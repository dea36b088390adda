// The files of a project with their hashes: what a snapshot is made of.
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { throwIfAborted } from "../abort.ts";
import type { ProjectFile } from "../models.ts";
import { defaultCacheFolder, type HashCache, openHashCache } from "./hashCache.ts";
import { inParallel } from "./inParallel.ts";
import type { ProjectProgress } from "./progress.ts";
import { type FoundFile, type LeftOut, ProjectError, type WalkOptions, walkProject } from "./walk.ts";

export interface ProjectFilesOptions extends WalkOptions {
  /** Where hashes are remembered; false: nowhere. Default: a folder of this user. */
  cacheFolder?: string | false;
  onProgress?: (progress: ProjectProgress) => void;
}

/** A file of the project and its hash. */
export interface HashedFile extends FoundFile {
  sha256: string;
}

export interface Project {
  /** The real path of the folder. */
  folder: string;
  /** Sorted by path. */
  files: HashedFile[];
  sizeBytes: number;
  /** What cannot be part of a project: broken links, sockets and the like. */
  left: LeftOut[];
  /** How many files had to be read. */
  hashed: number;
}

/** Reading files is waiting for the disk, hashing them is work of this thread: a few at once keep both busy. */
const AT_ONCE = 8;
const READ_BYTES = 512 * 1024;
/** How often a file that changes under the reading is read again. */
const ATTEMPTS = 4;

/**
 * The files of `folder` by the rules of Azure ML v1: .amlignore, else .gitignore, of the folder itself; `.git` is always left
 * out; links are followed. Files that have not changed since an earlier call are not read again. Throws ProjectError.
 */
export async function projectFiles(folder: string, options: ProjectFilesOptions = {}): Promise<Project> {
  const tell = (phase: ProjectProgress["phase"], filesDone: number, filesTotal: number): void =>
    options.onProgress?.({ phase, filesDone, filesTotal, bytesSent: 0, bytesTotal: 0 });
  tell("walking", 0, 0);
  const { root, files: found, left } = await walkProject(folder, options);
  const cacheFolder = options.cacheFolder ?? defaultCacheFolder();
  const cache = cacheFolder ? await openHashCache(root, cacheFolder) : undefined;

  const files = found as HashedFile[];
  const unknown = files.filter((file) => {
    const sha256 = cache?.get(file.path, file.state);
    if (sha256 !== undefined) file.sha256 = sha256;
    return sha256 === undefined;
  });
  let done = files.length - unknown.length;
  tell("hashing", done, files.length);
  try {
    await inParallel(AT_ONCE, unknown, async (file) => {
      throwIfAborted(options.abortSignal);
      await hashInto(file, cache);
      done += 1;
      tell("hashing", done, files.length);
    });
  } finally {
    // Also after a failure: what has been read need not be read again.
    await cache?.save();
  }
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return { folder: root, files, sizeBytes, left, hashed: unknown.length };
}

/** The file as the wire wants it. */
export const wireFile = ({ path, sizeBytes, sha256, executable }: HashedFile): ProjectFile =>
  executable ? { path, sizeBytes, sha256, executable } : { path, sizeBytes, sha256 };

async function hashInto(file: HashedFile, cache: HashCache | undefined): Promise<void> {
  const handle = await open(file.source, "r").catch((cause: NodeJS.ErrnoException) => {
    throw new ProjectError(file.path, `'${file.path}' cannot be read: ${cause.message}`);
  });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const beganAt = Date.now();
      const before = await stateOf(handle);
      const { sha256, sizeBytes } = await hashOf(handle);
      const after = await stateOf(handle);
      if (before.mtimeNs !== after.mtimeNs || before.ctimeNs !== after.ctimeNs || before.size !== after.size)
        continue;
      file.sha256 = sha256;
      file.sizeBytes = sizeBytes;
      file.state = after;
      cache?.put(file.path, after, sha256, beganAt);
      return;
    }
  } finally {
    await handle.close();
  }
  throw new ProjectError(
    file.path,
    `'${file.path}' changes all the time. Stop what writes to it, or put it into .amlignore.`,
  );
}

async function hashOf(handle: FileHandle): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash("sha256");
  const { size } = await handle.stat();
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(4096, size + 1)));
  let at = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return { sha256: hash.digest("hex"), sizeBytes: at };
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

async function stateOf(handle: FileHandle): Promise<FoundFile["state"]> {
  const { size, mtimeNs, ctimeNs, ino } = await handle.stat({ bigint: true });
  return { size, mtimeNs, ctimeNs, ino };
}
