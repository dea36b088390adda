// Sends files of a run to a storage: several at once, each checked by the storage, none of them twice.
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { isMalachiteError, type RunFolder, type Sent, type TellData } from "@malachite/core";
import { eachOf } from "../shared/eachOf.ts";
import { type Content, type FileStorage, StorageTrouble } from "./fileStorage.ts";
import { fits } from "./globs.ts";
import { patiently } from "./patience.ts";

const AT_ONCE = 4;
const PROGRESS_EVERY_MS = 5000;
const MOST_FAULTS = 100;

/** What is asked of the folder that is sent. */
export type SentFolder = Pick<RunFolder, "read" | "size"> & {
  list(under: string): AsyncIterable<{ readonly path: string; readonly sizeBytes: number }>;
};
type From = { readonly folder: SentFolder; readonly under: string };
type Ask = { readonly overwrite: boolean; readonly globs: readonly string[] };
type File = { readonly path: string; readonly relative: string; readonly sizeBytes: number };

/** `called`: how the storage is called in faults. Throws only what the signal says. */
export async function upload(
  from: From,
  storage: FileStorage,
  target: string,
  called: string,
  { overwrite, globs }: Ask,
  tell: TellData,
  signal: AbortSignal,
): Promise<Sent> {
  const faults: string[] = [];
  const seen = { files: 0, bytes: 0, told: Date.now() };
  const fault = (path: string, why: string): void => {
    tell(`not sent: ${path}: ${why}`);
    if (faults.length < MOST_FAULTS)
      faults.push(`The file '${path}' was not sent to the datastore '${called}': ${why}.`);
  };
  await eachOf(filesOf(from), AT_ONCE, signal, async (file, stop) => {
    if (!fits(file.relative, globs)) return;
    const path = target === "" ? file.relative : `${target}/${file.relative}`;
    try {
      const done = await sendFile(from.folder, file, storage, path, overwrite, stop);
      if (done === "there") {
        fault(path, "another file of that name is there, and overwrite is false");
        return;
      }
      seen.files += 1;
      seen.bytes += file.sizeBytes;
    } catch (error) {
      stop.throwIfAborted();
      fault(path, reasonOf(error));
    }
    if (Date.now() - seen.told < PROGRESS_EVERY_MS) return;
    seen.told = Date.now();
    tell(`${seen.files} files, ${seen.bytes} bytes so far.`);
  });
  return { files: seen.files, bytes: seen.bytes, faults };
}

const reasonOf = (error: unknown): string =>
  (error instanceof StorageTrouble || isMalachiteError(error) || error instanceof Error
    ? error.message
    : String(error)
  ).replace(/\.$/, "");

/** The files below a folder, or the one file that the path is. */
async function* filesOf({ folder, under }: From): AsyncGenerator<File> {
  const single = under === "" ? undefined : await folder.size(under);
  if (single !== undefined) {
    yield { path: under, relative: basename(under), sizeBytes: single };
    return;
  }
  for await (const { path, sizeBytes } of folder.list(under))
    yield { path, relative: under === "" ? path : path.slice(under.length + 1), sizeBytes };
}

async function sendFile(
  folder: SentFolder,
  { path, sizeBytes }: File,
  storage: FileStorage,
  target: string,
  overwrite: boolean,
  signal: AbortSignal,
): Promise<"sent" | "there"> {
  const content = contentOf(folder, path, sizeBytes);
  const written = await patiently(() => storage.write(target, content, overwrite, signal), signal);
  if (written === "sent") return "sent";
  return (await isSame(content, storage, target, signal)) ? "sent" : "there";
}

function contentOf(folder: SentFolder, path: string, sizeBytes: number): Content {
  return {
    sizeBytes,
    async *read(from, to) {
      let left = to - from;
      if (left === 0) return;
      for await (const chunk of folder.read(path, from)) {
        const piece = chunk.byteLength > left ? chunk.subarray(0, left) : chunk;
        left -= piece.byteLength;
        yield piece;
        if (left === 0) return;
      }
      throw new StorageTrouble("refused", "it became shorter while it was sent");
    },
  };
}

/** Sent by an earlier try, or the same anyway. */
async function isSame(
  content: Content,
  storage: FileStorage,
  target: string,
  signal: AbortSignal,
): Promise<boolean> {
  const there = await patiently(() => storage.find(target, signal), signal);
  if (there === undefined || there.sizeBytes !== content.sizeBytes) return false;
  const own = await md5Of(content.read(0, content.sizeBytes));
  return own === (there.md5 ?? (await md5Of(storage.read(there, 0, signal))));
}

async function md5Of(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const sum = createHash("md5");
  for await (const chunk of stream) sum.update(chunk);
  return sum.digest("base64");
}
