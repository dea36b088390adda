// A request to the blob surface, read: which container and blob it names, what its query and headers ask, what its link allows.
import {
  type BlobAddress,
  type BlobDigests,
  type BlobFacts,
  type BlobInfo,
  bucketOfBlob,
  MalachiteError,
} from "@malachite/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Granted, type Permission, STORAGE_ACCOUNT } from "../auth/sas.ts";
import type { Edge } from "../edge.ts";
import { bodyStream } from "../plugins/bodyStream.ts";
import { isMd5 } from "../plugins/contentMd5.ts";
import { AZURE_CODE } from "../plugins/dialects.ts";

export type BlobRequest = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly edge: Edge;
  readonly container: string;
  /** The name as it was sent, decoded once; empty for the container itself. */
  readonly blob: string;
  readonly query: URLSearchParams;
  readonly granted: Granted;
  /** A header that is there and not empty. */
  header(name: string): string | undefined;
  body(): AsyncIterable<Uint8Array>;
};

/** Throws LinkRefused, InvalidRequest. */
export function readBlobRequest(request: FastifyRequest, reply: FastifyReply, edge: Edge): BlobRequest {
  const [path = "", search = ""] = split(request.originalUrl, "?");
  const { container, blob } = nameOfBlob(path);
  const query = new URLSearchParams(search);
  const granted = edge.auth.blobs.check(query, blob === "" ? { container } : { container, blob });
  const header = (name: string) => {
    const value = request.headers[name];
    const text = Array.isArray(value) ? value.join(",") : value;
    return text === undefined || text === "" ? undefined : text;
  };
  return {
    request,
    reply,
    edge,
    container,
    blob,
    query,
    granted,
    header,
    body: () => bodyStream(request.raw),
  };
}

/** The container and the blob that the path of an address names; the blob is empty for the container itself. */
export function nameOfBlob(path: string): { readonly container: string; readonly blob: string } {
  const [container = "", blob = ""] = split(withoutAccount(path).replace(/^\/+/, ""), "/").map(decode);
  return { container, blob };
}

const ACCOUNT = new RegExp(`^/${STORAGE_ACCOUNT}(?=/azureml)`);

/** At an address that is a number, clients of Azure's put the account in front of the path, as for Azurite. */
export const withoutAccount = (url: string): string => url.replace(ACCOUNT, "");

/** The part before the first `mark`, and what follows it. */
function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw invalid("InvalidUri", "The path of the URL is not properly encoded.", cause);
  }
}

/** An error that only Azure's clients see, with Azure's own word for it. */
export const invalid = (azureCode: string, message: string, cause?: unknown): MalachiteError =>
  new MalachiteError("InvalidRequest", message, { target: AZURE_CODE + azureCode, cause });

/** Throws LinkTooNarrow unless the link allows one of these. */
export function demand({ granted }: BlobRequest, ...one: readonly Permission[]): void {
  if (one.some((permission) => granted.permissions.has(permission))) return;
  throw new MalachiteError(
    "LinkTooNarrow",
    `The link allows '${[...granted.permissions].join("")}'; this needs '${one.join("' or '")}'.`,
  );
}

/** A link that only creates does not replace what is there. */
export function mayReplace({ granted }: BlobRequest, there: BlobInfo | undefined): void {
  if (there === undefined || granted.permissions.has("w")) return;
  throw new MalachiteError("LinkTooNarrow", "The link allows to create the blob, but it is there already.", {
    target: `${AZURE_CODE}UnauthorizedBlobOverwrite`,
  });
}

/** Throws BlobNotFound for a name that nothing here has. */
export function addressOf({ container, blob }: BlobRequest): BlobAddress {
  const at = bucketOfBlob(container, blob);
  if (at) return at;
  throw new MalachiteError("BlobNotFound", "No artifact has such a name.");
}

const HEADERS = {
  contentType: "content-type",
  contentEncoding: "content-encoding",
  contentLanguage: "content-language",
  contentDisposition: "content-disposition",
  cacheControl: "cache-control",
  contentMd5: "content-md5",
} as const;

/** What is to be kept beside the bytes. The `x-ms-blob-` form says it for the blob, the plain one for this request too. */
export function factsOf(ask: BlobRequest, { plain }: { readonly plain: boolean }): BlobFacts {
  const headers: Record<string, string> = {};
  for (const [name, header] of Object.entries(HEADERS)) {
    const value = ask.header(`x-ms-blob-${header}`) ?? (plain ? ask.header(header) : undefined);
    if (value !== undefined) headers[name] = value;
  }
  if (headers.contentMd5 !== undefined) checkMd5(headers.contentMd5);
  return { headers, metadata: metadataOf(ask.request) };
}

const META = "x-ms-meta-";

/** Names keep their case, which the parsed headers have lost. */
export function metadataOf({ raw }: FastifyRequest): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (let at = 0; at + 1 < raw.rawHeaders.length; at += 2) {
    const [header = "", value = ""] = raw.rawHeaders.slice(at, at + 2);
    if (!header.toLowerCase().startsWith(META)) continue;
    const name = header.slice(META.length);
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw invalid(
        name === "" ? "EmptyMetadataKey" : "InvalidMetadata",
        `'${name.slice(0, 100)}' is not a name of metadata: use letters, digits and _, a digit not first.`,
      );
    }
    metadata[name] = value;
  }
  return metadata;
}

function checkMd5(text: string): void {
  if (!isMd5(text)) throw invalid("InvalidMd5", "An MD5 must be its 16 bytes in base64.");
}

/** What the sender says of the bytes of this request. */
export function digestsOf(ask: BlobRequest): BlobDigests {
  const md5 = ask.header("content-md5");
  const crc64 = ask.header("x-ms-content-crc64");
  if (md5 !== undefined) checkMd5(md5);
  if (crc64 !== undefined && Buffer.from(crc64, "base64").length !== 8) {
    throw invalid("InvalidHeaderValue", "x-ms-content-crc64 must be 8 bytes in base64.");
  }
  return { ...(md5 === undefined ? {} : { md5 }), ...(crc64 === undefined ? {} : { crc64 }) };
}

/** A whole number in a header or the query. Throws InvalidRequest. */
export function numberOf(text: string | null | undefined, name: string): number | undefined {
  if (text === undefined || text === null || text === "") return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalid("InvalidHeaderValue", `${name} must be a whole number.`);
}
