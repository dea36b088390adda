// Fetches files of a storage into a folder: several at once, each checked, and gone on with where an earlier try was cut.
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rename, rm, statfs, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { checkProjectPath, type DataSource, MalachiteError, type TellData } from "@malachite/core";
import { hasCode, onStorage } from "../../files/index.ts";
import { eachOf } from "../shared/eachOf.ts";
import { type FileStorage, StorageTrouble, type StoredFile } from "./fileStorage.ts";
import { patiently } from "./patience.ts";

const AT_ONCE = 8;
const PROGRESS_EVERY_MS = 5000;
/** How often a file that changes while it comes, or does not have its sum, is begun anew. */
const MOST_STARTS = 3;
/** What must stay free on the disk. */
const SPARE_BYTES = 64 * 1024 * 1024;
/** A file of the web without a length may not fill the disk. */
const MOST_UNTOLD_BYTES = 64 * 1024 ** 3;

type Into = {
  /** The files' own folder. */
  readonly folder: string;
  /** Files that have not come whole; on the same file system. */
  readonly parts: string;
};

export type Fetched = DataSource & {
  readonly files: number;
  readonly bytes: number;
  /** What cannot be a file here, in words. */
  readonly passedOver: readonly string[];
};

/** Throws DataUnreachable, StorageFailed. */
export async function download(
  storage: FileStorage,
  path: string,
  into: Into,
  tell: TellData,
  signal: AbortSignal,
): Promise<Fetched> {
  await onStorage("Keeping data", async () => {
    await mkdir(into.folder, { recursive: true });
    await mkdir(into.parts, { recursive: true });
  });
  const passedOver: string[] = [];
  const seen = { files: 0, bytes: 0, told: Date.now() };
  const take = async (file: StoredFile, relative: string, stop: AbortSignal): Promise<void> => {
    const bytes = await fetchFile(storage, file, relative, into, stop);
    if (bytes === undefined) {
      passedOver.push(`${JSON.stringify(file.path)}: a file or folder of that name has come already`);
      return;
    }
    seen.files += 1;
    seen.bytes += bytes;
    if (Date.now() - seen.told < PROGRESS_EVERY_MS) return;
    seen.told = Date.now();
    tell(`${seen.files} files, ${seen.bytes} bytes so far.`);
  };
  const single = path === "" ? undefined : await patiently(() => storage.find(path, signal), signal);
  if (single) {
    const name = fileName(single.path);
    await take(single, name, signal);
    await rm(into.parts, { recursive: true, force: true });
    return { source: join(into.folder, name), file: name, files: seen.files, bytes: seen.bytes, passedOver };
  }
  const files = storage.list(path, signal);
  await eachOf(files, AT_ONCE, signal, async (file, stop) => {
    const relative = path === "" ? file.path : file.path.slice(path.length + 1);
    // The marks that some tools leave for folders.
    if ((relative === "" || relative.endsWith("/")) && file.sizeBytes === 0) return;
    const checked = checkProjectPath(relative);
    if (checked.ok) await take(file, relative, stop);
    else passedOver.push(`${JSON.stringify(file.path)} cannot be a file: ${checked.reason}`);
  });
  await rm(into.parts, { recursive: true, force: true });
  for (const line of passedOver.slice(0, 100)) tell(`passed over ${line}`);
  return { source: into.folder, files: seen.files, bytes: seen.bytes, passedOver };
}

/** The last name of a path or URI, as a file can have it. */
function fileName(path: string): string {
  const last = basename(URL.canParse(path) && path.includes("://") ? decoded(new URL(path).pathname) : path);
  return checkProjectPath(last).ok && !last.includes("/") ? last : "file";
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Its size; undefined when something else has its place. */
async function fetchFile(
  storage: FileStorage,
  listed: StoredFile,
  relative: string,
  { folder, parts }: Into,
  signal: AbortSignal,
): Promise<number | undefined> {
  const target = join(folder, relative);
  if (await isThere(target, listed)) return listed.sizeBytes ?? 0;
  const part = join(parts, createHash("sha256").update(relative).digest("hex"));
  let file = listed;
  for (let starts = 1; ; starts += 1) {
    try {
      const bytes = await fetchVersion(storage, file, part, signal);
      const { changedAt } = file;
      const kept = await onStorage("Keeping data", async () => {
        if (changedAt !== undefined)
          await utimes(`${part}-${tagOf(file)}`, changedAt / 1000, changedAt / 1000);
        return await place(`${part}-${tagOf(file)}`, target);
      });
      return kept ? bytes : undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof StorageTrouble)) throw error;
      if (error.kind !== "changed" || starts === MOST_STARTS)
        throw new MalachiteError("DataUnreachable", `${error.message}.`, { cause: error });
      file = (await patiently(() => storage.find(listed.path, signal), signal)) ?? file;
    }
  }
}

