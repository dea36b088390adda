// What a storage container tells of itself: its properties, and the list of its blobs.
import { artifactBlob, type BlobInfo, bucketOfBlob, MalachiteError, plainTypeOf } from "@malachite/core";
import { pathOf, tokenOf } from "../continuation.ts";
import { escapeXml } from "../plugins/dialects.ts";
import { blobType } from "./blobAnswer.ts";
import { type BlobRequest, demand, invalid } from "./blobRequest.ts";

/** As Azure: the most in a page, and how many when the caller does not say. */
const MOST = 5000;

/** List Blobs, in order of name. */
export async function listBlobs(ask: BlobRequest): Promise<void> {
  demand(ask, "l");
  const { query, container, edge } = ask;
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  if (delimiter !== "" && delimiter !== "/") {
    throw invalid(
      "InvalidQueryParameterValue",
      "The delimiter must be '/': that is how folders are told here.",
    );
  }
  const limit = pageSize(query.get("maxresults"));
  const marker = query.get("marker") ?? "";
  const found = bucketOfBlob(container, prefix);
  if (!found) {
    throw invalid(
      "InvalidQueryParameterValue",
      "The prefix must name one container of artifacts as a whole.",
    );
  }
  const page = await edge.flow.blobs.list(found.bucket, {
    prefix: found.path,
    limit,
    folders: delimiter !== "",
    ...(marker === "" ? {} : { after: placeOf(marker) }),
  });
  const { bucket } = found;
  const nameOf = (path: string): string =>
    bucket.kind === "artifacts" ? artifactBlob(bucket, path).blob : path;
  const metadata = (query.get("include") ?? "").split(",").includes("metadata");
  const entries = page.values.map((value) =>
    "folder" in value
      ? `<BlobPrefix>${name(nameOf(value.folder))}</BlobPrefix>`
      : blobXml(nameOf(value.path), value, metadata),
  );
  const last = page.values.at(-1);
  const next = page.more && last ? tokenOf("folder" in last ? last.folder : last.path) : "";
  const asked = [
    prefix === "" ? "" : `<Prefix>${escapeXml(prefix)}</Prefix>`,
    marker === "" ? "" : `<Marker>${escapeXml(marker)}</Marker>`,
    `<MaxResults>${limit}</MaxResults>`,
    delimiter === "" ? "" : `<Delimiter>${escapeXml(delimiter)}</Delimiter>`,
  ].join("");
  const service = `${ask.request.protocol}://${ask.request.host}/`;
  ask.reply
    .header("content-type", "application/xml")
    .send(
      `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="${attribute(service)}" ContainerName="${attribute(container)}">${asked}<Blobs>${entries.join("")}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`,
    );
}

function pageSize(text: string | null): number {
  if (text === null || text === "") return MOST;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) {
    throw invalid("OutOfRangeQueryParameterValue", "maxresults must be a whole number from 1.");
  }
  return Math.min(Number(text), MOST);
}

function placeOf(marker: string): string {
  try {
    return pathOf(marker);
  } catch (cause) {
    throw invalid("InvalidQueryParameterValue", "The marker was not made by this list.", cause);
  }
}

const attribute = (text: string): string => escapeXml(text).replace(/"/g, "&quot;");

const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Names that XML 1.0 cannot write are told percent-encoded, and so marked. */
const name = (text: string): string =>
  UNWRITABLE.test(text)
    ? `<Name Encoded="true">${encodeURIComponent(text.toWellFormed())}</Name>`
    : `<Name>${escapeXml(text)}</Name>`;

function blobXml(blobName: string, blob: BlobInfo, withMetadata: boolean): string {
  const { headers } = blob;
  const properties: readonly (readonly [string, string | undefined])[] = [
    ["Creation-Time", new Date(blob.createdAt).toUTCString()],
    ["Last-Modified", new Date(blob.changedAt).toUTCString()],
    ["Etag", blob.etag],
    ["Content-Length", String(blob.sizeBytes)],
    ["Content-Type", headers.contentType ?? plainTypeOf(blob.path)],
    ["Content-Encoding", headers.contentEncoding],
    ["Content-Language", headers.contentLanguage],
    ["Content-MD5", headers.contentMd5],
    ["Cache-Control", headers.cacheControl],
    ["Content-Disposition", headers.contentDisposition],
    ["BlobType", blobType(blob)],
    ["LeaseStatus", "unlocked"],
    ["LeaseState", "available"],
    ["ServerEncrypted", "false"],
  ];
  const metadata = withMetadata
    ? `<Metadata>${Object.entries(blob.metadata).map(element).join("")}</Metadata>`
    : "";
  return `<Blob>${name(blobName)}<Properties>${properties.map(element).join("")}</Properties>${metadata}</Blob>`;
}

const element = ([tag, text]: readonly [string, string | undefined]): string =>
  text === undefined ? `<${tag} />` : `<${tag}>${escapeXml(text)}</${tag}>`;

/** Get Container Properties. A link for a container is the word that there is one. */
export async function containerProperties(ask: BlobRequest): Promise<void> {
  demand(ask, "r", "l", "w", "c");
  ask.reply
    .headers({
      etag: `"${ask.container}"`,
      "last-modified": new Date(0).toUTCString(),
      "x-ms-lease-status": "unlocked",
      "x-ms-lease-state": "available",
      "x-ms-has-immutability-policy": "false",
      "x-ms-has-legal-hold": "false",
    })
    .send();
}

/** Create Container: whoever has a link for it has it already. */
export async function createContainer(ask: BlobRequest): Promise<void> {
  demand(ask, "c", "w");
  throw new MalachiteError("ContainerExists", `There is a container '${ask.container}' already.`);
}
