// Puts files into the folder of a run on another machine. What many runs share is named by its hash, and sent only where it is not there.
import { randomUUID } from "node:crypto";
import { MalachiteError } from "@malachite/core";
import type { FarHost } from "./farHost.ts";
import { FarRefused } from "./farLink.ts";
import { unavailable } from "./openSsh.ts";

export type FarEntry = { readonly path: string } & (
  | { readonly text: string }
  | {
      readonly sizeBytes: number;
      readonly executable?: boolean;
      readonly changedAt?: number;
      /** Of a content that many runs share. */
      readonly sha256?: string;
      read(): AsyncIterable<Uint8Array>;
    }
);
type FileEntry = Extract<FarEntry, { readonly sizeBytes: number }>;

const ENTRIES_AT_ONCE = 500;
const CONTENTS_AT_ONCE = 8;
const PIECE_BYTES = 1024 * 1024;
/** To copy or read large files takes as long as the disk there does; that the connection ends is told anyway. */
const UNHURRIED = {};

/** May be repeated, as long as nothing has begun. Throws EngineUnavailable, StorageFailed for a file that is damaged here. */
export async function pushFiles(
  host: FarHost,
  key: string,
  entries: AsyncIterable<FarEntry> | Iterable<FarEntry>,
  signal: AbortSignal,
): Promise<void> {
  let batch: FarEntry[] = [];
  const send = async () => {
    if (batch.length > 0) await pushBatch(host, key, batch, signal);
    batch = [];
  };
  for await (const entry of entries) {
    signal.throwIfAborted();
    batch.push(entry);
    if (batch.length >= ENTRIES_AT_ONCE) await send();
  }
  await send();
}

async function pushBatch(
  host: FarHost,
  key: string,
  batch: readonly FarEntry[],
  signal: AbortSignal,
): Promise<void> {
  const contents = new Map<string, FileEntry>();
  for (const entry of batch)
    if ("sizeBytes" in entry && entry.sha256 !== undefined) contents.set(entry.sha256, entry);
  // What is there may be taken away by another service of the same machine before it is placed: then it is sent again.
  for (let tries = 1; ; tries++) {
    try {
      await pushContents(host, key, contents, signal);
      const placed = batch.flatMap((entry) => placedBy(entry) ?? []);
      await host.ask("place", { key, entries: placed }, signal, UNHURRIED);
      break;
    } catch (error) {
      if (!(error instanceof FarRefused)) throw error;
      if (tries === 3 || !["missing", "damaged"].includes(error.code))
        throw unavailable(`${host.name}: the files of the run cannot be placed: ${error.message}`, error);
    }
  }
  for (const entry of batch)
    if ("sizeBytes" in entry && entry.sha256 === undefined) {
      const { path, executable, changedAt: changed } = entry;
      await pushBytes(entry, (from, bytes, last) =>
        host.ask("write", { key, path, from, last, executable, changed }, signal, {
          payload: bytes,
          deadlineMs: 60_000,
        }),
      );
    }
}

function placedBy(entry: FarEntry): object | undefined {
  if (!("sizeBytes" in entry)) return entry;
  const { path, sha256: sha, executable, changedAt: changed } = entry;
  return sha === undefined ? undefined : { path, sha, executable, changed };
}

async function pushContents(
  host: FarHost,
  key: string,
  contents: ReadonlyMap<string, FileEntry>,
  signal: AbortSignal,
): Promise<void> {
  if (contents.size === 0) return;
  const { header } = await host.ask("missing", { hashes: [...contents.keys()] }, signal);
  const left = (header.missing as string[]).filter((sha) => contents.has(sha));
  const work = async () => {
    for (let sha = left.pop(); sha !== undefined; sha = left.pop()) {
      const sender = randomUUID();
      await pushBytes(contents.get(sha) as FileEntry, (from, bytes, last) =>
        // The key: while something comes for the run, its place is not let go of.
        host.ask("put", { key, sha, sender, from, last }, signal, {
          payload: bytes,
          // The last of it is answered when all of it has been read over there.
          ...(last ? UNHURRIED : { deadlineMs: 60_000 }),
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: CONTENTS_AT_ONCE }, work));
}

async function pushBytes(
  entry: FileEntry,
  send: (from: number, bytes: Uint8Array, last: boolean) => Promise<unknown>,
): Promise<void> {
  let from = 0;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const flush = async (last: boolean) => {
    const bytes = Buffer.concat(held);
    await send(from, bytes, last);
    from += bytes.length;
    held = [];
    heldBytes = 0;
  };
  for await (const chunk of entry.read()) {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes >= PIECE_BYTES) await flush(false);
  }
  await flush(true);
  if (from !== entry.sizeBytes)
    throw new MalachiteError(
      "StorageFailed",
      `'${entry.path}' has ${from} bytes here and should have ${entry.sizeBytes}.`,
      {
        target: entry.path,
      },
    );
}
