// Sends a file: whole or one range, with validators, and so that a browser never runs it.
import { Readable } from "node:stream";
import { type Container, type Flow, MalachiteError, type OpenRunFile } from "@malachite/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { disposition, HARMLESS } from "./harmless.ts";
import { inlineHeaders } from "./inline.ts";
import { sentOn } from "./sendOn.ts";

/** What an error about a file keeps of the headers that the file would have had. */
const KEPT = /^(?:x-|access-control-|vary$)/;

/** Answers with an archive that is made while it is sent. */
export function sendZip(
  reply: FastifyReply,
  name: string,
  zip: AsyncIterable<Uint8Array>,
  type = "application/zip",
): undefined {
  reply
    .headers({
      "content-type": type,
      "content-disposition": disposition(name),
      "x-content-type-options": "nosniff",
    })
    .send(Readable.from(zip, { objectMode: false }));
}

/** Answers with the file. Throws ArtifactNotFound, BadRange. */
export async function sendFile(
  ask: Sending,
  flow: Pick<Flow, "openFile">,
  at: Container,
  path: string,
  as: "attachment" | "inline" = "attachment",
  /** Whether the reader may be sent on to where the file lies: it came by a link, without a token that would come along. */
  sendsOn = false,
): Promise<void> {
  const file = await flow.openFile(at, path);
  if (as === "attachment") {
    const headers = { contentType: "application/octet-stream", contentDisposition: disposition(path) };
    const isSentOn = sendsOn && (await sentOn(ask.request, ask.reply, file, Date.now(), headers));
    if (!isSentOn) return sendOpenFile(ask, file);
    return file[Symbol.asyncDispose]();
  }
  const start = await firstBytes(file).catch(async (error) => {
    await file[Symbol.asyncDispose]();
    throw error;
  });
  return sendOpenFile(ask, file, inlineHeaders(path, start));
}

type Sending = { readonly request: FastifyRequest; readonly reply: FastifyReply };
/** What is sent of a file; one without a time has its bytes for ever. */
type Sendable = Pick<OpenRunFile, "read" | typeof Symbol.asyncDispose> & {
  readonly info: Pick<OpenRunFile["info"], "path" | "sizeBytes" | "etag"> & { readonly changedAt?: number };
};

/** The same of a file that is open; it is closed however it ends. `headers` say how a browser takes it. */
export async function sendOpenFile(
  ask: Sending,
  file: Sendable,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  let body: Readable | undefined;
  try {
    body = answer(ask, file, headers);
  } finally {
    if (body === undefined) await file[Symbol.asyncDispose]();
  }
  if (body === undefined) return;
  // Also when the reader goes away before the first byte.
  body.once("close", () => void file[Symbol.asyncDispose]());
  ask.reply.send(body);
}

async function firstBytes({ info, read }: OpenRunFile): Promise<Uint8Array> {
  for await (const piece of read(0, Math.min(info.sizeBytes, 1024))) return piece;
  return new Uint8Array();
}

/** Answers what needs no stream; else answers the stream that is to be sent. Throws BadRange. */
function answer(
  { request, reply }: Sending,
  { info, read }: Sendable,
  headers: Readonly<Record<string, string>>,
): Readable | undefined {
  const etag = `"${info.etag.replace(/[^\x21\x23-\x7e]/g, "_")}"`;
  reply.headers({
    ...HARMLESS,
    etag,
    ...(info.changedAt === undefined ? {} : { "last-modified": new Date(info.changedAt).toUTCString() }),
    "accept-ranges": "bytes",
    "cache-control": "private, no-cache",
    "content-disposition": disposition(info.path),
    "content-type": "application/octet-stream",
    ...headers,
  });
  if (matches(request.headers["if-none-match"], etag)) {
    reply.removeHeader("content-type").removeHeader("content-disposition").code(304).send();
    return undefined;
  }
  const ifRange = request.headers["if-range"];
  const wanted = request.headers.range ?? one(request.headers["x-ms-range"]);
  const usable = ifRange === undefined || ifRange === etag;
  const range = usable && wanted !== undefined ? parseRange(wanted, info.sizeBytes) : undefined;
  if (range === "outside") {
    for (const name of Object.keys(reply.getHeaders())) if (!KEPT.test(name)) reply.removeHeader(name);
    reply.header("content-range", `bytes */${info.sizeBytes}`);
    throw new MalachiteError(
      "BadRange",
      `The range '${String(wanted).slice(0, 100)}' is not inside the file, which is ${info.sizeBytes} bytes long.`,
      { target: "Range" },
    );
  }
  const { from, to } = range ?? { from: 0, to: info.sizeBytes };
  if (range) reply.code(206).header("content-range", `bytes ${from}-${to - 1}/${info.sizeBytes}`);
  reply.header("content-length", to - from);
  if (request.method === "HEAD" || from === to) {
    reply.send(request.method === "HEAD" ? undefined : "");
    return undefined;
  }
  return Readable.from(exactly(read(from, to), to - from), { objectMode: false });
}

/** Exactly that many bytes: a file that has become shorter must cut the answer, never end it as if it were whole. */
export async function* exactly(bytes: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const chunk of bytes) {
    if (chunk.byteLength >= left) {
      yield chunk.subarray(0, left);
      return;
    }
    left -= chunk.byteLength;
    yield chunk;
  }
  throw new Error(`The file ended ${left} bytes before its size.`);
}

/**
 * Reads a Range header as RFC 9110 says: `to` is the byte after the last. Undefined for what may be ignored (other units,
 * broken syntax, several ranges: the whole file is sent then); `outside` for a range that has no byte of the file.
 */
export function parseRange(
  header: string,
  sizeBytes: number,
): { readonly from: number; readonly to: number } | "outside" | undefined {
  const match = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header);
  const [first, last] = [match?.[1] ?? "", match?.[2] ?? ""];
  if (!match || (first === "" && last === "")) return undefined;
  if (first === "") {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? "outside" : { from: sizeBytes - length, to: sizeBytes };
  }
  const from = Number(first);
  const to = last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== "" && Number(last) < from) return undefined;
  return from >= sizeBytes ? "outside" : { from, to };
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === "*" || header.split(",").some((one) => one.trim().replace(/^W\//, "") === etag));

const one = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;
