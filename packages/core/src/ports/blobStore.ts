// Where blobs are kept: named bytes with a few facts about them, written whole, in blocks, or piece by piece at the end.
import type { Scope } from "../domain/scope.ts";

/**
 * A set of blobs. `artifacts` are the files of one artifact container, the same that the ArtifactStore keeps; a `store` is a
 * storage container with a name of its own (a datastore, uploads of snapshots). `folder` is an artifact container under the name that the
 * store gives it, where nobody knows its own: for whoever moves all of a workspace.
 */
export type BlobBucket =
  | { readonly kind: "artifacts"; readonly scope: Scope; readonly container: string }
  | { readonly kind: "folder"; readonly scope: Scope; readonly folder: string }
  | { readonly kind: "store"; readonly name: string };

export type BlobAddress = { readonly bucket: BlobBucket; readonly path: string };

/** What is kept beside the bytes and given back as it was sent. `contentMd5` is in base64. */
export type BlobHeaders = {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly contentDisposition?: string;
  readonly cacheControl?: string;
  readonly contentMd5?: string;
};
export type BlobFacts = {
  readonly headers: BlobHeaders;
  readonly metadata: Readonly<Record<string, string>>;
};

export type BlobInfo = BlobFacts & {
  readonly path: string;
  readonly kind: "block" | "append";
  readonly sizeBytes: number;
  /** Changes with every change of bytes or facts. Without quotes. */
  readonly etag: string;
  readonly createdAt: number;
  readonly changedAt: number;
  /** How many pieces were added; of append blobs only. */
  readonly pieces?: number;
};

/** One version of a blob, held open: later writers do not change what it reads. */
export type OpenBlob = AsyncDisposable & {
  readonly info: BlobInfo;
  /** Bytes `from` up to but not including `to`. */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
  /**
   * An address outside the service from which anybody reads the bytes of this version until then, marked with its content type and
   * disposition; undefined where there is none.
   */
  link?(until: number): Promise<string | undefined>;
};

/** Asked while nobody else writes the blob, with what is there now. Throws to refuse the write. */
export type BlobCheck = (there: BlobInfo | undefined) => void;

export type BlobTimes = { readonly createdAt: number; readonly changedAt: number };

/** What the sender says the bytes are, in base64. */
export type BlobDigests = { readonly md5?: string; readonly crc64?: string };

/** A block by its id in base64. */
export type Block = { readonly id: string; readonly sizeBytes: number };
export type BlockChoice = { readonly id: string; readonly from: "latest" | "committed" | "uncommitted" };

/** Blocks of one writer are not seen by another: two who send one blob never mix their blocks. */
export type BlockWriter = { readonly writer: string };

export type BlobListAsk = {
  readonly prefix?: string;
  readonly after?: string;
  readonly limit: number;
  readonly folders?: boolean;
};
export type BlobPage = {
  readonly values: readonly (BlobInfo | { readonly folder: string })[];
  readonly more: boolean;
};

export interface BlobStore {
  open(at: BlobAddress): Promise<OpenBlob | undefined>;
  get(at: BlobAddress): Promise<BlobInfo | undefined>;
  /**
   * Keeps the bytes under the path, seen by readers only when complete and durable when it resolves. What the writer has
   * staged for the blob is dropped. `times`: of another store's file, whose copy it is. `keepMd5`: where the headers say no MD5, the one of the
   * bytes is kept there; only a power cut may lose it. Throws BadPath, ContentMismatch, and what `check` throws; nothing is kept then.
   */
  put(
    at: BlobAddress,
    stream: AsyncIterable<Uint8Array>,
    ask: BlobFacts &
      BlockWriter & {
        readonly digests: BlobDigests;
        readonly check: BlobCheck;
        readonly times?: BlobTimes;
        readonly keepMd5?: boolean;
      },
  ): Promise<BlobInfo & { readonly md5: string }>;
  /** Keeps a block durably for a later commit; the same id again replaces it. Throws BadPath, ContentMismatch. */
  stage(
    at: BlobAddress,
    id: string,
    stream: AsyncIterable<Uint8Array>,
    ask: BlockWriter & { readonly digests: BlobDigests },
  ): Promise<{ readonly md5: string }>;
  /** Makes the blob of these blocks, in this order, and drops the writer's other ones. Throws BadBlockList. */
  commit(
    at: BlobAddress,
    blocks: readonly BlockChoice[],
    ask: BlobFacts & BlockWriter & { readonly check: BlobCheck },
  ): Promise<BlobInfo>;
  /** Undefined when there is neither a blob nor a staged block. */
  blocks(
    at: BlobAddress,
    ask: BlockWriter,
  ): Promise<
    | {
        readonly blob: BlobInfo | undefined;
        readonly committed: readonly Block[];
        readonly uncommitted: readonly Block[];
      }
    | undefined
  >;
  /** An empty append blob in place of whatever is there. */
  createAppend(at: BlobAddress, ask: BlobFacts & { readonly check: BlobCheck }): Promise<BlobInfo>;
  /** Adds all of the piece or nothing of it. Throws BlobNotFound, BlobTypeMismatch, ContentMismatch, and what `check` throws. */
  append(
    at: BlobAddress,
    stream: AsyncIterable<Uint8Array>,
    ask: {
      readonly digests: BlobDigests;
      readonly check: (there: BlobInfo, pieceBytes: number) => void;
    },
  ): Promise<{ readonly blob: BlobInfo; readonly offset: number; readonly md5: string }>;
  /** Changes facts and leaves the bytes. Throws BlobNotFound. */
  describe(
    at: BlobAddress,
    change: Partial<BlobFacts>,
    ask: { readonly check: BlobCheck },
  ): Promise<BlobInfo>;
  /** False when there was none. */
  remove(at: BlobAddress, ask: { readonly check: BlobCheck }): Promise<boolean>;
  /** Takes the blob out of the store: its bytes become a file of this machine that nobody writes any more. */
  take(at: BlobAddress): Promise<{ readonly file: string; readonly sizeBytes: number } | undefined>;
  /**
   * In order of path. `after` is the last path or folder of the page before. With `folders`, what lies in a folder below the
   * prefix is answered as that folder, its path ending in a slash.
   */
  list(bucket: BlobBucket, ask: BlobListAsk): Promise<BlobPage>;
}
