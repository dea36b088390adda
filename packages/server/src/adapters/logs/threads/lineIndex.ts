// The lines of a log, counted as its bytes come, and marks: where some of them begin. Depends on the bytes alone, not on how they
// come, so that one which goes on later is the same as one made in one go.
import { countLineFeeds } from "./countLineFeeds.ts";

const LF = 10;
export const MOST_MARKS = 4096;
const FIRST_GAP_BYTES = 16 * 1024;

export type Marks = { readonly lines: readonly number[]; readonly offsets: readonly number[] };

/** All that is known after so many bytes. */
export type LineState = {
  readonly scanned: number;
  readonly lineFeeds: number;
  readonly ended: boolean;
  readonly gapBytes: number;
  readonly marks: Marks;
};

export const NO_LINES: LineState = {
  scanned: 0,
  lineFeeds: 0,
  ended: true,
  gapBytes: FIRST_GAP_BYTES,
  marks: { lines: [1], offsets: [0] },
};

/**
 * A mark stands at the first line that begins in each stretch of `gapBytes`; a line longer than that has none inside, and one right
 * behind it.
 */
export class LineIndex {
  #scanned: number;
  #lineFeeds: number;
  #ended: boolean;
  #gap: number;
  #lines: number[];
  #offsets: number[];
  /** The next mark stands at the first line that begins here or behind. */
  #wanted: number;

  constructor(state: LineState = NO_LINES) {
    this.#scanned = state.scanned;
    this.#lineFeeds = state.lineFeeds;
    this.#ended = state.ended;
    this.#gap = state.gapBytes;
    this.#lines = [...state.marks.lines];
    this.#offsets = [...state.marks.offsets];
    this.#wanted = this.#after();
  }

  /** Takes the bytes that follow. */
  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    let at = 0;
    while (at < bytes.length) {
      // A line begins behind a line feed.
      const look = Math.max(at, this.#wanted - 1 - this.#scanned);
      if (look >= bytes.length) break;
      this.#lineFeeds += countLineFeeds(bytes, at, look);
      at = look;
      const end = bytes.indexOf(LF, at);
      if (end < 0) {
        at = bytes.length;
        break;
      }
      this.#lineFeeds += 1;
      at = end + 1;
      this.#mark(this.#scanned + at);
    }
    this.#lineFeeds += countLineFeeds(bytes, at);
    this.#ended = bytes[bytes.length - 1] === LF;
    this.#scanned += bytes.length;
  }

  state(): LineState {
    return {
      scanned: this.#scanned,
      lineFeeds: this.#lineFeeds,
      ended: this.#ended,
      gapBytes: this.#gap,
      marks: { lines: this.#lines, offsets: this.#offsets },
    };
  }

  #mark(offset: number): void {
    this.#lines.push(this.#lineFeeds + 1);
    this.#offsets.push(offset);
    if (this.#lines.length > MOST_MARKS) this.#widen();
    this.#wanted = this.#after();
  }

  #widen(): void {
    this.#gap *= 2;
    let stretch = -1;
    const kept = this.#offsets.map((offset) => {
      const own = Math.floor(offset / this.#gap);
      const first = own !== stretch;
      stretch = own;
      return first;
    });
    this.#lines = this.#lines.filter((_, i) => kept[i]);
    this.#offsets = this.#offsets.filter((_, i) => kept[i]);
  }

  #after(): number {
    const last = this.#offsets.at(-1) ?? 0;
    return (Math.floor(last / this.#gap) + 1) * this.#gap;
  }
}

/** How many lines that is, the last one also when nothing ends it. */
export const linesOf = ({ lineFeeds, ended }: LineState): number => lineFeeds + (ended ? 0 : 1);

/** The last mark that is not behind, by line or by offset. */
export function markBefore(
  { lines, offsets }: Marks,
  by: "lines" | "offsets",
  value: number,
): { readonly index: number; readonly line: number; readonly offset: number } {
  const keys = by === "lines" ? lines : offsets;
  let [low, high] = [0, keys.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((keys[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return { index: low, line: lines[low] as number, offset: offsets[low] as number };
}
