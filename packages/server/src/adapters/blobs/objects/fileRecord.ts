// The record of a file: what is known of it, which objects its bytes are in, and its last bytes themselves. A line of JSON, then those
// bytes. Readers see one version of it or another, and the objects that it names never change.
import type { BlobFacts, BlobHeaders, BlobInfo } from "@malachite/core";
import { MalachiteError } from "@malachite/core";

/** Bytes in an object of their own. */
export type Piece = {
  /** Of the object, see dataKey. */
  readonly name: string;
  readonly sizeBytes: number;
  /** In base64. */
  readonly md5: string;
  /** The block's id in base64, when the file was made of blocks. */
  readonly block?: string;
  /** Where in the object it begins, and how long that is, when it is not all of the object. */
  readonly within?: { readonly from: number; readonly of: number };
};

export type FileRecord = BlobFacts & {
  readonly kind: "block" | "append";
  /** Another one with each change; the file's etag. */
  readonly revision: string;
  /** Another one when another file takes the path; kept when something is added. */
  readonly identity: string;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly pieces: readonly Piece[];
  /** How many pieces were added to an append blob. */
  readonly added?: number;
  /** What follows the pieces. */
  readonly tail: Buffer;
};

/** Small files are in their record alone, and what is added is first collected there. */
export const WHOLE_IN_RECORD_BYTES = 8 * 1024;
export const LONGEST_TAIL_BYTES = 64 * 1024;

type PieceLine = readonly [
  name: string,
  sizeBytes: number,
  md5: string,
  block?: string | null,
  from?: number,
  of?: number,
];

type Line = {
  /** 2: some pieces are parts of objects, which an earlier program would take for the whole. */
  readonly version: 1 | 2;
  readonly kind: "b" | "a";
  readonly rev: string;
  readonly id: string;
  readonly made: number;
  readonly changed: number;
  readonly headers?: BlobHeaders;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly pieces?: readonly PieceLine[];
  readonly added?: number;
  readonly tail: number;
};

export function printRecord(record: FileRecord): Buffer {
  const { kind, revision, identity, createdAt, changedAt, headers, metadata, pieces, added, tail } = record;
  const line: Line = {
    version: pieces.some(({ within }) => within !== undefined) ? 2 : 1,
    kind: kind === "block" ? "b" : "a",
    rev: revision,
    id: identity,
    made: createdAt,
    changed: changedAt,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
    ...(pieces.length > 0
      ? {
          pieces: pieces.map(({ name, sizeBytes, md5, block, within }): PieceLine => {
            if (within !== undefined) return [name, sizeBytes, md5, block ?? null, within.from, within.of];
            return block === undefined ? [name, sizeBytes, md5] : [name, sizeBytes, md5, block];
          }),
        }
      : {}),
    ...(added === undefined ? {} : { added }),
    tail: tail.length,
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`), tail]);
}

/** Throws StorageFailed for bytes that are no record. */
export function parseRecord(bytes: Buffer, key: string): FileRecord {
  const end = bytes.indexOf(10);
  try {
    const line = JSON.parse(bytes.toString("utf8", 0, end)) as Line;
    const tail = bytes.subarray(end + 1);
    if ((line.version !== 1 && line.version !== 2) || tail.length !== line.tail)
      throw new Error("not of this version, or cut");
    return {
      kind: line.kind === "b" ? "block" : "append",
      revision: line.rev,
      identity: line.id,
      createdAt: line.made,
      changedAt: line.changed,
      headers: line.headers ?? {},
      metadata: line.metadata ?? {},
      pieces: (line.pieces ?? []).map(([name, sizeBytes, md5, block, from, of]) => ({
        name,
        sizeBytes,
        md5,
        ...(block === undefined || block === null ? {} : { block }),
        ...(from === undefined || of === undefined ? {} : { within: { from, of } }),
      })),
      ...(line.added === undefined ? {} : { added: line.added }),
      tail,
    };
  } catch (cause) {
    throw new MalachiteError(
      "StorageFailed",
      `The record ${JSON.stringify(key.slice(-300))} in the object storage is damaged.`,
      {
        cause,
      },
    );
  }
}

export const sizeOf = ({ pieces, tail }: Pick<FileRecord, "pieces" | "tail">): number =>
  pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, tail.length);

/** The object that has exactly the bytes of the file, where there is one. */
export function objectOf({ pieces, tail }: Pick<FileRecord, "pieces" | "tail">): string | undefined {
  const [first] = pieces;
  if (first === undefined || tail.length > 0) return undefined;
  const { of } = first.within ?? { of: first.sizeBytes };
  let at = 0;
  for (const { name, sizeBytes, within } of pieces) {
    if (name !== first.name || (within?.from ?? 0) !== at) return undefined;
    at += sizeBytes;
  }
  return at === of ? first.name : undefined;
}

export const infoOf = (path: string, record: FileRecord): BlobInfo => ({
  path,
  kind: record.kind,
  sizeBytes: sizeOf(record),
  etag: record.revision,
  createdAt: record.createdAt,
  changedAt: record.changedAt,
  headers: record.headers,
  metadata: record.metadata,
  ...(record.kind === "append" ? { pieces: record.added ?? 0 } : {}),
});
