// What every answer about a blob says of it in its headers.
import { type BlobInfo, plainTypeOf } from "@malachite/core";
import type { FastifyReply } from "fastify";

export const quoted = (etag: string): string => `"${etag}"`;

/** ETag and time: of every answer to a read or a write. */
export const versionHeaders = (blob: BlobInfo): Record<string, string> => ({
  etag: quoted(blob.etag),
  "last-modified": new Date(blob.changedAt).toUTCString(),
});

/** The kind of blob in Azure's words. */
export const blobType = (blob: BlobInfo): string => (blob.kind === "append" ? "AppendBlob" : "BlockBlob");

/** All that is known of the blob but its metadata; the length is for the caller to say. `part` is for an answer of some bytes only. */
export function factHeaders(blob: BlobInfo, part: boolean): Record<string, string> {
  const { headers } = blob;
  const all: Record<string, string | undefined> = {
    ...versionHeaders(blob),
    "content-type": headers.contentType ?? plainTypeOf(blob.path),
    "content-encoding": headers.contentEncoding,
    "content-language": headers.contentLanguage,
    "content-disposition": headers.contentDisposition,
    "cache-control": headers.cacheControl,
    // Of a part it would be the sum of other bytes than those that come.
    [part ? "x-ms-blob-content-md5" : "content-md5"]: headers.contentMd5,
    "accept-ranges": "bytes",
    "x-ms-blob-type": blobType(blob),
    "x-ms-creation-time": new Date(blob.createdAt).toUTCString(),
    "x-ms-lease-status": "unlocked",
    "x-ms-lease-state": "available",
    "x-ms-server-encrypted": "false",
    "x-ms-blob-committed-block-count": blob.pieces === undefined ? undefined : String(blob.pieces),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The names keep their case, which the framework would take from them. */
export function sendMetadata(reply: FastifyReply, { metadata }: BlobInfo): void {
  for (const [name, value] of Object.entries(metadata)) reply.raw.setHeader(`x-ms-meta-${name}`, value);
}

/** Of a write: 201 with the version that now is. */
export function created(reply: FastifyReply, blob: BlobInfo, extra: Record<string, string> = {}): void {
  reply
    .code(201)
    .headers({ ...versionHeaders(blob), "x-ms-request-server-encrypted": "false", ...extra })
    .send();
}
