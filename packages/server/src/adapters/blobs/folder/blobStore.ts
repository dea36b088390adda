// Blobs as plain files. Those of artifacts are the very files of the artifact store; a storage container is a folder of its own.
// Bytes come into a file of their own first, so a cut upload leaves what was there. Writes of one blob come one after another.
import { randomUUID } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { type FileHandle, lstat, mkdir, rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import type {
  BlobAddress,
  BlobBucket,
  BlobCheck,
  BlobDigests,
  BlobFacts,
  BlobInfo,
  BlobListAsk,
  BlobPage,
  BlobStore,
  BlobTimes,
  Block,
  BlockChoice,
  OpenBlob,
} from "@malachite/core";
import { hasCode, onStorage, openInside, readRange, segmentsOf } from "../../../files/index.ts";
import { withMd5, withoutMd5 } from "../md5Header.ts";
import { checkBlocks, noAppendBlob, noBlob, noBlock } from "../refusals.ts";
import { appendAt, publish, removeEmptyFolders, removeFile } from "./artifactFiles.ts";
import { listFiles } from "./artifactList.ts";
import { BlobFactsFolder, type Facts, identityOf, infoOf, isPlain, keyOf, plainFacts } from "./blobFacts.ts";
import { joined, type Piece, receive } from "./blobFiles.ts";
import { clearUnfinished } from "./halfDone.ts";
import type { KeyedLock } from "./keyedLock.ts";
import { checkedFolder, containerFolder, workspaceFolder } from "./layout.ts";
import { STAGED_KEPT_MS, StagedBlocks } from "./stagedBlocks.ts";

export type FolderBlobStore = BlobStore & {
  /** Removes what interrupted writes left, in files too. Where other servers use the folder: only what is older than `before`. */
  sweep(before?: number): Promise<void>;
  /** Gives up blocks that nobody commits. Any time. */
  sweepBlocks(now: number): Promise<void>;
  /** Where the blobs of a bucket lie, each as a plain file of its path. Whoever writes there writes blobs. */
  folderOf(bucket: BlobBucket): string;
};

/** Small files are described that many at a time. */
const AT_ONCE = 32;

/** `folder` is the data folder; `locks` are shared with the artifact store, which writes some of the same files. */
export const createBlobStore = (ask: {
  readonly folder: string;
  readonly locks: KeyedLock;
}): FolderBlobStore => new BlobFolder(ask.folder, ask.locks);

class BlobFolder implements FolderBlobStore {
  readonly #artifacts: string;
  readonly #stores: string;
  readonly #unfinished: string;
  readonly #staged: StagedBlocks;
  readonly #facts: BlobFactsFolder;
  readonly #locks: KeyedLock;

  constructor(folder: string, locks: KeyedLock) {
    this.#artifacts = join(folder, "artifacts");
    this.#stores = join(folder, "stores");
    this.#unfinished = join(folder, "blobs", "unfinished");
    this.#staged = new StagedBlocks(join(folder, "blobs", "staged"));
    this.#facts = new BlobFactsFolder(join(folder, "blobs", "facts"));
    this.#locks = locks;
  }

  async sweep(before?: number): Promise<void> {
    await onStorage("Preparing the blob store", async () => {
      await clearUnfinished(this.#unfinished, before);
    });
  }

  sweepBlocks(now: number): Promise<void> {
    return onStorage("Removing old blocks", () => this.#staged.sweep(now - STAGED_KEPT_MS));
  }

  async open(at: BlobAddress): Promise<OpenBlob | undefined> {
    const handle = await this.#handle(at);
    if (!handle) return undefined;
    try {
      const info = await this.#info(at, await handle.stat({ bigint: true }));
      return {
        info,
        read: (from, to) => readRange(handle, from, to),
        [Symbol.asyncDispose]: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async get(at: BlobAddress): Promise<BlobInfo | undefined> {
    return (await this.#there(at))?.info;
  }

  async put(
    at: BlobAddress,
    stream: AsyncIterable<Uint8Array>,
    ask: BlobFacts & {
      writer: string;
      digests: BlobDigests;
      check: BlobCheck;
      times?: BlobTimes;
      keepMd5?: boolean;
    },
  ): Promise<BlobInfo & { readonly md5: string }> {
    const segments = segmentsOf(at.path);
    // Refused before the bytes come in; decided again when the name is given.
    ask.check(await this.get(at));
    return await this.#inTemporary(async (temporary) => {
      const md5 = await receive(stream, temporary, ask.digests);
      // Half a millisecond more: as a fraction of seconds it may come out a little less.
      if (ask.times) await utimes(temporary, Date.now() / 1000, (ask.times.changedAt + 0.5) / 1000);
      const headers = ask.keepMd5 ? withMd5(ask.headers, md5) : ask.headers;
      const info = await this.#turn(at, () =>
        this.#publish(at, segments, temporary, "block", { ...ask, headers }),
      );
      await onStorage("Removing blocks", () => this.#staged.drop(keyOf(at), ask.writer));
      return { ...info, md5 };
    });
  }

  async stage(
    at: BlobAddress,
    id: string,
    stream: AsyncIterable<Uint8Array>,
    ask: { readonly writer: string; readonly digests: BlobDigests },
  ): Promise<{ readonly md5: string }> {
    segmentsOf(at.path);
    const key = keyOf(at);
    await this.#staged.find(key, ask.writer, id); // Refuses a bad id before the bytes come in.
    return await this.#inTemporary(async (temporary) => {
      const md5 = await receive(stream, temporary, ask.digests);
      await this.#turn(at, () =>
        onStorage("Keeping a block", () => this.#staged.take(key, ask.writer, id, temporary)),
      );
      return { md5 };
    });
  }

  async commit(
    at: BlobAddress,
    blocks: readonly BlockChoice[],
    ask: BlobFacts & { readonly writer: string; readonly check: BlobCheck },
  ): Promise<BlobInfo> {
    const segments = segmentsOf(at.path);
    checkBlocks(blocks);
    return await this.#inTemporary((temporary) =>
      this.#turn(at, async () => {
        const there = await this.#there(at);
        ask.check(there?.info);
        const pieces = await this.#piecesOf(at, blocks, ask.writer, there?.facts?.blocks ?? []);
        await using current =
          there && pieces.some((piece) => !piece.file) ? await this.#handle(at) : undefined;
        await onStorage("Putting a blob together", () => joined(pieces, current, temporary));
        const list = pieces.map(({ id, sizeBytes }) => ({ id, sizeBytes }));
        const info = await this.#publish(at, segments, temporary, "block", { ...ask, check: () => {} }, list);
        await onStorage("Removing blocks", () => this.#staged.drop(keyOf(at), ask.writer));
        return info;
      }),
    );
  }

  /** Where the bytes of each block are: in a file of its own, or at an offset of the blob as it is. Throws BadBlockList. */
  async #piecesOf(
    at: BlobAddress,
    blocks: readonly BlockChoice[],
    writer: string,
    committed: readonly Block[],
  ): Promise<Piece[]> {
    const places = new Map<string, Piece>();
    let offset = 0;
    for (const { id, sizeBytes } of committed) {
      if (!places.has(id)) places.set(id, { id, offset, sizeBytes });
      offset += sizeBytes;
    }
    const pieces: Piece[] = [];
    for (const choice of blocks) {
      const { id, from } = choice;
      const staged = from === "committed" ? undefined : await this.#staged.find(keyOf(at), writer, id);
      const piece = staged ? { id, ...staged } : from === "uncommitted" ? undefined : places.get(id);
      if (!piece) throw noBlock(at.path, choice);
      pieces.push(piece);
    }
    return pieces;
  }

  async blocks(at: BlobAddress, { writer }: { readonly writer: string }) {
    const there = await this.#there(at);
    const uncommitted = await onStorage("Listing blocks", () => this.#staged.list(keyOf(at), writer));
    if (!there && uncommitted.length === 0) return undefined;
    return { blob: there?.info, committed: there?.facts?.blocks ?? [], uncommitted };
  }

  async createAppend(at: BlobAddress, ask: BlobFacts & { readonly check: BlobCheck }): Promise<BlobInfo> {
    const segments = segmentsOf(at.path);
    return await this.#inTemporary(async (temporary) => {
      await receive(nothing(), temporary, {});
      return await this.#turn(at, () => this.#publish(at, segments, temporary, "append", ask));
    });
  }

  async append(
    at: BlobAddress,
    stream: AsyncIterable<Uint8Array>,
    ask: {
      readonly digests: BlobDigests;
      readonly check: (there: BlobInfo, pieceBytes: number) => void;
    },
  ): Promise<{ readonly blob: BlobInfo; readonly offset: number; readonly md5: string }> {
    const segments = segmentsOf(at.path);
    if (!(await this.#there(at))) throw noBlob(at.path);
    return await this.#inTemporary(async (temporary) => {
      const md5 = await receive(stream, temporary, ask.digests);
      return await this.#turn(at, async () => {
        const there = await this.#there(at);
        if (!there) throw noBlob(at.path);
        if (there.facts?.kind !== "append") throw noAppendBlob(at.path);
        const { size } = await lstat(temporary);
        ask.check(there.info, size);
        const before = there.facts;
        const after = {
          ...before,
          headers: withoutMd5(before.headers),
          sizeBytes: before.sizeBytes + size,
          pieces: (before.pieces ?? 0) + 1,
        };
        return await onStorage("Adding to a blob", async () => {
          // Said before it is done: should it be cut short, the blob is as long as it was.
          await this.#facts.keep(keyOf(at), [before, after]);
          const stats = await appendAt(this.folderOf(at.bucket), segments, temporary, before.sizeBytes);
          return { blob: infoOf(at.path, stats, after), offset: before.sizeBytes, md5 };
        });
      });
    });
  }

  async describe(
    at: BlobAddress,
    change: Partial<BlobFacts>,
    ask: { readonly check: BlobCheck },
  ): Promise<BlobInfo> {
    return await this.#turn(at, async () => {
      const there = await this.#there(at);
      ask.check(there?.info);
      if (!there) throw noBlob(at.path);
      const { stats } = there;
      const before = there.facts ?? plainFacts(stats);
      const facts: Facts = {
        ...before,
        ...change,
        revision: (before.revision ?? 0) + 1,
        changedAt: Date.now(),
      };
      await onStorage("Describing a blob", () => this.#facts.keep(keyOf(at), [facts]));
      return infoOf(at.path, stats, facts);
    });
  }

  async remove(at: BlobAddress, ask: { readonly check: BlobCheck }): Promise<boolean> {
    const segments = segmentsOf(at.path);
    const root = this.folderOf(at.bucket);
    return await this.#turn(at, async () => {
      ask.check(await this.get(at));
      return await onStorage("Removing a blob", async () => {
        if (!(await removeFile(root, segments))) return false;
        await this.#facts.drop(keyOf(at));
        await removeEmptyFolders(root, segments);
        return true;
      });
    });
  }

  async take(at: BlobAddress): Promise<{ readonly file: string; readonly sizeBytes: number } | undefined> {
    const segments = segmentsOf(at.path);
    const root = this.folderOf(at.bucket);
    return await this.#turn(at, async () => {
      if (!(await this.#there(at))) return undefined;
      return await onStorage("Taking a blob", async () => {
        const file = join(this.#unfinished, randomUUID());
        await rename(join(root, ...segments), file);
        await this.#facts.drop(keyOf(at));
        await removeEmptyFolders(root, segments);
        return { file, sizeBytes: (await lstat(file)).size };
      });
    });
  }

  async list(bucket: BlobBucket, ask: BlobListAsk): Promise<BlobPage> {
    const { prefix = "", after, limit, folders } = ask;
    return await onStorage("Listing blobs", async () => {
      const found = await listFiles(this.folderOf(bucket), { prefix, after, limit: limit + 1, folders });
      const values: (BlobInfo | { readonly folder: string })[] = [];
      const page = found.slice(0, limit);
      for (let at = 0; at < page.length; at += AT_ONCE) {
        const some = page
          .slice(at, at + AT_ONCE)
          .map(async ({ path, stats }) =>
            stats === undefined ? { folder: path } : await this.#info({ bucket, path }, stats),
          );
        values.push(...(await Promise.all(some)));
      }
      return { values, more: found.length > limit };
    });
  }

  folderOf(bucket: BlobBucket): string {
    if (bucket.kind === "folder")
      return join(this.#artifacts, workspaceFolder(bucket.scope), checkedFolder(bucket.folder));
    return bucket.kind === "artifacts"
      ? join(this.#artifacts, workspaceFolder(bucket.scope), containerFolder(bucket.container))
      : join(this.#stores, containerFolder(bucket.name));
  }

  /** Nobody else writes the blob meanwhile. The key is that of the artifact store. */
  #turn<T>(at: BlobAddress, work: () => Promise<T>): Promise<T> {
    return this.#locks.run(join(this.folderOf(at.bucket), at.path), work);
  }

  async #handle(at: BlobAddress): Promise<FileHandle | undefined> {
    return await onStorage("Reading a blob", () =>
      openInside(this.folderOf(at.bucket), at.path).catch((error) => {
        if (hasCode(error, "ENOENT", "ENAMETOOLONG")) return undefined;
        throw error;
      }),
    );
  }

  async #there(at: BlobAddress) {
    await using handle = await this.#handle(at);
    if (!handle) return undefined;
    const stats = await handle.stat({ bigint: true });
    const facts = await onStorage("Reading a blob", () => this.#facts.of(keyOf(at), stats));
    return { stats, facts, info: infoOf(at.path, stats, facts) };
  }

  async #info(at: BlobAddress, stats: BigIntStats): Promise<BlobInfo> {
    return infoOf(at.path, stats, await this.#facts.of(keyOf(at), stats));
  }

  /** Gives a finished file its name, with its facts. */
  async #publish(
    at: BlobAddress,
    segments: readonly string[],
    temporary: string,
    kind: "block" | "append",
    { headers, metadata, check }: BlobFacts & { readonly check: BlobCheck },
    blocks?: readonly Block[],
  ): Promise<BlobInfo> {
    const there = await this.#there(at);
    check(there?.info);
    const stats = await onStorage("Keeping a blob", () => lstat(temporary, { bigint: true }));
    const facts: Facts = { ...identityOf(stats, kind), headers, metadata, ...(blocks ? { blocks } : {}) };
    const plain = isPlain(at.path, facts);
    return await onStorage("Keeping a blob", async () => {
      if (!plain) await this.#facts.keep(keyOf(at), [there?.facts, facts], at.path);
      const kept = await publish(this.folderOf(at.bucket), segments, temporary, true);
      if (plain && there?.facts) await this.#facts.drop(keyOf(at));
      return infoOf(at.path, kept, plain ? undefined : facts);
    });
  }

  /** Hands out a path for unfinished work and removes what is left there. */
  async #inTemporary<T>(work: (temporary: string) => Promise<T>): Promise<T> {
    const temporary = join(this.#unfinished, randomUUID());
    await onStorage("Keeping a blob", () => mkdir(this.#unfinished, { recursive: true }));
    try {
      return await work(temporary);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
