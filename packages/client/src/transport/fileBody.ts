// The files a caller hands over, made into request bodies. A body that can be made again can be sent again.
import type { HttpHeaders, MultipartRequestBody, RequestBodyType } from "@azure/core-rest-pipeline";

/** A stream of bytes: a web stream, or anything that can be iterated (a Node stream can). */
export type ByteSource = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** The content of a file. A function is called once for each attempt, so that a failed upload can be repeated. */
export type FileBody = Blob | Uint8Array | string | (() => ByteSource) | ByteSource;

/** One file of a multipart form. */
export type MultipartFile = {
  readonly name: string;
  readonly filename: string;
  readonly contentType: string;
  readonly content: FileBody;
};

type NodeStreams = {
  Readable: { from(source: AsyncIterable<Uint8Array>, options: { objectMode: boolean }): unknown };
};
type NodeProcess = { getBuiltinModule?: (name: "node:stream") => NodeStreams };

/** False for a stream itself, which can be read once only. */
export function isReplayable(body: FileBody | undefined): boolean {
  return (
    body === undefined ||
    typeof body === "string" ||
    typeof body === "function" ||
    body instanceof Uint8Array ||
    isBlob(body)
  );
}

/** A body as the HTTP client of this platform takes it. */
export function sendable(body: FileBody): RequestBodyType {
  if (typeof body === "string" || body instanceof Uint8Array) return body as RequestBodyType;
  if (typeof body === "function") return (() => platformStream(body())) as RequestBodyType;
  // Node's client takes no Blob, and a browser sends a Blob better than a stream of it.
  if (isBlob(body)) return nodeStreams() ? ((() => platformStream(body.stream())) as RequestBodyType) : body;
  return platformStream(body) as RequestBodyType;
}

/** A multipart form of files, in the given order. */
export function multipartOf(
  files: readonly MultipartFile[],
  createHeaders: (headers: Record<string, string>) => HttpHeaders,
): MultipartRequestBody {
  return {
    parts: files.map((file) => ({
      headers: createHeaders({
        "Content-Disposition": `form-data; name="${file.name}"; filename="${quotable(file.filename)}"`,
        "Content-Type": file.contentType,
      }),
      body: partBody(file.content),
    })),
  };
}

type PartBody = MultipartRequestBody["parts"][number]["body"];

function partBody(body: FileBody): PartBody {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof Uint8Array || isBlob(body)) return body;
  if (typeof body === "function") return (() => platformStream(body())) as PartBody;
  return platformStream(body) as PartBody;
}

/** As browsers write a file name into a form: quotes and line ends are percent-encoded. */
const quotable = (name: string): string =>
  name.replace(/[\r\n"]/g, (c) => (c === '"' ? "%22" : c === "\r" ? "%0D" : "%0A"));

function platformStream(source: ByteSource): unknown {
  const streams = nodeStreams();
  if (!streams) return "getReader" in source ? source : webStream(source);
  return "pipe" in source ? source : streams.Readable.from(iterable(source), { objectMode: false });
}

const iterable = (source: ByteSource): AsyncIterable<Uint8Array> => source as AsyncIterable<Uint8Array>;

function webStream(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return?.();
    },
  });
}

/** Node's streams, without an import that a bundler for browsers would stumble over. */
function nodeStreams(): NodeStreams | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.getBuiltinModule?.("node:stream");
}

const isBlob = (value: unknown): value is Blob => typeof Blob !== "undefined" && value instanceof Blob;