/** Fetched by an earlier try: known by size and time, which a file has only when all of it has come. */
async function isThere(target: string, { sizeBytes, changedAt }: StoredFile): Promise<boolean> {
  if (sizeBytes === undefined || changedAt === undefined) return false;
  const found = await lstat(target).catch(() => undefined);
  return found?.isFile() === true && found.size === sizeBytes && Math.abs(found.mtimeMs - changedAt) < 1;
}

async function place(part: string, target: string): Promise<boolean> {
  try {
    await mkdir(dirname(target), { recursive: true });
    await rename(part, target);
    return true;
  } catch (error) {
    if (!hasCode(error, "EEXIST", "ENOTDIR", "EISDIR", "ENOTEMPTY")) throw error;
    await rm(part, { force: true });
    return false;
  }
}

/** Bytes of another version never go on from these. */
const tagOf = ({ version, sizeBytes, changedAt }: StoredFile): string =>
  createHash("sha256")
    .update(JSON.stringify([version ?? null, sizeBytes ?? null, changedAt ?? null]))
    .digest("hex")
    .slice(0, 24);

async function fetchVersion(
  storage: FileStorage,
  file: StoredFile,
  part: string,
  signal: AbortSignal,
): Promise<number> {
  const { O_RDWR, O_CREAT } = constants;
  await using handle = await onStorage("Keeping data", () =>
    open(`${part}-${tagOf(file)}`, O_RDWR | O_CREAT, 0o644),
  );
  const { sizeBytes } = file;
  // Without a version or a length nobody knows whether more of it would be more of the same.
  const resumable = sizeBytes !== undefined && file.version !== undefined;
  let { size } = await handle.stat();
  if (!resumable || size > sizeBytes) {
    await handle.truncate(0);
    size = 0;
  }
  await haveRoom(part, (sizeBytes ?? 0) - size);
  const sum = file.md5 === undefined ? undefined : await summed(handle, size);
  let at = size;
  await patiently(
    async () => {
      if (at === sizeBytes) return;
      if (!resumable && at > 0) throw new StorageTrouble("changed", `${file.path} was cut short`);
      for await (const chunk of storage.read(file, at, signal)) {
        signal.throwIfAborted();
        if (at + chunk.byteLength > (sizeBytes ?? MOST_UNTOLD_BYTES))
          throw new StorageTrouble("changed", `${file.path} is longer than was told`);
        await onStorage("Keeping data", () => writeAll(handle, chunk, at));
        sum?.update(chunk);
        at += chunk.byteLength;
      }
      if (sizeBytes !== undefined && at < sizeBytes)
        throw new StorageTrouble("again", `${file.path} was cut at ${at} of ${sizeBytes} bytes`);
    },
    signal,
    () => at,
  );
  if (sum && sum.digest("base64") !== file.md5) {
    await handle.truncate(0);
    throw new StorageTrouble("changed", `${file.path} does not have the MD5 that its storage tells of it`);
  }
  await onStorage("Keeping data", () => handle.datasync());
  return at;
}

async function haveRoom(part: string, bytes: number): Promise<void> {
  if (bytes <= 0) return;
  const { bavail, bsize } = await statfs(dirname(part));
  const free = bavail * bsize;
  if (bytes + SPARE_BYTES <= free) return;
  throw new MalachiteError(
    "StorageFailed",
    `A file of ${bytes} bytes does not fit on the disk: ${free} bytes are free.`,
  );
}

async function summed(handle: FileHandle, size: number): Promise<Hash> {
  const sum = createHash("md5");
  const buffer = Buffer.allocUnsafe(256 * 1024);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at);
    if (bytesRead === 0) break;
    sum.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return sum;
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < chunk.byteLength; )
    done += (await handle.write(chunk, done, chunk.byteLength - done, at + done)).bytesWritten;
}
