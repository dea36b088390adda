// The body of an answer as a web stream, wherever the program runs.
import type { PipelineResponse } from "@azure/core-rest-pipeline";

/** Bytes as they arrive. Cancelling it, or leaving a `for await` over it, closes the connection. */
export type ByteStream = ReadableStream<Uint8Array>;

/** So much may have arrived before it is read; then the sender waits. */
const AHEAD_BYTES = 256 * 1024;

/** What is used of the stream that Node's HTTP client gives. */
type NodeReadable = {
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  pause(): unknown;
  resume(): unknown;
  destroy(error?: Error): unknown;
};

/** The body of a streamed answer; undefined when it has none. */
export async function streamOf(response: PipelineResponse): Promise<ByteStream | undefined> {
  if (response.browserStreamBody) return response.browserStreamBody as ByteStream;
  if (response.readableStreamBody) return fromNode(response.readableStreamBody as unknown as NodeReadable);
  const blob = await response.blobBody;
  if (blob) return blob.stream() as ByteStream;
  if (response.bodyAsText) return new Blob([response.bodyAsText]).stream() as ByteStream;
  return undefined;
}

export const emptyStream = (): ByteStream =>
  new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });

/**
 * A Node stream as a web stream. Bytes that have arrived are kept when the connection breaks after them: Node's own ways to
 * read a stream throw these away, and a line that breaks early each time would never bring anything.
 */
function fromNode(source: NodeReadable): ByteStream {
  const arrived: Uint8Array[] = [];
  let arrivedBytes = 0;
  let over: { readonly error?: Error } | undefined;
  let wake = (): void => {};
  const finish = (error?: Error): void => {
    over ??= { error };
    wake();
  };
  source.on("data", (chunk) => {
    arrived.push(chunk);
    arrivedBytes += chunk.byteLength;
    if (arrivedBytes >= AHEAD_BYTES) source.pause();
    wake();
  });
  source.on("end", () => finish());
  source.on("error", finish);
  source.on("close", () => finish(Object.assign(new Error("aborted"), { code: "ECONNRESET" })));
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (arrived.length === 0 && !over) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const chunk = arrived.shift();
        if (chunk) {
          arrivedBytes -= chunk.byteLength;
          if (arrivedBytes < AHEAD_BYTES) source.resume();
          controller.enqueue(chunk);
        } else if (over?.error) controller.error(over.error);
        else controller.close();
      },
      cancel() {
        source.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Iterates a stream in every browser, also in those whose streams are not iterable. Leaving the loop cancels the stream. */
export async function* chunksOf(stream: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    finished = true;
  } finally {
    if (!finished) await reader.cancel().catch(() => {}); // The stream may have failed already; that error is on its way.
    reader.releaseLock();
  }
}

/** The whole of a stream. */
export async function bytesOf(stream: ByteStream): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(stream)) {
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
