// Brings files of one run home: each as far as it has come, from the byte on where it stands here. What the far side says of its files is
// the run's to forge, so nothing of it leads out of the folder here.
import { createHash, type Hash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode, removeTree } from "../../../files/index.ts";
import { HELD } from "../shared/heldFiles.ts";
import { isAbsent, segmentsOf } from "../shared/openInside.ts";
import type { FarHost } from "./farHost.ts";

const PIECE_BYTES = 512 * 1024;
/** A file that is written anew all the time is taken as it was at the last of so many tries. */
const TRIES = 5;
const FILES_AT_ONCE = 8;
const FOLDERS_AT_ONCE = 64;
const ENTRIES_AT_ONCE = 2000;
/** Hashes of what has come of files that may still grow; others are made anew from the disk. */
const MOST_HASHES = 200;

export type FarMirror = {
  /** One file, as it is there now. Not there: not here. Calls at once share the work. Throws EngineUnavailable. */
  file(path: string): Promise<void>;
  /** All that lies under a folder. */
  folder(path: string): Promise<void>;
};

/** Size, version and time of change of a far file; the version changes with each change. */
type Look = readonly [size: number, version: string, changed: number];
type Listed = {
  readonly path: string;
  readonly absent?: boolean;
  readonly files: readonly (readonly [name: string, size: number, version: string, changed: number])[];
  readonly folders: readonly string[];
  /** More follow behind this name. */
  readonly last?: string;
};

/** `home`: the folder here. `parts`: one beside it, on the same disk, for files that take another's place when they are whole. */
export function createFarMirror(host: FarHost, key: string, home: string, parts: string): FarMirror {
  const running = new Map<string, { now: Promise<void>; next?: Promise<void> }>();
  const hashes = new Map<string, { readonly length: number; readonly hash: Hash }>();

  /** Whoever comes while the work is under way waits for one that begins after. */
  function shared(path: string, work: () => Promise<void>, anew = work): Promise<void> {
    const known = running.get(path);
    if (known !== undefined) {
      known.next ??= known.now.then(nothing, nothing).then(() => start(path, anew));
      return known.next;
    }
    return start(path, work);
  }

  function start(path: string, work: () => Promise<void>): Promise<void> {
    const now = work();
    const entry: { now: Promise<void>; next?: Promise<void> } = { now };
    running.set(path, entry);
    const leave = () => {
      if (running.get(path) === entry && entry.next === undefined) running.delete(path);
    };
    now.then(leave, leave);
    return now;
  }

  async function bring(path: string, look?: Look): Promise<void> {
    const at = join(home, path);
    const here = await lookHere(at);
    if (look !== undefined && here?.size === look[0] && here.changed === look[2]) return;
    for (let tries = 1; tries <= TRIES; tries++) if (await brought(path, at, tries)) return;
  }

  /** False: it became another file meanwhile. */
  async function brought(path: string, at: string, tries: number): Promise<boolean> {
    let from = (await lookHere(at))?.size ?? 0;
    const isLog = path.startsWith("user_logs/");
    let hash: Hash | undefined = from === 0 ? createHash("sha256") : await hashHere(path, at, from);
    let file: FileHandle | undefined;
    let part: string | undefined;
    let version: string | undefined;
    try {
      for (;;) {
        // Logs are only ever added to; of others what is here must be how the file begins.
        const doubtful = from > 0 && !isLog && version === undefined;
        const prefix = doubtful ? (hash?.copy().digest("hex") ?? "unknown") : undefined;
        const { header, payload } = await host.ask("read", {
          key,
          path,
          from,
          most: PIECE_BYTES,
          ...(prefix === undefined ? {} : { prefix }),
        });
        if (header.absent === true) {
          if ((await lookHere(at)) !== undefined) await removeTree(at);
          hashes.delete(path);
          return true;
        }
        const seen = header as unknown as {
          size: number;
          version: string;
          changed: number;
          from: number;
          reset?: true;
        };
        if (version !== undefined && version !== seen.version && !isLog && tries < TRIES) return false;
        version = seen.version;
        if (seen.reset) {
          from = 0;
          hash = createHash("sha256");
          await file?.close();
          file = undefined;
          part = join(parts, randomUUID());
        }
        if (seen.from < from) return false;
        file ??= part === undefined ? await openHere(home, path) : await openPart(part);
        if (seen.from > from) {
          await file.truncate(seen.from);
          // Nobody reads through a hole of a hundred gigabytes for a hash.
          hash = undefined;
        }
        await writeAt(file, payload, seen.from);
        hash?.update(payload);
        from = seen.from + payload.length;
        if (from < seen.size && payload.length > 0) continue;
        if (from < seen.size) await file.truncate(seen.size);
        await file.close();
        file = undefined;
        const settled = part ?? at;
        await utimes(settled, seen.changed / 1000, seen.changed / 1000);
        if (part !== undefined) await putInPlace(part, home, path);
        remember(path, from, hash);
        return true;
      }
    } finally {
      await file?.close();
      if (part !== undefined) await removeTree(part);
    }
  }

  function remember(path: string, length: number, hash: Hash | undefined): void {
    hashes.delete(path);
    if (hash === undefined) return;
    hashes.set(path, { length, hash });
    const [oldest] = hashes.keys();
    if (hashes.size > MOST_HASHES && oldest !== undefined) hashes.delete(oldest);
  }

  async function hashHere(path: string, at: string, length: number): Promise<Hash | undefined> {
    const known = hashes.get(path);
    if (known?.length === length) return known.hash.copy();
    if (path.startsWith("user_logs/")) return undefined;
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(at, { end: length - 1 })) hash.update(chunk as Buffer);
    return hash;
  }

  async function bringFolder(under: string): Promise<void> {
    const waiting: [path: string, after: string | null][] = [[under, null]];
    const names = new Map<string, Set<string>>();
    while (waiting.length > 0) {
      const asked = waiting.splice(-FOLDERS_AT_ONCE);
      const { header } = await host.ask("list", { key, folders: asked, limit: ENTRIES_AT_ONCE });
      const listed = header.folders as readonly Listed[];
      // What was not come to for the limit is asked again.
      waiting.push(...asked.slice(listed.length));
      for (const one of listed) {
        const all = names.get(one.path) ?? new Set<string>();
        for (const [name] of one.files) all.add(name);
        for (const name of one.folders) all.add(name);
        if (await placeFolder(one)) {
          await bringFiles(one);
          for (const name of one.folders) if (isName(name)) waiting.push([joined(one.path, name), null]);
        }
        if (one.last !== undefined) {
          names.set(one.path, all);
          waiting.push([one.path, one.last]);
          continue;
        }
        names.delete(one.path);
        await removeOthers(one.path, one.absent ? undefined : all);
      }
    }
  }

  async function placeFolder({ path, absent }: Listed): Promise<boolean> {
    if (absent) return false;
    await makeFolder(home, path);
    return true;
  }

  async function bringFiles({ path, files }: Listed): Promise<void> {
    const left = files.filter(([name]) => isName(name));
    const work = async () => {
      for (let one = left.pop(); one !== undefined; one = left.pop()) {
        const [name, ...look] = one;
        const file = joined(path, name);
        await shared(
          file,
          () => bring(file, look),
          () => bring(file),
        );
      }
    };
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, work));
  }

  /** What is not there any more goes here too; what is held on to stays. */
  async function removeOthers(path: string, there: ReadonlySet<string> | undefined): Promise<void> {
    const names = await readdir(join(home, path)).catch((error: unknown) => {
      if (isAbsent(error)) return [];
      throw error;
    });
    for (const name of names)
      if (!there?.has(name) && !(path === "" && name === HELD)) await removeTree(join(home, path, name));
  }

  return {
    async file(path) {
      if (segmentsOf(path) === undefined) return;
      await shared(path, () => bring(path));
    },
    async folder(path) {
      if (path !== "" && segmentsOf(path) === undefined) return;
      await shared(`${path}/`, () => bringFolder(path));
    },
  };
}

