// What a launch is made of, for a machine that sees nothing of this one: a listing, a JSON line for each file, and their contents one
// after the other. Nothing is copied for it but what may change: contents are read from where they lie when they are asked for.
import { createReadStream } from "node:fs";
import { mkdir, open, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  AWAY_FILES,
  type Launch,
  type LaunchPlan,
  launchFiles,
  MalachiteError,
  type ParcelContent,
  RUN_FOLDER,
  type SnapshotStore,
} from "@malachite/core";
import { readRange, syncFolder } from "../../../files/index.ts";
import { openFileInside } from "../shared/openInside.ts";
import type { RunPlacer } from "../shared/prepareFolder.ts";
import { fileIn, foldersUnder, namesIn } from "../shared/readFolder.ts";
import { syncTree } from "../shared/syncTree.ts";
import { jobText } from "./job.ts";

/**
 * A line of a listing. `path` is in the run's folder; `sha256` is there for what many runs share. The rest says where the bytes are
 * here: in the snapshot store by their hash, in the parcel's own folder, or in the data of a mount.
 */
type Entry = {
  readonly path: string;
  readonly bytes: number;
  readonly executable?: true;
  readonly sha256?: string;
  readonly changedAt?: number;
  readonly own?: string;
  readonly data?: readonly [mount: number, path: string];
};

const LISTING = "listing.jsonl";
/** Where the data of each mount lies on this machine. */
const MOUNTS = "mounts.json";
/** In the run's folder: the data of a mount, which links of the run lead to. */
const dataPath = (mount: number): string => `.data/${mount}`;

export type ParcelSources = {
  readonly placer: Pick<RunPlacer, "placeFiles">;
  readonly snapshots: Pick<SnapshotStore, "files" | "read">;
  /** Whom code inside a run trusts, where there is a file of them. */
  readonly caBundle?: string;
};

/** Writes the parcel into a folder that is there, durably. May be repeated: what is there with its end is whole. */
export async function makeParcel(
  folder: string,
  launch: Launch,
  { placer, snapshots, caBundle }: ParcelSources,
  signal: AbortSignal,
): Promise<void> {
  const { plan } = launch;
  if (await hasEnd(join(folder, LISTING))) return;
  const own = join(folder, "own");
  await mkdir(join(own, "files"), { recursive: true });
  const restored = join(own, "restored");
  if (plan.restored !== undefined) await placer.placeFiles(plan.restored, restored, signal);
  const small = [
    { path: "job.json", text: jobText(plan, await kindsOf(plan)) },
    // That of a group holds marks which only the far machine knows: it is part of the job.
    ...launchFiles(plan).filter(({ path }) => path !== RUN_FOLDER.group),
  ];
  for (const { path, text } of small) await writeFile(join(own, "files", path), text);
  const sources = (plan.mounts ?? []).map(({ source }) => source);
  await writeFile(join(folder, MOUNTS), JSON.stringify(sources));
  const beside = join(folder, `${LISTING}.new`);
  const file = await open(beside, "w", 0o600);
  try {
    const listing = new ListingWriter((text) => file.write(text));
    for await (const entry of ownFiles(own, "files", "")) await listing.add(entry);
    if (caBundle !== undefined)
      await listing.add({ path: AWAY_FILES.caBundle, bytes: (await stat(caBundle)).size, own: "" });
    if (plan.tree !== undefined)
      for await (const { path, sizeBytes, sha256, executable } of snapshots.files(plan.tree)) {
        signal.throwIfAborted();
        await listing.add({
          path: `${RUN_FOLDER.project}/${path}`,
          bytes: sizeBytes,
          sha256,
          ...(executable ? { executable } : {}),
        });
      }
    for await (const entry of ownFiles(own, "restored", `${RUN_FOLDER.project}/`)) await listing.add(entry);
    for await (const entry of dataFiles(plan, signal)) await listing.add(entry);
    await listing.end();
  } finally {
    await file.close();
  }
  // All that the listing tells of, and itself, before it has the name that says so.
  await syncTree(folder);
  await rename(beside, join(folder, LISTING));
  await syncFolder(folder);
}

const kindsOf = ({ mounts = [] }: LaunchPlan): Promise<readonly ("folder" | "file")[]> =>
  Promise.all(mounts.map(async ({ source }) => ((await stat(source)).isDirectory() ? "folder" : "file")));

/** A machine that loses its power may keep the name of a file, and less of it than was written. */
async function hasEnd(listing: string): Promise<boolean> {
  const size = await stat(listing).then(
    (found) => found.size,
    () => 0,
  );
  if (size === 0) return false;
  let tail = "";
  for await (const chunk of readRange(await open(listing), Math.max(0, size - END_BYTES), size))
    tail += Buffer.from(chunk).toString("latin1");
  return /(^|\n)\{"end":true,[^\n]*\}\n$/.test(tail);
}

/** The last line is shorter. */
const END_BYTES = 200;

/** Readers of lines take these for ends of lines too, and JSON writes them plainly. */
const lineOf = (entry: Entry): string =>
  JSON.stringify(entry).replace(/[\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16)}`);

/** Writes many lines at once. */
class ListingWriter {
  readonly #write: (text: string) => Promise<unknown>;
  #lines: string[] = [];
  #files = 0;
  #bytes = 0;

  constructor(write: (text: string) => Promise<unknown>) {
    this.#write = write;
  }

  async add(entry: Entry): Promise<void> {
    this.#lines.push(lineOf(entry));
    this.#files += 1;
    this.#bytes += entry.bytes;
    if (this.#lines.length >= 1_000) await this.#flush();
  }

  /** The last line tells that it is all. */
  async end(): Promise<void> {
    this.#lines.push(JSON.stringify({ end: true, files: this.#files, bytes: this.#bytes }));
    await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#write(`${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }
}

