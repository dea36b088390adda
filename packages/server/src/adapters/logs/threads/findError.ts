// Gives the end of a log, line by line, to whoever knows errors.
import { ErrorFinder, type FoundError } from "@malachite/core";
import { blocks } from "./blocks.ts";
import { clipBytes, withoutReturn } from "./shownText.ts";
import type { Beat, LogSource } from "./source.ts";

const LF = 10;
const LINE_BYTES = 2000;
const PART_BYTES = 256 * 1024;

export type FindErrorAsk = { readonly start: { readonly line: number; readonly offset: number } };

export async function findError(
  { start }: FindErrorAsk,
  source: LogSource,
  beat: Beat,
): Promise<FoundError | null> {
  const finder = new ErrorFinder();
  let lastLine = 0;
  for await (const block of blocks({ start, partBytes: PART_BYTES, overlapBytes: 0 }, source, beat)) {
    const { bytes, offset, lineOffset } = block;
    let { line } = block;
    for (let at = 0; at < bytes.length; line += 1) {
      const feed = bytes.indexOf(LF, at);
      const end = feed < 0 ? bytes.length : feed;
      // Of a long line the first part says what it is.
      if (line !== lastLine) {
        const text = clipBytes(withoutReturn(bytes.subarray(at, end)), LINE_BYTES).toString("utf8");
        finder.push({ line, lineOffset: at === 0 ? lineOffset : offset + at, text });
      }
      lastLine = line;
      at = end + 1;
    }
  }
  return finder.found() ?? null;
}
