// Finds the lines of a block that have a text or match an expression.
import type { Block } from "./blocks.ts";
import { countLineFeeds } from "./countLineFeeds.ts";
import { byteOfUnit, excerpt, withoutReturn } from "./shownText.ts";
import type { Beat } from "./source.ts";

const LF = 10;

/** A line with a match: its first. Offsets are those of the file. */
export type Hit = {
  readonly line: number;
  readonly lineOffset: number;
  /** Where the next line begins; of a line that goes on behind the block, where the block ends. */
  readonly end: number;
  readonly offset: number;
  readonly text: string;
  readonly at: number;
  readonly length: number;
};

/** The expression is broken. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

export type Matcher = {
  /** How a line that is too long for a block is cut: a match that lies across a cut by more than the overlap is not found. */
  readonly partBytes: number;
  readonly overlapBytes: number;
  hits(block: Block, beat: Beat): Generator<Hit>;
};

/** A whole piece: looking for bytes, or for a text, takes time in proportion. */
const PART_BYTES = 1024 * 1024;
/** An expression may take the square of it. */
const REGEX_PART_BYTES = 64 * 1024;
const REGEX_OVERLAP_BYTES = 4 * 1024;

export type Pattern = { readonly text: string; readonly regex: boolean; readonly ignoreCase: boolean };

/** Throws PatternError. */
export function createMatcher({ text, regex, ignoreCase }: Pattern): Matcher {
  if (regex) {
    const expression = compile(text, ignoreCase ? "iu" : "u");
    return {
      partBytes: REGEX_PART_BYTES,
      overlapBytes: REGEX_OVERLAP_BYTES,
      hits: (block, beat) => hitsByLine(block, expression, beat),
    };
  }
  const needle = Buffer.from(text);
  const overlap = { partBytes: PART_BYTES, overlapBytes: needle.length * 3 };
  // No line has a line feed in it.
  if (needle.includes(LF)) return { ...overlap, hits: function* () {} };
  if (!ignoreCase) return { ...overlap, hits: (block) => hitsOfBytes(block, needle) };
  const expression = compile(text.replace(/[\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
  return { ...overlap, hits: (block) => hitsOfText(block, expression) };
}

function compile(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new PatternError(error instanceof Error ? error.message : String(error));
  }
}

function* hitsOfBytes(block: Block, needle: Buffer): Generator<Hit> {
  const { bytes } = block;
  const place = new LinePlace(block);
  for (let at = 0; ; ) {
    const found = bytes.indexOf(needle, at);
    if (found < 0) return;
    const start = bytes.lastIndexOf(LF, found) + 1;
    const end = endOf(bytes, found);
    place.goTo(start);
    const line = withoutReturn(bytes.subarray(start, end));
    // Only as much of a long line as is shown.
    const near = Math.max(0, found - start - 2000);
    const text = line.toString("utf8", near, found - start + 2000);
    const from = line.toString("utf8", near, found - start).length;
    const length = needle.toString("utf8").length;
    yield { ...place.of(end), offset: block.offset + found, ...excerpt(text, from, from + length) };
    at = end + 1;
  }
}

/** The text of the whole block is searched at once, which is quick where there is nothing. */
function* hitsOfText(block: Block, expression: RegExp): Generator<Hit> {
  const text = block.bytes.toString("utf8");
  const lines = new TextLines(block, text);
  for (let at = 0; ; ) {
    expression.lastIndex = at;
    const match = expression.exec(text);
    if (match === null) return;
    const start = match.index === 0 ? 0 : text.lastIndexOf("\n", match.index - 1) + 1;
    const { end, ...hit } = lines.hit(start, match.index - start, match[0].length);
    yield hit.hit;
    at = end + 1;
    if (at >= text.length) return;
  }
}

/** Line by line, since an expression may look across a line's end. */
function* hitsByLine(block: Block, expression: RegExp, beat: Beat): Generator<Hit> {
  const text = block.bytes.toString("utf8");
  const lines = new TextLines(block, text);
  for (let start = 0, line = block.line; start < text.length; line += 1) {
    beat(line);
    const feed = text.indexOf("\n", start);
    const end = feed < 0 ? text.length : feed;
    const match = expression.exec(text.slice(start, end > start && text[end - 1] === "\r" ? end - 1 : end));
    if (match !== null) yield lines.hit(start, match.index, match[0].length).hit;
    start = end + 1;
  }
}

const endOf = (bytes: Buffer, from: number): number => {
  const end = bytes.indexOf(LF, from);
  return end < 0 ? bytes.length : end;
};

/** Goes through the lines of a block, and knows their numbers. */
class LinePlace {
  readonly #block: Block;
  #line: number;
  #start = 0;

  constructor(block: Block) {
    this.#block = block;
    this.#line = block.line;
  }

  /** `start` is where a line of the block begins, not before the last one. */
  goTo(start: number): void {
    this.#line += countLineFeeds(this.#block.bytes, this.#start, start);
    this.#start = start;
  }

  /** So many lines on. Answers where that one begins. */
  goOn(lines: number): number {
    for (let i = 0; i < lines; i += 1) this.#start = this.#block.bytes.indexOf(LF, this.#start) + 1;
    this.#line += lines;
    return this.#start;
  }

  of(end: number): { readonly line: number; readonly lineOffset: number; readonly end: number } {
    const { offset, lineOffset, bytes } = this.#block;
    return {
      line: this.#line,
      // The first line may have begun in a block before.
      lineOffset: this.#start === 0 ? lineOffset : offset + this.#start,
      end: offset + Math.min(end + 1, bytes.length),
    };
  }
}

/** The lines of a block's text, and where they are among its bytes. */
class TextLines {
  readonly #block: Block;
  readonly #text: string;
  /** Every byte is a character by itself, so that both have the same places. */
  readonly #plain: boolean;
  readonly #place: LinePlace;
  #at = 0;

  constructor(block: Block, text: string) {
    this.#block = block;
    this.#text = text;
    this.#plain = text.length === block.bytes.length;
    this.#place = new LinePlace(block);
  }

  /** `start` is where the line begins in the text, `from` where in the line the match begins. `end` is the line's end in the text. */
  hit(start: number, from: number, length: number): { readonly hit: Hit; readonly end: number } {
    const { bytes, offset } = this.#block;
    const text = this.#text;
    const feed = text.indexOf("\n", start);
    const end = feed < 0 ? text.length : feed;
    let lineStart = start;
    if (this.#plain) this.#place.goTo(start);
    else lineStart = this.#place.goOn(feedsIn(text, this.#at, start));
    this.#at = start;
    const lineEnd = this.#plain ? end : endOf(bytes, lineStart);
    const byte = this.#plain ? from : byteOfUnit(bytes.subarray(lineStart, lineEnd), from);
    const line = text.slice(start, end > start && text[end - 1] === "\r" ? end - 1 : end);
    const hit = {
      ...this.#place.of(lineEnd),
      offset: offset + lineStart + byte,
      ...excerpt(line, from, from + length),
    };
    return { hit, end };
  }
}

function feedsIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
