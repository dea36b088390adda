// The blob surface: what Azure's storage clients ask of containers whose name begins with `azureml`. Which operation it is, is
// told by method, `comp` and `restype`; who may, by the link alone: the Authorization that clients add says nothing here.
import type { FastifyInstance } from "fastify";
import type { Edge } from "../edge.ts";
import { refuseUnlessReady } from "../route.ts";
import { type BlobRequest, invalid, readBlobRequest } from "./blobRequest.ts";
import { copyBlob } from "./copyBlob.ts";
import { containerProperties, createContainer, listBlobs } from "./listBlobs.ts";
import { readBlob } from "./readBlob.ts";
import {
  appendBlock,
  deleteBlob,
  getBlockList,
  putBlob,
  putBlock,
  putBlockList,
  setMetadata,
  setProperties,
} from "./writeBlob.ts";

type Operation = (ask: BlobRequest) => Promise<void>;

/** By method and `comp`. */
const OF_BLOBS: Readonly<Record<string, Operation>> = {
  "GET ": readBlob,
  "HEAD ": readBlob,
  "GET metadata": readBlob,
  "HEAD metadata": readBlob,
  "PUT ": putBlob,
  "DELETE ": deleteBlob,
  "PUT block": putBlock,
  "PUT blocklist": putBlockList,
  "GET blocklist": getBlockList,
  "PUT appendblock": appendBlock,
  "PUT properties": setProperties,
  "PUT metadata": setMetadata,
};
const OF_CONTAINERS: Readonly<Record<string, Operation>> = {
  "GET list": listBlobs,
  "GET ": containerProperties,
  "HEAD ": containerProperties,
  "GET metadata": containerProperties,
  "HEAD metadata": containerProperties,
  "PUT ": createContainer,
};

/** What would change the meaning of a request and is not done here. */
const REFUSED_HEADERS = [
  "x-ms-encryption-key",
  "x-ms-encryption-scope",
  "x-ms-if-tags",
  "x-ms-lease-id",
  "x-ms-source-if-match",
  "x-ms-source-if-modified-since",
  "x-ms-source-if-none-match",
  "x-ms-source-if-tags",
  "x-ms-source-if-unmodified-since",
  "x-ms-source-range",
  "x-ms-tags",
] as const;
const REFUSED_QUERY = ["snapshot", "versionid"] as const;

/** The version that clients are told when they name none. */
const VERSION = "2021-08-06";

export function addBlobSurface(app: FastifyInstance, edge: Edge): void {
  for (const url of ["/:container(^azureml[^/]*$)", "/:container(^azureml[^/]*$)/*"]) {
    app.route({
      method: ["GET", "HEAD", "PUT", "DELETE"],
      url,
      handler: async (request, reply) => {
        const version = request.headers["x-ms-version"];
        reply.headers({
          "x-ms-version":
            typeof version === "string" && /^\d{4}-\d\d-\d\d$/.test(version) ? version : VERSION,
          server: "Malachite",
        });
        refuseUnlessReady(edge);
        const ask = readBlobRequest(request, reply, edge);
        await operationOf(ask)(ask);
        return reply;
      },
    });
  }
}

function operationOf(ask: BlobRequest): Operation {
  const header = REFUSED_HEADERS.find((name) => ask.header(name) !== undefined);
  if (header) throw invalid("UnsupportedHeader", `The header ${header} is not supported.`);
  const parameter = REFUSED_QUERY.find((name) => ask.query.get(name));
  if (parameter)
    throw invalid("UnsupportedQueryParameter", `The query parameter ${parameter} is not supported.`);
  const comp = ask.query.get("comp")?.toLowerCase() ?? "";
  if (ask.header("x-ms-copy-source") !== undefined) {
    // Blocks and blobs from an address (Put Block From URL, Put Blob From URL) have the same header, and no body.
    if (comp === "" && ask.blob !== "" && ask.header("x-ms-blob-type") === undefined) return copyBlob;
    throw invalid("UnsupportedHeader", "The header x-ms-copy-source is supported for Copy Blob alone.");
  }
  const table = ask.blob === "" ? OF_CONTAINERS : OF_BLOBS;
  const operation = table[`${ask.request.method} ${comp}`];
  if (operation) return operation;
  throw invalid(
    "UnsupportedQueryParameter",
    `There is no operation ${ask.request.method}${comp === "" ? "" : ` with comp=${comp.slice(0, 50)}`} on a ${ask.blob === "" ? "container" : "blob"} here.`,
  );
}
