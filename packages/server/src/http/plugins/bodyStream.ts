// The raw body of a request as a stream that may be left early, and the watch over bodies that do not come.
import type { IncomingMessage } from "node:http";

/** The body. Leaving the loop early keeps the connection, so that an answer can still be sent on it. */
export async function* bodyStream(raw: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const chunk of raw.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
}

/** The fewest bytes in a span that count as progress. Slower than any line that can be worked with. */
const PROGRESS_BYTES = 1024;

/**
 * Cuts connections whose request body has stopped coming. A body may take as long as it needs while it makes progress, so
 * there is no limit on the whole; time in which this service itself is slow to read does not count.
 */
export function createStallWatch(stalledAfterMs: number): {
  watch(raw: IncomingMessage): void;
  stop(): void;
} {
  /** Bytes read of the socket at the last look; -1 for a body that was not looked at yet. */
  const open = new Map<IncomingMessage, number>();
  const look = () => {
    for (const [raw, before] of open) {
      const { socket } = raw;
      if (raw.complete || socket.destroyed) open.delete(raw);
      else if (before < 0 || raw.readableLength >= raw.readableHighWaterMark) open.set(raw, socket.bytesRead);
      else if (socket.bytesRead - before < PROGRESS_BYTES) {
        open.delete(raw);
        raw.destroy(new Error("The request body stopped coming."));
      } else open.set(raw, socket.bytesRead);
    }
  };
  const timer = setInterval(look, stalledAfterMs);
  timer.unref();
  return {
    watch(raw) {
      if (raw.complete) return;
      open.set(raw, -1);
      raw.once("close", () => open.delete(raw));
    },
    stop: () => clearInterval(timer),
  };
}
