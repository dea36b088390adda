// Blobs in an object storage: the same files as those of the artifact store, with facts beside the bytes. Blocks are not copied when
// they become a blob: its record names them.
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
  BlockChoice,
  OpenBlob,
} from "@malachite/core";
import { blockIdBytes, STAGED_KEPT_MS } from "../folder/stagedBlocks.ts";
import { withMd5, withoutMd5 } from "../md5Header.ts";
import { checkBlocks, noAppendBlob, noBlob, noBlock } from "../refusals.ts";
import { type FileRecord, infoOf, type Piece } from "./fileRecord.ts";
import { newName, type Place } from "./fileTable.ts";
import type { ObjectFiles } from "./objectFiles.ts";
import { writePiece } from "./pieces.ts";
import { receive } from "./received.ts";
import { latestOf, type Staged, StagedMarks } from "./stagedMarks.ts";

export type ObjectBlobStore = BlobStore & {
  /** Gives up blocks that nobody commits. Any time. */
  sweepBlocks(now: number): Promise<void>;
};

export const createObjectBlobStore = (files: ObjectFiles): ObjectBlobStore => new ObjectBlobs(files);

class ObjectBlobs implements ObjectBlobStore {
  readonly #files: ObjectFiles;
  readonly #staged: StagedMarks;

  constructor(files: ObjectFiles) {
    this.#files = files;
    this.#staged = new StagedMarks(files.objects);
  }

  async open(at: BlobAddress): Promise<OpenBlob | undefined> {
    const version = await this.#files.open(this.#place(at));
    if (version === undefined) return undefined;
    const info = infoOf(at.path, version.record);
    const { contentType, contentDisposition } = info.headers;
    return {
      info,
      read: (from, to) => version.read(from, to),
      link: (until) =>
        version.link(until, {
          ...(contentType === undefined ? {} : { contentType }),
          ...(contentDisposition === undefined ? {} : { contentDisposition }),
        }),
      [Symbol.asyncDispose]: () => version[Symbol.asyncDispose](),
    };
  }

  async get(at: BlobAddress): Promise<BlobInfo | undefined> {
    const record = await this.#files.table.get(this.#place(at));
    return record && infoOf(at.path, record);
  }

