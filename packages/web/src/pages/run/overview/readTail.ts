// The last lines of a log. The pieces of it are pure.
import type { RunClient } from "@malachite/client";
import { plainText } from "../../../parts/terminalText.ts";

/** Bytes of a line, and characters of one that is not ended: nobody reads more here. */
const MOST_OF_A_LINE = 4096;
export const SHOWN_LINES = 12;

export type Tail = {
  readonly lines: readonly string[];
  /** What the last line has so far, while nothing has ended it. */
  readonly open: string;
};
export const NO_TAIL: Tail = { lines: [], open: "" };

/** The tail after some more text. */
export function addToTail({ lines, open }: Tail, text: string, most = SHOWN_LINES): Tail {
  // A carriage return alone begins the line anew, as a terminal has it: progress bars do that.
  const parts = (open + text).split(/\r?\n/);
  const last = parts.pop() ?? "";
  return { lines: [...lines, ...parts].slice(-most), open: last.slice(-MOST_OF_A_LINE) };
}

/** The lines to show: the last ones, with the open one. */
export const linesOf = ({ lines, open }: Tail, most = SHOWN_LINES): string[] =>
  (open === "" ? lines : [...lines, open]).slice(-most).map(plainText);

/** The end of the log that speaks for the run, and the place from which it may be followed. No log yet: its beginning. */
export async function readTail(
  run: RunClient,
  abortSignal: AbortSignal,
): Promise<{ tail: Tail; place: string | number }> {
  // A log that is not there yet is no error.
  const main = (await run.logs.list({ abortSignal })).find((log) => log.main);
  if (main === undefined) return { tail: NO_TAIL, place: 0 };
  const { values, place, sizeBytes } = await run.logs.lines({
    path: main.path,
    line: -SHOWN_LINES,
    count: SHOWN_LINES,
    clip: MOST_OF_A_LINE,
    abortSignal,
  });
  const last = values.at(-1);
  // Nothing stands behind the last line while it is not ended.
  const isOpen = last !== undefined && last.offset + last.sizeBytes === sizeBytes;
  const lines = values.map(({ text }) => text);
  const open = isOpen ? (lines.pop() ?? "") : "";
  return { tail: { lines, open }, place };
}