const nothing = (): void => {};
const joined = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);
const isName = (name: string): boolean => !name.includes("/") && segmentsOf(name) !== undefined;

async function lookHere(path: string): Promise<{ size: number; changed: number } | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? { size: found.size, changed: Math.floor(found.mtimeMs) } : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Makes the folder; a file that was there before it gives way. Nobody else writes here. */
async function makeFolder(home: string, path: string): Promise<void> {
  try {
    await mkdir(join(home, path), { recursive: true });
  } catch (error) {
    if (!hasCode(error, "EEXIST", "ENOTDIR")) throw error;
    let at = home;
    for (const name of path.split("/")) {
      at = join(at, name);
      const found = await lstat(at).catch(() => undefined);
      if (found !== undefined && !found.isDirectory()) await removeTree(at);
    }
    await mkdir(join(home, path), { recursive: true });
  }
}

/** For adding to; what is no file gives way. */
async function openHere(home: string, path: string): Promise<FileHandle> {
  await makeFolder(home, path.includes("/") ? dirname(path) : "");
  const at = join(home, path);
  const found = await lstat(at).catch(() => undefined);
  if (found !== undefined && !found.isFile()) await removeTree(at);
  return await open(at, found?.isFile() ? "r+" : "w", 0o600);
}

async function openPart(part: string): Promise<FileHandle> {
  await mkdir(dirname(part), { recursive: true });
  return await open(part, "wx", 0o600);
}

async function putInPlace(part: string, home: string, path: string): Promise<void> {
  await makeFolder(home, path.includes("/") ? dirname(path) : "");
  const at = join(home, path);
  const found = await lstat(at).catch(() => undefined);
  if (found?.isDirectory()) await removeTree(at);
  await rename(part, at);
}

async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}
