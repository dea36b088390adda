// A log in blocks of whole lines, so that each can be looked at by itself. A line that is too long for that comes in parts.
import { countLineFeeds } from "./countLineFeeds.ts";
import type { Beat, LogSource } from "./source.ts";

const LF = 10;

export type Block = {
  readonly bytes: Buffer;
  /** Where they begin. */
  readonly offset: number;
  /** The number of the first line, and where it begins: before the block for a part that is not the first. */
  readonly line: number;
  readonly lineOffset: number;
  /** The last line goes on in the next block. */
  readonly open: boolean;
};

export type BlocksAsk = {
  /** A line, and where it begins. */
  readonly start: { readonly line: number; readonly offset: number };
  /** Parts of a longer line are so long, and the next begins with the last bytes of the one before. */
  readonly partBytes: number;
  readonly overlapBytes: number;
  /** Lines that begin here or behind are left out. */
  readonly until?: number;
};

/** The bytes of a block are good until the next is asked for. */
export async function* blocks(ask: BlocksAsk, source: LogSource, beat: Beat): AsyncGenerator<Block> {
  const { start, partBytes, overlapBytes, until = Number.POSITIVE_INFINITY } = ask;
  let { line, offset: lineOffset } = start;
  let offset = start.offset;
  let carried: Buffer = Buffer.alloc(0);
  for await (const piece of source.pieces(start.offset)) {
    beat(line);
    let bytes = carried.length === 0 ? piece : Buffer.concat([carried, piece]);
    // The end of the last line that begins before the bound.
    const past = until - offset;
    const last = past < bytes.length ? bytes.indexOf(LF, Math.max(0, past - 1)) : -1;
    const end = last >= 0 ? last : bytes.lastIndexOf(LF);
    if (end >= 0) {
      const whole = bytes.subarray(0, end + 1);
      yield { bytes: whole, offset, line, lineOffset, open: false };
      line += countLineFeeds(whole);
      offset += whole.length;
      lineOffset = offset;
      bytes = bytes.subarray(whole.length);
      if (offset >= until) return;
    }
    carried = Buffer.from(bytes);
    if (carried.length < partBytes) continue;
    for (let at = 0; ; at += partBytes - overlapBytes) {
      if (carried.length - at < partBytes) {
        carried = carried.subarray(at);
        break;
      }
      const bytes = carried.subarray(at, at + partBytes);
      yield { bytes, offset, line, lineOffset, open: true };
      offset += partBytes - overlapBytes;
    }
  }
  if (carried.length > 0) yield { bytes: carried, offset, line, lineOffset, open: false };
}