async function* ownFiles(own: string, folder: string, prefix: string): AsyncGenerator<Entry> {
  for await (const { path, file } of filesUnder(join(own, folder)))
    yield {
      path: `${prefix}${path}`,
      bytes: file.sizeBytes,
      own: `${folder}/${path}`,
      ...(folder === "restored" ? { changedAt: file.changedAt } : {}),
    };
}

async function* dataFiles({ mounts = [] }: LaunchPlan, signal: AbortSignal): AsyncGenerator<Entry> {
  for (const [mount, { source }] of mounts.entries()) {
    const found = await stat(source);
    if (!found.isDirectory()) {
      yield { path: dataPath(mount), bytes: found.size, data: [mount, ""] };
      continue;
    }
    for await (const { path, file } of filesUnder(source)) {
      signal.throwIfAborted();
      yield { path: `${dataPath(mount)}/${path}`, bytes: file.sizeBytes, data: [mount, path] };
    }
  }
}

async function* filesUnder(root: string) {
  for await (const { folder, segments } of foldersUnder(root, ""))
    for (const name of (await namesIn(folder)).files) {
      const file = await fileIn(folder, name);
      if (file !== undefined) yield { path: [...segments, name].join("/"), file };
    }
}

/** Where in a listing the contents begin of each so many files. */
const INDEXED_EVERY = 512;

type Index = { readonly sizeBytes: number; readonly marks: readonly { offset: number; byte: number }[] };

/** The contents of a parcel; undefined where there is none. */
export async function openParcel(
  folder: string,
  { snapshots, caBundle }: Pick<ParcelSources, "snapshots" | "caBundle">,
): Promise<ParcelContent | undefined> {
  const listing = listingPath(folder);
  const found = await stat(listing).catch(() => undefined);
  if (found === undefined) return undefined;
  const index = await indexOf(listing, found.mtimeMs);
  const mounts = JSON.parse(await readText(join(folder, MOUNTS))) as readonly string[];

  async function* bytesOf(entry: Entry, from: number, to: number): AsyncGenerator<Uint8Array> {
    const { path, bytes, sha256, own, data } = entry;
    if (own === undefined && data === undefined && sha256 !== undefined) {
      yield* snapshots.read({ path, sizeBytes: bytes, sha256 }, from, to);
      return;
    }
    const [root, inside] =
      own === ""
        ? [caBundle ?? "", ""]
        : own !== undefined
          ? [join(folder, "own"), own]
          : [mounts[data?.[0] ?? -1] ?? "", data?.[1] ?? ""];
    const handle = inside === "" ? await open(root) : await openFileInside(root, inside);
    if (handle === undefined) throw lost(path);
    yield* readRange(handle, from, to);
  }

  return {
    sizeBytes: index.sizeBytes,
    async *read(from, to) {
      let mark = { offset: 0, byte: 0 };
      for (const one of index.marks) if (one.offset <= from) mark = one;
      let offset = mark.offset;
      for await (const entry of entriesOf(listing, mark.byte)) {
        if (offset >= to) return;
        const [begin, end] = [Math.max(0, from - offset), Math.min(entry.bytes, to - offset)];
        if (begin < end) {
          let left = end - begin;
          for await (const chunk of bytesOf(entry, begin, end)) {
            left -= chunk.byteLength;
            yield chunk;
          }
          if (left !== 0) throw lost(entry.path);
        }
        offset += entry.bytes;
      }
    },
  };
}

export const listingPath = (folder: string): string => join(folder, LISTING);

const lost = (path: string): MalachiteError =>
  new MalachiteError(
    "StorageFailed",
    `What the run was to be given as '${path}' is not whole here any more.`,
  );

/** The last few that were asked for: a parcel is fetched in ranges. A listing changes only where it is made anew for the same key. */
const indexes = new Map<string, Promise<Index>>();
const INDEXES_KEPT = 32;

function indexOf(listing: string, madeAt: number): Promise<Index> {
  const name = `${listing} ${madeAt}`;
  const index = indexes.get(name) ?? makeIndex(listing);
  indexes.delete(name);
  indexes.set(name, index);
  index.catch(() => indexes.delete(name));
  for (const oldest of indexes.keys()) {
    if (indexes.size <= INDEXES_KEPT) break;
    indexes.delete(oldest);
  }
  return index;
}

async function makeIndex(listing: string): Promise<Index> {
  const marks: { offset: number; byte: number }[] = [];
  let [offset, byte, count] = [0, 0, 0];
  for await (const line of linesOf(listing, 0)) {
    const entry = JSON.parse(line) as Entry & { end?: true };
    if (entry.end) break;
    if (count % INDEXED_EVERY === 0) marks.push({ offset, byte });
    offset += entry.bytes;
    byte += Buffer.byteLength(line) + 1;
    count += 1;
  }
  return { sizeBytes: offset, marks };
}

async function* entriesOf(listing: string, byte: number): AsyncGenerator<Entry> {
  for await (const line of linesOf(listing, byte)) {
    const entry = JSON.parse(line) as Entry & { end?: true };
    if (entry.end) return;
    yield entry;
  }
}

async function* linesOf(path: string, start: number): AsyncGenerator<string> {
  const stream = createReadStream(path, { start });
  try {
    yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  } finally {
    stream.destroy();
  }
}

async function readText(path: string): Promise<string> {
  await using file = await open(path);
  return file.readFile("utf8");
}
