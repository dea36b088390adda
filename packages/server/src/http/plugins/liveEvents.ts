// The live stream of a page as server-sent events: what happens in the workspace and the logs that it shows, each no faster than its
// reader: of every source one event at most is held.
import { isMalachiteError, type LiveEvent, type LogEvent } from "@malachite/core";
import { tableRunDto } from "../dto/run.ts";
import { createCutter, createPlacer, frame, pieceData } from "./events.ts";

/** A log in the stream. Its events begin behind `place`, when one is given. */
export type LogSource = {
  readonly runId: string;
  readonly path?: string;
  readonly place?: string;
  readonly events: AsyncIterable<LogEvent>;
};

type Options = {
  /** The base URL for links in runs. */
  readonly base: string;
  readonly heartbeatMs: number;
  readonly signal: AbortSignal;
};

/** Yields framed events until the signal, or until the workspace cannot be read: then the page comes again. */
export async function* frameLiveEvents(
  live: AsyncIterable<LiveEvent>,
  logs: readonly LogSource[],
  { base, heartbeatMs, signal }: Options,
): AsyncGenerator<string> {
  const ids = new Ids(logs.map(({ place }) => place ?? ""));
  const sources = new Sources(signal);
  const logFrames = logs.map((log, i) => frameLog(log, (place) => ids.log(i, place)));
  sources.add(live, (event) => frameLive(event, base, ids));
  for (const [i, log] of logs.entries())
    sources.add(log.events, logFrames[i] ?? (() => []), (error) => {
      const { runId, path } = log;
      const known = isMalachiteError(error) ? error : undefined;
      const says = {
        code: known?.code ?? "Unexpected",
        message: known?.message ?? "The log cannot be read.",
      };
      return [frame("fault", { runId, path, ...says })];
    });
  yield ": following\n\n";
  try {
    while (!signal.aborted) {
      const frames = await sources.next(heartbeatMs);
      if (frames === "beat") yield ": alive\n\n";
      else if (frames === undefined) return;
      else yield* frames;
    }
  } finally {
    sources.close();
  }
}

/** The id of an event: the place in the workspace, and behind it where each log is. */
class Ids {
  #place = "";
  readonly #logs: string[];
  constructor(logs: string[]) {
    this.#logs = logs;
  }
  live(place: string): string {
    this.#place = place;
    return this.now();
  }
  log(i: number, place: string): string {
    this.#logs[i] = place;
    return this.now();
  }
  now = (): string => [this.#place, ...this.#logs].join("/");
}

function frameLive(event: LiveEvent, base: string, ids: Ids): readonly string[] {
  const { kind, ...data } = event;
  if (event.kind === "run")
    return [frame("run", { run: tableRunDto(event.shown, base), place: event.place }, ids.live(event.place))];
  if ("place" in event) return [frame(kind, data, ids.live(event.place))];
  return [frame(kind, data, ids.now())];
}

function frameLog(
  { runId, path }: LogSource,
  idAt: (place: string) => string,
): (event: LogEvent) => readonly string[] {
  const of = { runId, ...(path === undefined ? {} : { path }) };
  const cutter = createCutter();
  const placer = createPlacer();
  const pieces = (some: ReturnType<typeof cutter.flush>): string[] =>
    some.map((piece) => {
      const place = placer.after(piece);
      return frame("log", { ...of, ...pieceData(piece), place }, idAt(place));
    });
  return (event) => {
    switch (event.kind) {
      case "log":
        placer.of(event);
        return pieces(cutter.add(event.from, event.bytes));
      case "restart": {
        const last = pieces(cutter.flush());
        placer.forget();
        return [...last, frame("restart", { ...of, reason: event.reason }, idAt("0"))];
      }
      case "end": {
        const last = pieces(cutter.flush());
        const place = placer.last() ?? String(event.to);
        return [...last, frame("end", { ...of, status: event.status, to: event.to }, idAt(place))];
      }
      default:
        // The status of a run is told by its `run` events.
        return [];
    }
  };
}

type Frames = readonly string[];

/** Several streams as one, in the order in which their events come. Each is asked for its next event when its last one was taken. */
class Sources {
  readonly #ready: (() => Frames | undefined)[] = [];
  readonly #open = new Set<AsyncIterator<unknown>>();
  readonly #signal: AbortSignal;
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  /** Without `failed`, the failure of the source is the end of all. */
  add<T>(events: AsyncIterable<T>, frames: (event: T) => Frames, failed?: (error: unknown) => Frames): void {
    const iterator = events[Symbol.asyncIterator]();
    this.#open.add(iterator);
    const push = (take: () => Frames | undefined): void => {
      this.#ready.push(take);
      this.#wake?.();
    };
    const ask = (): void => {
      iterator.next().then(
        (step) =>
          push(() => {
            if (step.done) {
              this.#open.delete(iterator);
              return failed ? [] : undefined;
            }
            ask();
            return frames(step.value);
          }),
        (error: unknown) =>
          push(() => {
            this.#open.delete(iterator);
            return failed?.(error);
          }),
      );
    };
    ask();
  }

  /** Undefined at the end. */
  async next(heartbeatMs: number): Promise<Frames | "beat" | undefined> {
    if (this.#ready.length === 0 && !this.#signal.aborted) {
      const isBeat = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(true), heartbeatMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve(false);
        };
      });
      this.#wake = undefined;
      if (isBeat) return "beat";
    }
    return this.#signal.aborted ? undefined : this.#ready.shift()?.();
  }

  /** Not awaited: a source that waits for its next event would hold the answer open; the signal ends it. */
  close(): void {
    for (const iterator of this.#open) void iterator.return?.()?.catch(() => {});
  }
}
