// Answers with a stream of server-sent events.
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";

/** A signal that aborts when the asker has gone, or the server closes. */
export function whileThere(reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return AbortSignal.any([gone.signal, closing]);
}

/** Sends the frames as they come; to HEAD only what the stream would be. */
export function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  frames: AsyncIterable<string>,
): void {
  reply.headers({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  });
  // A byte stream, so that what waits for a slow reader is counted in bytes; it asks for no more while that is much.
  reply.send(request.method === "HEAD" ? undefined : Readable.from(frames, { objectMode: false }));
}
