// Some lines of a log, by their numbers, from a mark before them on.
import type { malachite } from "@malachite/contract";
import type { Marks } from "./lineIndex.ts";
import { clipBytes, withoutReturn } from "./shownText.ts";
import type { Beat, LogSource } from "./source.ts";

const LF = 10;
/** So much text is answered at once; the line that reaches it is the last. */
const MOST_TEXT_BYTES = 4 * 1024 * 1024;

export type TakeLines = {
  /** A line before the first wanted, or that one itself, and where it begins. */
  readonly start: { readonly line: number; readonly offset: number };
  readonly line: number;
  readonly count: number;
  readonly clip: number;
  /** Where lines behind that begin: the rest of a long one need not be read. */
  readonly marks?: Marks;
  /** How many lines the log has, when its last has no end. */
  readonly openLine?: number | undefined;
};

/** Reads what is shown, and of a long line only its ends where a mark tells where that is. */
export async function takeLines(
  { start, line, count, clip, marks, openLine }: TakeLines,
  source: LogSource,
  beat: Beat,
): Promise<malachite.LogLine[]> {
  const values: malachite.LogLine[] = [];
  const ends = endsOf(marks, openLine, source.sizeBytes);
  let number = start.line;
  let lineOffset = start.offset;
  let textBytes = 0;
  let kept: Buffer[] = [];
  let keptBytes = 0;
  /** What lies right behind the kept bytes, for a character that is cut. */
  const room = clip + 4;
  let last: number | undefined;

  /** True when that was the last line to tell. */
  const finish = (end: number): boolean => {
    const whole = Buffer.concat(kept, keptBytes);
    const sizeBytes = end - lineOffset - (last === 13 ? 1 : 0);
    const bytes = sizeBytes < whole.length ? withoutReturn(whole).subarray(0, sizeBytes) : whole;
    const shown = clipBytes(bytes, clip);
    const clipped = shown.length < sizeBytes;
    values.push({
      offset: lineOffset,
      sizeBytes,
      text: shown.toString("utf8"),
      ...(clipped ? { clipped: true } : {}),
    });
    textBytes += shown.length;
    kept = [];
    keptBytes = 0;
    return values.length === count || textBytes >= MOST_TEXT_BYTES;
  };

  let from = start.offset;
  reading: while (from < source.sizeBytes) {
    let position = from;
    for await (const piece of source.pieces(from)) {
      beat();
      for (let at = 0; at < piece.length; ) {
        const end = piece.indexOf(LF, at);
        const stop = end < 0 ? piece.length : end;
        if (number >= line && keptBytes < room && stop > at) {
          const part = piece.subarray(at, Math.min(stop, at + room - keptBytes));
          kept.push(Buffer.from(part));
          keptBytes += part.length;
        }
        if (stop > at) last = piece[stop - 1];
        at = stop + 1;
        if (end < 0) break;
        if (number >= line && finish(position + end)) return values;
        number += 1;
        lineOffset = position + at;
        last = undefined;
      }
      position += piece.length;
      const jump = (ends.get(number) ?? 0) - 2;
      if (jump > position && (number < line || keptBytes >= room)) {
        from = jump;
        continue reading;
      }
    }
    break;
  }
  if (number >= line && lineOffset < source.sizeBytes && values.length < count) finish(source.sizeBytes);
  return values;
}

/** Where the line of a number ends, where that is known. */
function endsOf(
  marks: Marks | undefined,
  openLine: number | undefined,
  sizeBytes: number,
): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  marks?.lines.forEach((line, i) => void ends.set(line - 1, marks.offsets[i] as number));
  if (openLine !== undefined) ends.set(openLine, sizeBytes + 1);
  return ends;
}
