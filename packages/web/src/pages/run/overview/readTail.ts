// The last lines of a log. The pieces of it are pure.
import { isRestError, type RunClient } from "@malachite/client";

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

// What a terminal takes as an order: colours, titles, moves.
const SEQUENCES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;

/** A line as a terminal would show it, without colours. */
export function shownLine(line: string): string {
  const plain = line.replace(SEQUENCES, "");
  return plain.slice(plain.lastIndexOf("\r", plain.length - 2) + 1).replace(/\r$/, "");
}

/** The lines to show: the last ones, with the open one. */
export const linesOf = ({ lines, open }: Tail, most = SHOWN_LINES): string[] =>
  (open === "" ? lines : [...lines, open]).slice(-most).map(shownLine);

/** The end of the log that speaks for the run, and the place from which it may be followed. No log yet: its beginning. */
export async function readTail(
  run: RunClient,
  abortSignal: AbortSignal,
): Promise<{ tail: Tail; place: string | number }> {
  try {
    const { values, place, sizeBytes } = await run.logs.lines({
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
  } catch (error) {
    if (isRestError(error) && error.statusCode === 404) return { tail: NO_TAIL, place: 0 };
    throw error;
  }
}
