// Searches a log, forward from a place or backward to the beginning, for as long as one question may take.
import type { malachite } from "@malachite/contract";
import { blocks } from "./blocks.ts";
import { type Marks, markBefore } from "./lineIndex.ts";
import { createMatcher, type Hit, type Matcher, type Pattern } from "./matchers.ts";
import type { Beat, LogSource } from "./source.ts";

export type SearchAsk = Pattern & {
  readonly backward: boolean;
  readonly from: number;
  readonly limit: number;
  readonly count: boolean;
  readonly withinMs: number;
  readonly marks: Marks;
};
export type SearchAnswer = Pick<malachite.LogMatches, "matches" | "count" | "searched" | "next">;

/** Throws PatternError. */
export async function searchLog(ask: SearchAsk, source: LogSource, beat: Beat): Promise<SearchAnswer> {
  const matcher = createMatcher(ask);
  const until = performance.now() + ask.withinMs;
  const late = () => performance.now() > until;
  return ask.backward
    ? await backward(ask, matcher, source, beat, late)
    : await forward(ask, matcher, source, beat, late);
}

async function forward(
  { from, limit, count: goesOn, marks }: SearchAsk,
  matcher: Matcher,
  source: LogSource,
  beat: Beat,
  late: () => boolean,
): Promise<SearchAnswer> {
  const start = markBefore(marks, "offsets", Math.min(from, source.sizeBytes));
  const matches: malachite.LogMatch[] = [];
  let count = 0;
  let lastLine = 0;
  const stopAt = (to: number): SearchAnswer => ({
    matches,
    count,
    searched: { from, to },
    ...(to < source.sizeBytes ? { next: to } : {}),
  });
  for await (const block of blocks({ ...cut(matcher), start }, source, beat)) {
    for (const hit of matcher.hits(block, beat)) {
      // A line is told once, however many parts of it match; one that ends before the place is not asked for.
      if (hit.line === lastLine || hit.end <= from) continue;
      if (matches.length >= limit && !goesOn) return stopAt(hit.lineOffset);
      lastLine = hit.line;
      count += 1;
      if (matches.length < limit) matches.push(matchOf(hit));
      const open = block.open && hit.end === block.offset + block.bytes.length;
      if (late() || (matches.length >= limit && !goesOn)) {
        if (!open) return stopAt(hit.end);
      }
    }
    if (!block.open && late()) return stopAt(block.offset + block.bytes.length);
  }
  return stopAt(Math.max(from, source.sizeBytes));
}

/** From mark to mark, each stretch forward. */
async function backward(
  { from, limit, marks }: SearchAsk,
  matcher: Matcher,
  source: LogSource,
  beat: Beat,
  late: () => boolean,
): Promise<SearchAnswer> {
  const matches: malachite.LogMatch[] = [];
  const to = Math.min(from, source.sizeBytes);
  const stopAt = (at: number): SearchAnswer => ({
    matches,
    count: matches.length,
    searched: { from: at, to },
    ...(at > 0 ? { next: at } : {}),
  });
  if (to === 0) return stopAt(0);
  let until = to;
  for (let { index } = markBefore(marks, "offsets", to - 1); index >= 0; index -= 1) {
    const start = { line: marks.lines[index] as number, offset: marks.offsets[index] as number };
    const wanted = limit - matches.length;
    let found: Hit[] = [];
    for await (const block of blocks({ ...cut(matcher), start, until }, source, beat)) {
      for (const hit of matcher.hits(block, beat)) {
        if (hit.line === found.at(-1)?.line) continue;
        found.push(hit);
        if (found.length > 2 * wanted + 100) found = found.slice(-wanted);
      }
    }
    const told = found.slice(-wanted).reverse();
    matches.push(...told.map(matchOf));
    const earliest = told.at(-1);
    if (matches.length >= limit && earliest) return stopAt(earliest.lineOffset);
    until = start.offset;
    if (late()) return stopAt(until);
  }
  return stopAt(0);
}

const cut = ({ partBytes, overlapBytes }: Matcher) => ({ partBytes, overlapBytes });

const matchOf = ({ line, lineOffset, offset, text, at, length }: Hit): malachite.LogMatch => ({
  line,
  lineOffset,
  offset,
  text,
  at,
  length,
});
