// GET and HEAD of a blob: whole or one range, of one version from beginning to end.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { MalachiteError, type OpenBlob } from "@malachite/core";
import { exactly, parseRange } from "../content.ts";
import { HARMLESS } from "../harmless.ts";
import { readBytes } from "../plugins/jsonBody.ts";
import { sentOn } from "../sendOn.ts";
import { factHeaders, sendMetadata, versionHeaders } from "./blobAnswer.ts";
import { addressOf, type BlobRequest, demand, invalid } from "./blobRequest.ts";
import { readCondition } from "./conditions.ts";

/** The longest range of which Azure tells the MD5. */
const LONGEST_MD5_RANGE = 4 * 1024 * 1024;

export async function readBlob(ask: BlobRequest): Promise<void> {
  demand(ask, "r");
  const blob = await ask.edge.flow.blobs.open(addressOf(ask));
  if (!blob) throw new MalachiteError("BlobNotFound", "There is no blob of that name.");
  let body: Readable | undefined;
  try {
    if (await sentOn(ask.request, ask.reply, blob, Date.now(), {})) return;
    body = await answer(ask, blob);
  } finally {
    if (body === undefined) await blob[Symbol.asyncDispose]();
  }
  if (body === undefined) return;
  // Also when the reader goes away before the first byte.
  body.once("close", () => void blob[Symbol.asyncDispose]());
  ask.reply.send(body);
}

/** Answers what needs no stream; else answers the stream that is to be sent. */
async function answer(ask: BlobRequest, blob: OpenBlob): Promise<Readable | undefined> {
  const { request, reply } = ask;
  const { info } = blob;
  if (readCondition(ask, info) === "unchanged") {
    reply
      .code(304)
      .headers({ ...versionHeaders(info), "x-ms-error-code": "ConditionNotMet" })
      .send();
    return undefined;
  }
  const range = request.method === "HEAD" ? undefined : rangeOf(ask, info.sizeBytes);
  const { from, to } = range ?? { from: 0, to: info.sizeBytes };
  const bytes = () => exactly(blob.read(from, to), to - from);
  reply.headers({ ...factHeaders(info, range !== undefined), ...HARMLESS, "content-length": to - from });
  sendMetadata(reply, info);
  if (range) reply.code(206).header("content-range", `bytes ${from}-${to - 1}/${info.sizeBytes}`);
  if (request.method === "HEAD" || from === to) {
    reply.send(request.method === "HEAD" ? undefined : "");
    return undefined;
  }
  if (range && ask.header("x-ms-range-get-content-md5")?.toLowerCase() === "true") {
    if (to - from > LONGEST_MD5_RANGE) {
      throw invalid(
        "OutOfRangeQueryParameterValue",
        `The MD5 of a range is told up to ${LONGEST_MD5_RANGE} bytes; ${to - from} were asked for.`,
      );
    }
    const all = await readBytes(bytes(), LONGEST_MD5_RANGE);
    reply.header("content-md5", createHash("md5").update(all).digest("base64")).send(all);
    return undefined;
  }
  return Readable.from(bytes(), { objectMode: false });
}

/** Throws BadRange when there is nothing of it in the blob. */
function rangeOf(ask: BlobRequest, sizeBytes: number) {
  const wanted = ask.header("x-ms-range") ?? ask.header("range");
  const range = wanted === undefined ? undefined : parseRange(wanted, sizeBytes);
  if (range !== "outside") return range;
  ask.reply.header("content-range", `bytes */${sizeBytes}`);
  throw new MalachiteError(
    "BadRange",
    `The range '${wanted?.slice(0, 100)}' is not inside the blob, which is ${sizeBytes} bytes long.`,
  );
}
