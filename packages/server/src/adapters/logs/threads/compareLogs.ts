// Finds the first line in which two logs differ.
import { withoutIgnored } from "@malachite/core";
import { type Block, blocks } from "./blocks.ts";
import { countLineFeeds } from "./countLineFeeds.ts";
import { withoutReturn } from "./shownText.ts";
import type { Beat, LogSource } from "./source.ts";

const LF = 10;
const CR = 13;
const PART_BYTES = 1024 * 1024;

export type CompareAsk = { readonly ignore: readonly ("times" | "numbers")[] };
/** The number of the line, and where it begins in each; the ends, when none differs. */
export type Difference = {
  readonly same: boolean;
  readonly line: number;
  readonly left: number;
  readonly right: number;
};

export const compareLogs = (
  { ignore }: CompareAsk,
  left: LogSource,
  right: LogSource,
  beat: Beat,
): Promise<Difference> =>
  ignore.length === 0 ? compareBytes(left, right, beat) : compareLines(ignore, left, right, beat);

async function compareBytes(left: LogSource, right: LogSource, beat: Beat): Promise<Difference> {
  const shared = Math.min(left.sizeBytes, right.sizeBytes);
  let line = 1;
  let lineOffset = 0;
  let offset = 0;
  await using one = left.pieces(0, shared);
  await using other = right.pieces(0, shared);
  let [a, b] = [Buffer.alloc(0), Buffer.alloc(0)] as [Buffer, Buffer];
  while (offset < shared) {
    beat(line);
    if (a.length === 0) a = (await one.next()).value as Buffer;
    if (b.length === 0) b = (await other.next()).value as Buffer;
    const length = Math.min(a.length, b.length);
    const same = sameBytes(a.subarray(0, length), b.subarray(0, length));
    line += countLineFeeds(a, 0, same);
    const feed = same === 0 ? -1 : a.lastIndexOf(LF, same - 1);
    if (feed >= 0) lineOffset = offset + feed + 1;
    if (same < length) return { same: false, line, left: lineOffset, right: lineOffset };
    offset += length;
    a = a.subarray(length);
    b = b.subarray(length);
  }
  const whole = left.sizeBytes === right.sizeBytes;
  const open = lineOffset < shared;
  const end = whole || !open ? 0 : await endAt(shared, left.sizeBytes > shared ? left : right);
  if (!whole && open && end === 0) return { same: false, line, left: lineOffset, right: lineOffset };
  const places = {
    left: Math.min(left.sizeBytes, shared + end),
    right: Math.min(right.sizeBytes, shared + end),
  };
  const same = places.left === left.sizeBytes && places.right === right.sizeBytes;
  return { same, line: open ? line + 1 : line, ...places };
}

/** The bytes of a line's end at that place; 0 where none is. A last line without its end is still the same line. */
async function endAt(offset: number, source: LogSource): Promise<number> {
  let bytes = Buffer.alloc(0);
  for await (const piece of source.pieces(offset, Math.min(source.sizeBytes, offset + 2)))
    bytes = Buffer.concat([bytes, piece]);
  const end = bytes.indexOf(LF);
  return end === 0 || (end === 1 && bytes[0] === CR) ? end + 1 : 0;
}

/** How many bytes at the beginning are the same. */
function sameBytes(a: Buffer, b: Buffer): number {
  if (a.equals(b)) return a.length;
  let [same, differ] = [0, a.length];
  // Up to `same` they are the same, up to `differ` they are not.
  while (differ - same > 1) {
    const middle = (same + differ) >> 1;
    if (a.subarray(same, middle).equals(b.subarray(same, middle))) same = middle;
    else differ = middle;
  }
  return same;
}

/** Parts of a line that is longer than a block are compared one by one. */
async function compareLines(
  ignore: CompareAsk["ignore"],
  left: LogSource,
  right: LogSource,
  beat: Beat,
): Promise<Difference> {
  await using one = new Lines(left, beat);
  await using other = new Lines(right, beat);
  for (let line = 1; ; line += 1) {
    const a = one.next() ?? ((await one.more()) ? one.next() : undefined);
    const b = other.next() ?? ((await other.more()) ? other.next() : undefined);
    const places = { left: a?.lineOffset ?? left.sizeBytes, right: b?.lineOffset ?? right.sizeBytes };
    if (a === undefined || b === undefined)
      return { same: a === b, line: a?.line ?? b?.line ?? one.lines + 1, ...places };
    if ((line & 1023) === 0) beat(a.line);
    if (a.bytes.equals(b.bytes)) continue;
    const same =
      withoutIgnored(a.bytes.toString("utf8"), ignore) === withoutIgnored(b.bytes.toString("utf8"), ignore);
    if (!same) return { same: false, line: a.line, ...places };
  }
}

type Line = { readonly bytes: Buffer; readonly line: number; readonly lineOffset: number };

/** The lines of a log, those of a block without waiting. */
class Lines implements AsyncDisposable {
  readonly #blocks: AsyncGenerator<Block>;
  #block: Block | undefined;
  #at = 0;
  #line = 1;
  lines = 0;

  constructor(source: LogSource, beat: Beat) {
    const start = { line: 1, offset: 0 };
    this.#blocks = blocks({ start, partBytes: PART_BYTES, overlapBytes: 0 }, source, beat);
  }

  /** The next line of the block; undefined behind its last. */
  next(): Line | undefined {
    const block = this.#block;
    if (block === undefined || this.#at >= block.bytes.length) return undefined;
    const feed = block.bytes.indexOf(LF, this.#at);
    const end = feed < 0 ? block.bytes.length : feed;
    const lineOffset = this.#at === 0 ? block.lineOffset : block.offset + this.#at;
    const found = {
      bytes: withoutReturn(block.bytes.subarray(this.#at, end)),
      line: this.#line,
      lineOffset,
    };
    this.lines = this.#line;
    this.#at = end + 1;
    this.#line += 1;
    return found;
  }

  /** Whether there is another block. */
  async more(): Promise<boolean> {
    const { value, done } = await this.#blocks.next();
    if (done) return false;
    this.#block = value;
    this.#at = 0;
    this.#line = value.line;
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#blocks.return(undefined);
  }
}
