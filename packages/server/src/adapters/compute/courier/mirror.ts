// The run's folder as it is at home: what a courier sends comes to the same path. Only the service writes here, so what is in the way
// of a file is an earlier state of the run, never a trap; all paths are opened without following links all the same.
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { MalachiteError, RUN_FOLDER, START_FILES, type TakenPiece } from "@malachite/core";
import {
  enterFolder,
  hasCode,
  type OpenFolder,
  openFolder,
  openRegular,
  removeTree,
  syncFolder,
} from "../../../files/index.ts";
import { createLines } from "../shared/inLine.ts";
import { segmentsOf } from "../shared/openInside.ts";
import { fileIn, foldersUnder, MAX_DEPTH, namesIn } from "../shared/readFolder.ts";
import { exists, readSmallFile } from "../shared/smallFiles.ts";
import { syncTree } from "../shared/syncTree.ts";
import { PLACE_FILE, STAGE_FILE } from "./nodes.ts";
import { type Piece, type PieceHead, readPieces } from "./pieces.ts";

/** Beside the claim, for engines that may start a job a second time: written by a courier. */
export const ENGINE_FILES = {
  /** The engine has asked the run to end. */
  asked: "asked",
  /** The engine has started the job again after a courier had begun; this start did nothing. */
  again: "again",
} as const;
/** Folders of the run's folder that come home. */
const FOLDERS: ReadonlySet<string> = new Set(["user_logs", "project", "data", "azureml-logs"]);
/** Small files beside them, each always sent whole. */
const SMALL: ReadonlySet<string> = new Set([
  RUN_FOLDER.exit,
  RUN_FOLDER.groupExit,
  START_FILES.pids,
  START_FILES.claim,
  STAGE_FILE,
  PLACE_FILE,
  ...Object.values(ENGINE_FILES),
]);
const SMALL_BYTES = 64 * 1024;
/** Where a file lies that comes in place of another, until it is whole. */
const INCOMING = ".incoming";

const { O_WRONLY, O_CREAT, O_EXCL } = constants;

export type Mirror = {
  /** See Courier.take. `root`: the folder, which is there. */
  take(root: string, stream: AsyncIterable<Uint8Array>): Promise<readonly TakenPiece[]>;
  /** See Courier.home. */
  files(root: string): AsyncIterable<Uint8Array>;
};

