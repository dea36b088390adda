// A log as server-sent events: framed, cut at character borders, alive when silent, and no faster than its reader.
import { type LogEvent, printLogPlace, seamOf } from "@malachite/core";

/** A log piece is at most this long, so that one event never holds much. */
const LONGEST_PIECE = 64 * 1024;

/** Yields framed events. `wait` races what comes next against the heartbeat; see createBeat. */
export async function* frameEvents(
  events: AsyncIterable<LogEvent>,
  heartbeatMs: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const iterator = events[Symbol.asyncIterator]();
  const cutter = createCutter();
  const placer = createPlacer();
  yield ": following\n\n";
  try {
    let next = iterator.next();
    while (!signal.aborted) {
      const step = await within(next, heartbeatMs, signal);
      if (step === "beat") {
        yield ": alive\n\n";
        continue;
      }
      if (step === "aborted") return;
      if (step.done) return;
      const event = step.value;
      if (event.kind === "log") {
        placer.of(event);
        for (const piece of cutter.add(event.from, event.bytes)) yield frameLog(piece, placer.after(piece));
      } else if (event.kind === "status") {
        yield frame("status", { status: event.status });
      } else {
        for (const piece of cutter.flush()) yield frameLog(piece, placer.after(piece));
        if (event.kind === "restart") {
          placer.forget();
          yield frame("restart", { reason: event.reason }, "0");
        } else {
          yield frame("end", { status: event.status, to: event.to }, placer.last() ?? String(event.to));
          return;
        }
      }
      next = iterator.next();
    }
  } finally {
    // Not awaited: a source that waits for its next event would hold the answer open; the signal ends it.
    void iterator.return?.()?.catch(() => {});
  }
}

/** What comes first: the value, the time for a heartbeat, or the end of the follower. */
async function within<T>(
  value: Promise<T>,
  ms: number,
  signal: AbortSignal,
): Promise<T | "beat" | "aborted"> {
  if (signal.aborted) {
    value.catch(() => {});
    return "aborted";
  }
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const other = new Promise<"beat" | "aborted">((resolve) => {
    timer = setTimeout(() => resolve("beat"), ms);
    onAbort = () => resolve("aborted");
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([value, other]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener("abort", onAbort);
    value.catch(() => {});
  }
}

/** Bytes of the log from `from` up to but not including the offset after them. */
export type Piece = { readonly from: number; readonly bytes: Uint8Array };

/**
 * Cuts a byte stream into pieces that end at character borders, so that text stays text. At most three bytes, the beginning
 * of a character, are held back; they are given out with what follows, or by `flush`.
 */
export function createCutter(): {
  add(from: number, bytes: Uint8Array): Piece[];
  flush(): Piece[];
} {
  let held: Piece = { from: 0, bytes: new Uint8Array(0) };
  const flush = (): Piece[] => {
    const last = held;
    held = { from: last.from + last.bytes.length, bytes: new Uint8Array(0) };
    return last.bytes.length > 0 ? [last] : [];
  };
  return {
    add(from, bytes) {
      const pieces = held.from + held.bytes.length === from ? [] : flush();
      const start = held.bytes.length > 0 ? held.from : from;
      const all = held.bytes.length > 0 ? Buffer.concat([held.bytes, bytes]) : bytes;
      let at = 0;
      while (at < all.length) {
        const end = Math.min(all.length, at + LONGEST_PIECE);
        const cut = end - unfinished(all.subarray(at, end));
        // A piece that would be empty is the whole of what is held back.
        if (cut <= at) break;
        pieces.push({ from: start + at, bytes: all.subarray(at, cut) });
        at = cut;
        if (end === all.length) break;
      }
      held = { from: start + at, bytes: all.slice(at) };
      return pieces;
    },
    flush,
  };
}

/** How many bytes at the end begin a UTF-8 character that is not complete: 0 to 3. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}

/** The places of pieces in the log, as the ids of events: by them a follower takes it up again, and learns whether it is the same. */
export function createPlacer() {
  let seam: Uint8Array | undefined;
  let identity = "";
  let last: string | undefined;
  return {
    of(event: Extract<LogEvent, { kind: "log" }>): void {
      seam ??= event.before;
      identity = event.identity;
    },
    after({ from, bytes }: Piece): string {
      seam = seamOf(seam ?? new Uint8Array(), bytes);
      last = printLogPlace(from + bytes.length, identity, seam);
      return last;
    },
    last: () => last,
    forget(): void {
      seam = undefined;
      last = undefined;
    },
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const frameLog = (piece: Piece, place: string): string => frame("log", pieceData(piece), place);

/** A piece as JSON holds it: its text, or where it is none, its bytes. */
export function pieceData({ from, bytes }: Piece): {
  from: number;
  to: number;
  text?: string;
  base64?: string;
} {
  const to = from + bytes.length;
  let text: string | undefined;
  try {
    text = utf8.decode(bytes);
  } catch {
    // Not text: the bytes are sent as they are.
  }
  const data = text === undefined ? { base64: Buffer.from(bytes).toString("base64") } : { text };
  return { from, to, ...data };
}

/** One event. JSON has no line breaks of its own, so the data is one line whatever the text holds. */
export const frame = (event: string, data: object, id?: string): string =>
  `event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