  async put(
    at: BlobAddress,
    stream: AsyncIterable<Uint8Array>,
    {
      headers,
      metadata,
      writer,
      digests,
      check,
      times,
      keepMd5,
    }: BlobFacts & {
      writer: string;
      digests: BlobDigests;
      check: BlobCheck;
      times?: BlobTimes;
      keepMd5?: boolean;
    },
  ): Promise<BlobInfo & { readonly md5: string }> {
    const place = this.#place(at);
    // Refused before the bytes come in; decided again when the record is written.
    check(await this.get(at));
    await using received = await receive(stream, this.#files.incoming, digests);
    const record = await this.#files.replace(place, received, (there, bytes) => {
      check(there && infoOf(at.path, there));
      const kept = keepMd5 ? withMd5(headers, received.md5) : headers;
      return { ...newRecord("block"), ...times, ...bytes, headers: kept, metadata };
    });
    await this.#dropStaged(place, writer);
    return { ...infoOf(at.path, record), md5: received.md5 };
  }

  async stage(
    at: BlobAddress,
    id: string,
    stream: AsyncIterable<Uint8Array>,
    { writer, digests }: { readonly writer: string; readonly digests: BlobDigests },
  ): Promise<{ readonly md5: string }> {
    const place = this.#place(at);
    blockIdBytes(id); // Refused before the bytes come in.
    await using received = await receive(stream, this.#files.incoming, digests);
    const { sizeBytes, md5 } = received;
    await this.#staged.checkRoom(place.key, writer);
    const name = newName();
    const mark = this.#staged.mark(place.key, writer, { id, sizeBytes, md5, name });
    const note = await this.#files.noteBlock({ record: place.key, names: [name], mark });
    try {
      await writePiece(this.#files.objects, place.key, name, received);
      await this.#staged.set(mark, place.key);
      await note.forget();
    } catch (error) {
      await note.leave();
      throw error;
    }
    return { md5 };
  }

  async commit(
    at: BlobAddress,
    blocks: readonly BlockChoice[],
    { headers, metadata, writer, check }: BlobFacts & { readonly writer: string; readonly check: BlobCheck },
  ): Promise<BlobInfo> {
    const place = this.#place(at);
    checkBlocks(blocks);
    const staged = await this.#staged.list(place.key, writer);
    const latest = latestOf(staged);
    const record = await this.#files.change(place, (there) => {
      check(there && infoOf(at.path, there));
      const pieces = piecesOf(at.path, blocks, latest, there?.pieces ?? []);
      return { ...newRecord("block"), pieces, headers, metadata };
    });
    await this.#files.wantOne(place, record);
    await this.#drop(place, writer, staged);
    return infoOf(at.path, record);
  }

  async blocks(at: BlobAddress, { writer }: { readonly writer: string }) {
    const place = this.#place(at);
    const [there, staged] = await Promise.all([
      this.#files.table.get(place),
      this.#staged.list(place.key, writer),
    ]);
    const uncommitted = [...latestOf(staged).values()].map(({ id, sizeBytes }) => ({ id, sizeBytes }));
    if (there === undefined && uncommitted.length === 0) return undefined;
    const committed = (there?.pieces ?? []).flatMap(({ block, sizeBytes }) =>
      block === undefined ? [] : [{ id: block, sizeBytes }],
    );
    return { blob: there && infoOf(at.path, there), committed, uncommitted };
  }

  async createAppend(at: BlobAddress, ask: BlobFacts & { readonly check: BlobCheck }): Promise<BlobInfo> {
    const { headers, metadata, check } = ask;
    const record = await this.#files.change(this.#place(at), (there) => {
      check(there && infoOf(at.path, there));
      return { ...newRecord("append"), headers, metadata, added: 0 };
    });
    return infoOf(at.path, record);
  }

  async append(
    at: BlobAddress,
    stream: AsyncIterable<Uint8Array>,
    ask: {
      readonly digests: BlobDigests;
      readonly check: (there: BlobInfo, pieceBytes: number) => void;
    },
  ): Promise<{ readonly blob: BlobInfo; readonly offset: number; readonly md5: string }> {
    const place = this.#place(at);
    if ((await this.#files.table.get(place)) === undefined) throw noBlob(at.path);
    await using received = await receive(stream, this.#files.incoming, ask.digests);
    const { record, offset } = await this.#files.add(place, received, (there) => {
      if (there === undefined) throw noBlob(at.path);
      if (there.kind !== "append") throw noAppendBlob(at.path);
      ask.check(infoOf(at.path, there), received.sizeBytes);
      const headers = withoutMd5(there.headers);
      return { ...there, headers, changedAt: Date.now(), added: (there.added ?? 0) + 1 };
    });
    return { blob: infoOf(at.path, record), offset, md5: received.md5 };
  }

  async describe(
    at: BlobAddress,
    change: Partial<BlobFacts>,
    ask: { readonly check: BlobCheck },
  ): Promise<BlobInfo> {
    const record = await this.#files.change(this.#place(at), (there) => {
      ask.check(there && infoOf(at.path, there));
      if (there === undefined) throw noBlob(at.path);
      return { ...there, ...change, changedAt: Date.now() };
    });
    return infoOf(at.path, record);
  }

  remove(at: BlobAddress, ask: { readonly check: BlobCheck }): Promise<boolean> {
    return this.#files.remove(this.#place(at), (there) => ask.check(there && infoOf(at.path, there)));
  }

  take(at: BlobAddress): Promise<{ readonly file: string; readonly sizeBytes: number } | undefined> {
    return this.#files.take(this.#place(at));
  }

  async list(bucket: BlobBucket, ask: BlobListAsk): Promise<BlobPage> {
    const { prefix = "", after, limit, folders } = ask;
    const values: (BlobInfo | { readonly folder: string })[] = [];
    for await (const one of this.#files.table.list(bucket, { prefix, after, pageSize: limit + 1, folders })) {
      if (values.length === limit) return { values, more: true };
      values.push("folder" in one ? one : infoOf(one.path, one.record));
    }
    return { values, more: false };
  }

  async sweepBlocks(now: number): Promise<void> {
    for await (const { record, staged } of this.#staged.before(now - STAGED_KEPT_MS)) {
      // From here on the object is left over, unless the file has it by now.
      const note = await this.#files.noteBlock({ record, names: [staged.name] });
      await this.#files.objects.remove([staged.mark]);
      await note.leave();
    }
  }

  async #dropStaged(place: Place, writer: string): Promise<void> {
    await this.#drop(place, writer, await this.#staged.list(place.key, writer));
  }

  /** The marks go; the objects are left over unless the file has them. */
  async #drop(place: Place, writer: string, staged: readonly Staged[]): Promise<void> {
    if (staged.length === 0) return;
    const note = await this.#files.noteBlock({ record: place.key, names: staged.map(({ name }) => name) });
    await this.#staged.clear(
      place.key,
      writer,
      staged.map(({ mark }) => mark),
    );
    await note.leave();
  }

  #place({ bucket, path }: BlobAddress): Place {
    return this.#files.place(bucket, path);
  }
}

/** The objects of the blocks, in order. Throws BadBlockList. */
function piecesOf(
  path: string,
  blocks: readonly BlockChoice[],
  staged: ReadonlyMap<string, Staged>,
  there: readonly Piece[],
): Piece[] {
  const committed = new Map<string, Piece>();
  for (const piece of there)
    if (piece.block !== undefined && !committed.has(piece.block)) committed.set(piece.block, piece);
  return blocks.map((choice) => {
    const { id, from } = choice;
    const found = from === "committed" ? undefined : staged.get(id);
    if (found !== undefined)
      return { name: found.name, sizeBytes: found.sizeBytes, md5: found.md5, block: id };
    const piece = from === "uncommitted" ? undefined : committed.get(id);
    if (piece !== undefined) return piece;
    throw noBlock(path, choice);
  });
}

/** A record without bytes. The revision is given when it is written. */
function newRecord(kind: FileRecord["kind"]): FileRecord {
  const now = Date.now();
  return {
    kind,
    revision: "",
    identity: newName(),
    createdAt: now,
    changedAt: now,
    headers: {},
    metadata: {},
    pieces: [],
    tail: Buffer.alloc(0),
  };
}
