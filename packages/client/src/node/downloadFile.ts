// One file of a run, whole, however often the connection is cut.
import { type FileHandle, open, readFile, rm, writeFile } from "node:fs/promises";
import type { AbortSignalLike } from "@azure/abort-controller";
import { delay, isAbortError, throwIfAborted } from "../abort.ts";
import { isRestError } from "../errors.ts";
import type { ArtifactDownload, RunArtifacts } from "../runArtifacts.ts";
import { chunksOf } from "../transport/byteStream.ts";
import { mayPass } from "../transport/retry.ts";

/** How often in a row a connection may bring nothing before the file is given up. */
const FRUITLESS = 5;

/**
 * Downloads a file to `partial`. What is there from an earlier call is gone on with when the server still has the version it
 * is of, which is noted beside it (`partial` + ".etag"). Resolves to the size of the whole file. Throws RestError when the
 * server refuses, or cannot be reached several times in a row.
 */
export async function downloadFile(
  artifacts: RunArtifacts,
  path: string,
  partial: string,
  abortSignal: AbortSignalLike,
  onBytes: (count: number) => void,
): Promise<number> {
  await using file = await open(partial, "a+");
  const version = await openVersion(`${partial}.etag`);
  let fruitless = 0;
  for (;;) {
    throwIfAborted(abortSignal);
    const { size: before } = await file.stat();
    let failure: unknown = new Error(`The download of ${path} is cut off again and again.`);
    try {
      const whole = await receive({ artifacts, path, file, version, abortSignal, onBytes }, before);
      if (whole !== undefined) {
        await version.forget();
        return whole;
      }
    } catch (error) {
      if (isAbortError(error) || !mayBeRepeated(error)) throw error;
      failure = error;
    }
    fruitless = (await file.stat()).size > before ? 0 : fruitless + 1;
    if (fruitless >= FRUITLESS) throw failure;
    await delay(100 * 2 ** fruitless, abortSignal);
  }
}

/** The version which the bytes in the partial file are of. */
type Version = {
  etag: string | undefined;
  note(etag: string | undefined): Promise<void>;
  forget(): Promise<void>;
};

async function openVersion(file: string): Promise<Version> {
  // Without the note the file is begun anew.
  const noted = await readFile(file, "utf8").catch(() => "");
  const version: Version = {
    etag: noted || undefined,
    async note(etag) {
      version.etag = etag;
      await (etag === undefined ? rm(file, { force: true }) : writeFile(file, etag));
    },
    forget: () => rm(file, { force: true }),
  };
  return version;
}

type Receipt = {
  readonly artifacts: RunArtifacts;
  readonly path: string;
  readonly file: FileHandle;
  readonly version: Version;
  readonly abortSignal: AbortSignalLike;
  readonly onBytes: (count: number) => void;
};

/** One connection. The size of the file if it is whole now, undefined if the connection brought too little. */
async function receive(receipt: Receipt, before: number): Promise<number | undefined> {
  const { artifacts, path, file, version, abortSignal, onBytes } = receipt;
  // Bytes of which nobody knows the version are worth nothing.
  const have = version.etag === undefined ? 0 : before;
  if (have < before) await file.truncate(0);
  let download: ArtifactDownload;
  try {
    download = await artifacts.download(path, { offset: have, ifRange: version.etag, abortSignal });
  } catch (error) {
    const total = sizeIn416(error);
    if (total === undefined) throw error;
    // All is here already; or what is here is longer than the file, and so of another version.
    if (total === have) return have;
    await startAnew(receipt);
    return undefined;
  }
  const continues = download.offset === have && download.offset > 0;
  if (continues ? download.etag !== version.etag : download.offset !== 0) {
    await download.stream.cancel();
    await startAnew(receipt);
    return undefined;
  }
  if (!continues) {
    await file.truncate(0);
    // A weak tag does not promise the same bytes.
    await version.note(download.etag?.startsWith("W/") ? undefined : download.etag);
  }
  let at = download.offset;
  for await (const chunk of chunksOf(download.stream)) {
    throwIfAborted(abortSignal);
    await file.appendFile(chunk);
    at += chunk.byteLength;
    onBytes(chunk.byteLength);
  }
  const { totalLength } = download;
  return totalLength === undefined || at === totalLength ? at : undefined;
}

async function startAnew({ file, version }: Receipt): Promise<void> {
  await file.truncate(0);
  await version.note(undefined);
}

/** The size of the file as a 416 tells it: `bytes * /SIZE`. */
function sizeIn416(error: unknown): number | undefined {
  if (!isRestError(error) || error.statusCode !== 416) return undefined;
  const size = /^bytes \*\/(\d+)$/.exec(error.response?.headers.get("content-range") ?? "");
  return size ? Number(size[1]) : undefined;
}

/** A body that is cut off fails with the plain errors of the platform's streams. */
function mayBeRepeated(error: unknown): boolean {
  if (isRestError(error)) return mayPass(error);
  const { code } = error as NodeJS.ErrnoException;
  const cut = ["ECONNRESET", "ETIMEDOUT", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"];
  return cut.includes(code ?? "");
}
