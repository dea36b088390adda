// Reads logs of any size in threads of its own, and remembers where the lines of those are which were read last.
import type { LogPlace, LogScanner, OpenFile, ScannedLog } from "@malachite/core";
import { parseLogPlace } from "@malachite/core";
import { LogThreads, type TaskFile } from "./logThreads.ts";
import { type LineState, linesOf, markBefore } from "./threads/lineIndex.ts";
import { atOneVersion, isStill, type Version } from "./version.ts";

export type LogScannerOptions = {
  /** The code of a thread. */
  readonly entry: URL;
  /** Threads for searching and comparing; one more is for what is answered at once. Default 2. */
  readonly threads?: number;
  /** How long an expression may take on one line. */
  readonly stalledAfterMs?: number;
  /** How long one search may take before it says where to go on. */
  readonly searchMs?: number;
};

/** The end of a log that is looked at for errors. */
const TAIL_BYTES = 4 * 1024 * 1024;
const SEARCH_MS = 2000;
/** So many logs are remembered: at most 64 KiB each. */
const REMEMBERED = 64;

/** Opens and starts nothing; dispose it to end its threads. */
export function createLogScanner(options: LogScannerOptions): LogScanner & AsyncDisposable {
  const { entry, threads = 2, stalledAfterMs, searchMs = SEARCH_MS } = options;
  const quick = new LogThreads(entry, 1, stalledAfterMs);
  const slow = new LogThreads(entry, threads, stalledAfterMs);
  const indexes = new Indexes(quick);

  const taskFile = (file: OpenFile, { sizeBytes }: Version): TaskFile => ({ file, sizeBytes });
  const about = ({ sizeBytes, place }: Version) => ({ sizeBytes, place });
  /** Does the work on one version whose lines are known. */
  const onIndexed = <T>(
    { file, since }: ScannedLog,
    signal: AbortSignal,
    work: (version: Version, state: LineState, files: readonly TaskFile[]) => Promise<T>,
  ): Promise<T> =>
    atOneVersion({ file, since }, async (version) => {
      const files = [taskFile(file, version)];
      return work(version, await indexes.of(file, version, signal), files);
    });

  return {
    index: (log, signal) =>
      onIndexed(log, signal, async (version, state) => ({
        ...about(version),
        lines: linesOf(state),
        ended: state.ended,
        marks: shownMarks(state),
        gapBytes: state.gapBytes,
      })),

    lines: (log, { line: asked, count, clip }, signal) =>
      onIndexed(log, signal, async (version, state, files) => {
        const lines = linesOf(state);
        const line = Math.max(1, asked < 0 ? lines + 1 + asked : asked);
        const start = markBefore(state.marks, "lines", line);
        const marks = {
          lines: state.marks.lines.slice(start.index + 1, start.index + 2 + count),
          offsets: state.marks.offsets.slice(start.index + 1, start.index + 2 + count),
        };
        const openLine = state.ended ? undefined : lines;
        const ask = { start, line, count, clip, marks, openLine };
        const values = line > lines ? [] : await quick.run("lines", ask, files, signal);
        return { ...about(version), lines, first: line, values };
      }),

    search: (log, { from, ...search }, signal) =>
      onIndexed(log, signal, async (version, { marks }, files) => {
        const begin = from ?? (search.backward ? version.sizeBytes : 0);
        const ask = { ...search, from: begin, withinMs: searchMs, marks };
        return { ...about(version), ...(await slow.run("search", ask, files, signal)) };
      }),

    findError: (log, signal) =>
      onIndexed(log, signal, async (version, { marks }, files) => {
        const start = markBefore(marks, "offsets", Math.max(0, version.sizeBytes - TAIL_BYTES));
        const error = await quick.run("findError", { start }, files, signal);
        return { ...about(version), searchedFrom: start.offset, ...(error === null ? {} : { error }) };
      }),

    compare: (left, right, { ignore, context }, signal) =>
      atOneVersion(left, (one) =>
        atOneVersion(right, async (other) => {
          const files = [taskFile(left.file, one), taskFile(right.file, other)];
          const { same, line, ...places } = await slow.run("compare", { ignore }, files, signal);
          const after = async (file: TaskFile, offset: number) => {
            const ask = { start: { line, offset }, line, count: context + 1, clip: CLIP_BYTES };
            return offset < file.sizeBytes ? await quick.run("lines", ask, [file], signal) : [];
          };
          const [first, second] = files as [TaskFile, TaskFile];
          const before = await linesBefore(first, places.left, line, context, quick, signal);
          return {
            same,
            line,
            before,
            left: { ...about(one), offset: places.left, values: await after(first, places.left) },
            right: { ...about(other), offset: places.right, values: await after(second, places.right) },
          };
        }),
      ),

    async [Symbol.asyncDispose]() {
      await Promise.all([quick[Symbol.asyncDispose](), slow[Symbol.asyncDispose]()]);
    },
  };
}

/** So much of a line is told with a comparison. */
const CLIP_BYTES = 4096;
/** The lines before a place are looked for in so many bytes: longer ones are left out. */
const BEFORE_BYTES = 256 * 1024;

async function linesBefore(
  file: TaskFile,
  offset: number,
  line: number,
  count: number,
  threads: LogThreads,
  signal: AbortSignal,
) {
  if (count === 0 || offset === 0) return [];
  const from = Math.max(0, offset - BEFORE_BYTES);
  const part = { ...file, sizeBytes: offset };
  const ask = { start: { line: 1, offset: from }, line: 1, count: Number.MAX_SAFE_INTEGER, clip: CLIP_BYTES };
  const values = await threads.run("lines", ask, [part], signal);
  // The first may be the rest of a line.
  const whole = from === 0 ? values : values.slice(1);
  return whole.slice(-Math.min(count, line - 1));
}

/** A mark at the end of the log is of a line that is not there yet. */
function shownMarks({ marks: { lines, offsets }, scanned }: LineState) {
  const last = offsets.at(-1) === scanned && scanned > 0 ? -1 : undefined;
  return { lines: lines.slice(0, last), offsets: offsets.slice(0, last) };
}

type Remembered = { readonly state: LineState; readonly place: LogPlace };

/** Where the lines of logs are. A log that has grown is read from where it ended. */
class Indexes {
  readonly #threads: LogThreads;
  readonly #known = new Map<string, Remembered>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(threads: LogThreads) {
    this.#threads = threads;
  }

  /** One after the other for one file: the second finds what the first has read. */
  async of(file: OpenFile, version: Version, signal: AbortSignal): Promise<LineState> {
    const before = this.#turns.get(version.identity);
    const turn = (async () => {
      await before?.catch(() => {});
      return this.#read(file, version, signal);
    })();
    this.#turns.set(version.identity, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(version.identity) === turn) this.#turns.delete(version.identity);
    }
  }

  async #read(file: OpenFile, version: Version, signal: AbortSignal): Promise<LineState> {
    const { identity, sizeBytes, place } = version;
    const known = this.#known.get(identity);
    const holds =
      known !== undefined && known.place.offset <= sizeBytes && (await isStill(file, known.place)) === true;
    const state = holds ? known.state : undefined;
    if (state?.scanned === sizeBytes) return this.#keep(identity, known as Remembered);
    const next = await this.#threads.run("index", state ? { state } : {}, [{ file, sizeBytes }], signal);
    return this.#keep(identity, { state: next, place: parseLogPlace(place) as LogPlace });
  }

  #keep(identity: string, remembered: Remembered): LineState {
    this.#known.delete(identity);
    this.#known.set(identity, remembered);
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return remembered.state;
  }
}
