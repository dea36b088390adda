// Remembers the hashes of files that have not changed, so that a folder submitted again is not read again. Only for speed:
// whatever is wrong with the cache, the files are read.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { FoundFile } from "./walk.ts";

type State = FoundFile["state"];
type Row = [path: string, size: string, mtimeNs: string, ctimeNs: string, ino: string, sha256: string];

/**
 * A file that was changed so shortly before it was read may change again without its times telling (FAT counts in two
 * seconds). Such a hash is not kept.
 */
const RACY_MS = 2_000;
const UNUSED_MS = 60 * 24 * 3_600_000;
const VERSION = 1;

export interface HashCache {
  /** The hash of the file, if it is known and the file is in the state it was hashed in. */
  get(path: string, state: State): string | undefined;
  /** Notes a hash. `beganAt` is when the reading of the file began, in milliseconds. */
  put(path: string, state: State, sha256: string, beganAt: number): void;
  /** Writes the entries used since it was opened, by rename: of several writers the last one wins, and each is right. */
  save(): Promise<void>;
}

/** The folder of this user for such caches; undefined where the user has no home. */
export function defaultCacheFolder(): string | undefined {
  let home: string;
  try {
    home = homedir();
  } catch {
    return undefined; // A user without a home has no cache.
  }
  if (process.platform === "win32") return join(home, "AppData", "Local", "malachite", "hashes");
  if (process.platform === "darwin") return join(home, "Library", "Caches", "malachite", "hashes");
  return join(home, ".cache", "malachite", "hashes");
}

/** The cache of one project folder (its real path), kept in one file of `cacheFolder`. Never throws. */
export async function openHashCache(root: string, cacheFolder: string): Promise<HashCache> {
  const file = join(cacheFolder, `${createHash("sha256").update(root).digest("hex").slice(0, 32)}.json`);
  const known = await readRows(file);
  const used = new Map<string, Row>();
  let changed = false;
  return {
    get(path, state) {
      const row = known.get(path);
      if (!row || !isOf(row, state)) return undefined;
      used.set(path, row);
      return row[5];
    },
    put(path, state, sha256, beganAt) {
      const changedAt = Math.max(Number(state.mtimeNs), Number(state.ctimeNs)) / 1e6;
      if (changedAt >= beganAt - RACY_MS) return;
      used.set(path, [path, `${state.size}`, `${state.mtimeNs}`, `${state.ctimeNs}`, `${state.ino}`, sha256]);
      changed = true;
    },
    async save() {
      if (!changed && used.size === known.size) return;
      try {
        await write(cacheFolder, file, [...used.values()]);
      } catch {
        // A read-only or full disk costs the next submission some time and nothing else.
      }
    },
  };
}

const isOf = (row: Row, state: State): boolean =>
  row[1] === `${state.size}` &&
  row[2] === `${state.mtimeNs}` &&
  row[3] === `${state.ctimeNs}` &&
  row[4] === `${state.ino}`;

async function readRows(file: string): Promise<Map<string, Row>> {
  try {
    const { version, files } = JSON.parse(await readFile(file, "utf8"));
    if (version !== VERSION || !Array.isArray(files)) return new Map();
    return new Map(files.filter(isRow).map((row) => [row[0], row]));
  } catch {
    return new Map(); // Not there, or not readable: then nothing is known.
  }
}

const isRow = (row: unknown): row is Row =>
  Array.isArray(row) &&
  row.length === 6 &&
  row.every((value) => typeof value === "string") &&
  /^[0-9a-f]{64}$/.test(row[5] as string);

async function write(cacheFolder: string, file: string, files: readonly Row[]): Promise<void> {
  await mkdir(cacheFolder, { recursive: true, mode: 0o700 });
  const temporary = join(cacheFolder, `${randomUUID()}.tmp`);
  try {
    await writeFile(temporary, JSON.stringify({ version: VERSION, files }), { mode: 0o600 });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await removeUnused(cacheFolder);
}

/** Projects come and go; their caches, and what a killed writer left, must not stay for ever. */
async function removeUnused(cacheFolder: string): Promise<void> {
  const oldest = Date.now() - UNUSED_MS;
  for (const name of await readdir(cacheFolder)) {
    if (!/\.(json|tmp)$/.test(name)) continue;
    const path = join(cacheFolder, name);
    const { mtimeMs } = await stat(path);
    if (mtimeMs < oldest) await rm(path, { force: true });
  }
}
