// Bytes of a log as text to show. What is not UTF-8 becomes U+FFFD, as everywhere; a cut never makes such a one.

const CR = 13;

/** At most `most` of the bytes, and no half of a character at the end. */
export function clipBytes(bytes: Buffer, most: number): Buffer {
  if (bytes.length <= most) return bytes;
  let end = most;
  // The byte behind the cut goes on with a character that begins at most three bytes before.
  for (let back = 0; back < 3 && end > 0 && ((bytes[end] as number) & 0xc0) === 0x80; back += 1) end -= 1;
  return bytes.subarray(0, ((bytes[end] as number) & 0xc0) === 0x80 ? most : end);
}

/** The line without the carriage return before its line feed. */
export const withoutReturn = (line: Buffer): Buffer =>
  line.length > 0 && line[line.length - 1] === CR ? line.subarray(0, line.length - 1) : line;

/** The byte at which the UTF-16 unit `unit` of the bytes' text begins. */
export function byteOfUnit(bytes: Buffer, unit: number): number {
  if (unit <= 0) return 0;
  // The shortest beginning whose text is longer than `unit` has one byte of what begins there.
  let [low, high] = [unit, Math.min(bytes.length, unit * 3 + 4)];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bytes.toString("utf8", 0, middle).length > unit) high = middle;
    else low = middle + 1;
  }
  return bytes.toString("utf8", 0, low).length > unit ? low - 1 : bytes.length;
}

/** So much of a long line is shown around a match, in UTF-16 units. */
const SHOWN = 400;
const SHOWN_BEFORE = 100;

/** The line, or what is around the match; `at` and `length` are the match in it. */
export function excerpt(
  line: string,
  from: number,
  to: number,
): { readonly text: string; readonly at: number; readonly length: number } {
  let start = line.length <= SHOWN ? 0 : Math.max(0, Math.min(from - SHOWN_BEFORE, line.length - SHOWN));
  // Not in the middle of a pair.
  if (start > 0 && isLow(line.charCodeAt(start))) start -= 1;
  let end = Math.min(line.length, start + SHOWN);
  if (end < line.length && isLow(line.charCodeAt(end))) end -= 1;
  return {
    text: line.slice(start, end),
    at: from - start,
    length: Math.max(0, Math.min(to, end) - from),
  };
}

const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;
