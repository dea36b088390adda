// The last lines of a log. The pieces of it are pure.
import type { RunClient } from "@malachite/client";

/** So many bytes are fetched of the end of a log; more lines than these hold are not shown. */
const TAIL_BYTES = 16_384;
export const SHOWN_LINES = 12;
/** The log of a script of one process. */
const MAIN_LOG = "user_logs/std_log.txt";

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
  return { lines: [...lines, ...parts].slice(-most), open: last.slice(-TAIL_BYTES) };
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

/** The end of the run's own log, and the byte behind it, from which it may be followed. Without a log yet there is nothing. */
export async function readTail(run: RunClient, signal: AbortSignal): Promise<{ tail: Tail; to: number }> {
  const { logFiles = {} } = await run.getDetails({ abortSignal: signal });
  const path =
    MAIN_LOG in logFiles ? MAIN_LOG : Object.keys(logFiles).find((one) => /(^|\/)std_log/.test(one));
  if (path === undefined) return { tail: NO_TAIL, to: 0 };
  const size =
    (await run.artifacts.download(path, { offset: 0, count: 1, abortSignal: signal })).totalLength ?? 0;
  if (size === 0) return { tail: NO_TAIL, to: 0 };
  const offset = Math.max(0, size - TAIL_BYTES);
  const file = await run.artifacts.download(path, { offset, count: size - offset, abortSignal: signal });
  const text = new TextDecoder().decode(await file.bytes());
  const whole = offset === 0 ? text : text.slice(text.indexOf("\n") + 1);
  return { tail: addToTail(NO_TAIL, whole), to: size };
}
