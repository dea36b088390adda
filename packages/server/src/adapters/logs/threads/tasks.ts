// What a thread that reads logs can do.
import { type CompareAsk, compareLogs } from "./compareLogs.ts";
import { type FindErrorAsk, findError } from "./findError.ts";
import { LineIndex, type LineState } from "./lineIndex.ts";
import { type SearchAsk, searchLog } from "./searchLog.ts";
import type { Beat, LogSource } from "./source.ts";
import { type TakeLines, takeLines } from "./takeLines.ts";

type Sources = readonly LogSource[];

/** Goes on from a state to the end. */
async function indexLog(ask: { readonly state?: LineState }, source: LogSource, beat: Beat) {
  const index = new LineIndex(ask.state);
  for await (const piece of source.pieces(ask.state?.scanned ?? 0)) {
    beat();
    index.push(piece);
  }
  return index.state();
}

const first = (sources: Sources): LogSource => sources[0] as LogSource;
const second = (sources: Sources): LogSource => sources[1] as LogSource;

export const TASKS = {
  index: (ask: { readonly state?: LineState }, files: Sources, beat: Beat) =>
    indexLog(ask, first(files), beat),
  lines: (ask: TakeLines, files: Sources, beat: Beat) => takeLines(ask, first(files), beat),
  search: (ask: SearchAsk, files: Sources, beat: Beat) => searchLog(ask, first(files), beat),
  findError: (ask: FindErrorAsk, files: Sources, beat: Beat) => findError(ask, first(files), beat),
  compare: (ask: CompareAsk, files: Sources, beat: Beat) =>
    compareLogs(ask, first(files), second(files), beat),
} as const;
export type TaskName = keyof typeof TASKS;
export type TaskAsk<N extends TaskName> = Parameters<(typeof TASKS)[N]>[0];
export type TaskAnswer<N extends TaskName> = Awaited<ReturnType<(typeof TASKS)[N]>>;