export function createMirror(): Mirror {
  const inLine = createLines();
  let serial = 0;

  async function take(root: string, stream: AsyncIterable<Uint8Array>): Promise<readonly TakenPiece[]> {
    const taken: TakenPiece[] = [];
    await using folders = new FolderInHand(root);
    for await (const piece of readPieces(stream)) {
      const segments = placeOf(piece.head);
      // Asked for each: the exit record ends it for everyone who still sends.
      if (await exists(join(root, RUN_FOLDER.exit))) {
        if (piece.head.path !== RUN_FOLDER.exit)
          throw new MalachiteError(
            "LaunchEnded",
            "The exit record of this launch is here: nothing more is taken of it.",
            { target: piece.head.path },
          );
        taken.push({ path: piece.head.path, sizeBytes: piece.head.bytes, taken: true });
        continue;
      }
      taken.push(await takePiece(root, segments, piece, folders));
    }
    return taken;
  }

  async function takePiece(
    root: string,
    segments: readonly string[],
    { head, bytes }: Piece,
    folders: FolderInHand,
  ): Promise<TakenPiece> {
    const { path, from, bytes: length, anew, gone } = head;
    const folder = await folders.open(segments.slice(0, -1));
    const at = folder.at(segments.at(-1) as string);
    if (path === START_FILES.claim) return takeClaim(root, at, head, bytes);
    if (gone) {
      await unlink(at).catch(ignoring("ENOENT", "EISDIR", "EPERM"));
      return { path, sizeBytes: 0, taken: true };
    }
    if (anew || segments.length === 1) {
      serial += 1;
      const beside = join(root, INCOMING, `${process.pid}-${serial}`);
      await mkdir(join(root, INCOMING), { recursive: true });
      const file = await openRegular(beside, O_WRONLY | O_CREAT | O_EXCL, 0o600);
      try {
        await writeAll(file, bytes);
        await file.close();
        // Whoever has sent the exit record throws the run's files away over there: they must not be lost here any more.
        if (path === RUN_FOLDER.exit) await syncTree(root);
        await inLine(root, () => putInPlace(beside, at));
        if (path === RUN_FOLDER.exit) await folder.sync();
      } catch (error) {
        await file.close().catch(() => {});
        await unlink(beside).catch(() => {});
        throw error;
      }
      return { path, sizeBytes: length, taken: true };
    }
    const file = await openForPiece(at);
    try {
      let offset = from;
      // Under a lock for each write, with a look at the size: an earlier request of the same piece may still be going on.
      const write = (chunk: Uint8Array): Promise<number | undefined> =>
        inLine(root, async () => {
          const { size } = await file.stat();
          if (size !== offset) return size;
          await writeFully(file, chunk, offset);
          offset += chunk.byteLength;
          return undefined;
        });
      if (length === 0) return { path, sizeBytes: (await file.stat()).size, taken: true };
      for await (const chunk of bytes) {
        const elsewhere = await write(chunk);
        if (elsewhere !== undefined) return { path, sizeBytes: elsewhere, taken: false };
      }
      return { path, sizeBytes: offset, taken: true };
    } finally {
      await file.close();
    }
  }

  /** Of all that ask for it the first one has it, and has it again when it asks again. */
  async function takeClaim(
    root: string,
    at: string,
    { path, bytes: length }: PieceHead,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<TakenPiece> {
    const name = Buffer.alloc(length);
    let filled = 0;
    for await (const chunk of bytes) {
      name.set(chunk, filled);
      filled += chunk.byteLength;
    }
    serial += 1;
    const beside = join(root, INCOMING, `${process.pid}-${serial}`);
    await mkdir(join(root, INCOMING), { recursive: true });
    const file = await openRegular(beside, O_WRONLY | O_CREAT | O_EXCL, 0o600);
    try {
      await writeFully(file, name, 0);
      await file.sync();
      // A link is made or it is not, whoever else is at it: another server, or a service that gives the launch up.
      await link(beside, at).catch(ignoring("EEXIST"));
      await syncFolder(root);
    } finally {
      await file.close();
      await unlink(beside).catch(() => {});
    }
    return { path, sizeBytes: length, taken: (await readSmallFile(root, path)) === name.toString("utf8") };
  }

  return { take, files };
}

/** Throws BadPath for what does not come home. */
function placeOf({ path, bytes }: PieceHead): readonly string[] {
  const segments = segmentsOf(path);
  const [first = ""] = segments ?? [];
  const fits =
    segments !== undefined &&
    segments.length <= MAX_DEPTH &&
    (segments.length === 1 ? SMALL.has(first) && bytes <= SMALL_BYTES : FOLDERS.has(first));
  if (fits) return segments;
  throw new MalachiteError(
    "BadPath",
    `${JSON.stringify(path.slice(0, 200))} is no file that a run sends home.`,
    {
      target: "path",
    },
  );
}

/** The folder of the last piece stays open: many small files lie in one. */
class FolderInHand implements AsyncDisposable {
  readonly #root: string;
  #segments: string | undefined;
  #folder: OpenFolder | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  async open(segments: readonly string[]): Promise<OpenFolder> {
    const name = segments.join("/");
    if (this.#folder !== undefined && this.#segments === name) return this.#folder;
    await this[Symbol.asyncDispose]();
    let folder = await openFolder(this.#root);
    for (const segment of segments) {
      const outer = folder;
      try {
        folder = await enterMaking(outer, segment);
      } finally {
        await outer[Symbol.asyncDispose]();
      }
    }
    this.#folder = folder;
    this.#segments = name;
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const folder = this.#folder;
    this.#folder = undefined;
    await folder?.[Symbol.asyncDispose]();
  }
}

/** A file where the run now has a folder makes way. */
async function enterMaking(outer: OpenFolder, name: string): Promise<OpenFolder> {
  await mkdir(outer.at(name)).catch(ignoring("EEXIST"));
  try {
    return await enterFolder(outer, name, false);
  } catch (error) {
    if (!hasCode(error, "ENOTDIR", "ELOOP")) throw error;
  }
  await unlink(outer.at(name));
  return enterFolder(outer, name, true);
}

/** The same the other way round. */
async function openForPiece(at: string): Promise<FileHandle> {
  try {
    return await openRegular(at, O_WRONLY | O_CREAT, 0o600);
  } catch (error) {
    if (!hasCode(error, "EISDIR", "ELOOP", "ENOENT", "ENXIO")) throw error;
  }
  await removeTree(at);
  return openRegular(at, O_WRONLY | O_CREAT, 0o600);
}

async function putInPlace(beside: string, at: string): Promise<void> {
  try {
    return await rename(beside, at);
  } catch (error) {
    if (!hasCode(error, "EISDIR", "ENOTEMPTY", "EEXIST")) throw error;
  }
  await removeTree(at);
  await rename(beside, at);
}

async function writeAll(file: FileHandle, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  let at = 0;
  for await (const chunk of bytes) {
    await writeFully(file, chunk, at);
    at += chunk.byteLength;
  }
}

async function writeFully(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, done, chunk.byteLength - done, position + done);
    done += bytesWritten;
  }
}

const ignoring =
  (...codes: string[]) =>
  (error: unknown): void => {
    if (!hasCode(error, ...codes)) throw error;
  };

/** So many lines are sent at once. */
const LINES_AT_ONCE = 500;

async function* files(root: string): AsyncGenerator<Uint8Array> {
  let lines: string[] = [];
  for await (const { folder, segments } of foldersUnder(root, "")) {
    const [first] = segments;
    if (first !== undefined && !FOLDERS.has(first)) continue;
    for (const name of (await namesIn(folder)).files) {
      if (first === undefined && !SMALL.has(name)) continue;
      const file = await fileIn(folder, name);
      if (file === undefined) continue;
      lines.push(`${JSON.stringify({ path: [...segments, name].join("/"), sizeBytes: file.sizeBytes })}\n`);
      if (lines.length < LINES_AT_ONCE) continue;
      yield Buffer.from(lines.join(""));
      lines = [];
    }
  }
  // The last line tells that it is all.
  yield Buffer.from(`${lines.join("")}{"end":true}\n`);
}
