// What happens in a workspace as one stream. News only says that there is something; which runs changed is read from the records, in
// their own order, so nothing is lost and a reader that takes its time costs no memory.

import { workspaceKey } from "../domain/scope.ts";
import { Bell } from "./bell.ts";
import { filesPrint } from "./filesPrint.ts";
import { shown } from "./findRun.ts";
import type { LiveAsk, LiveEvent } from "./flow.ts";
import type { Happened } from "./liveNews.ts";
import { parsePlace, printPlace } from "./livePlace.ts";
import type { FlowPorts } from "./ports.ts";

type LivePorts = Pick<FlowPorts, "runs" | "tables" | "targets" | "clock" | "news" | "settings">;

/** Runs are looked at this soon after the first change, and so far apart while more come: those of one run in between come as one. */
const RUNS_SOON_MS = 10;
const RUNS_MS = 100;
const METRICS_MS = 250;
const FILES_MS = 500;
const QUEUE_MS = 500;
/** The files of runs at work are looked at so often. */
const LOOK_MS = 2000;
const LONGEST_MS = 60_000;

/** So many runs are read at a time, and so many may have changed before a reader is told to ask for all again. */
const PAGE = 200;
export const MOST_BEHIND = 2_000;
/** So many runs with news are held for a reader that does not read, and so many metrics of each are named. */
const MOST_NOTED = 1_000;
const MOST_NAMES = 20;

/** See `Flow.liveEvents`. */
export async function* liveEvents(ask: LiveAsk, ports: LivePorts): AsyncGenerator<LiveEvent> {
  const { scope, signal } = ask;
  const key = workspaceKey(scope);
  const id = ports.settings.workspaceId(key);
  const bell = new Bell();
  const notes = new Notes(ask, key, ports.clock.now, () => bell.ring());
  const unlisten = ports.news.live.listen((what) => notes.hear(what));
  const done = new AbortController();
  const ended = AbortSignal.any([signal, done.signal]);
  try {
    const newest = await ports.tables.newestChange(scope);
    const asked = ask.after === undefined ? undefined : parsePlace(id, ask.after);
    const isKnown = asked !== undefined && asked <= newest;
    let no = isKnown ? asked : newest;
    yield { kind: "hello", place: printPlace(id, no), resumed: isKnown };
    if (ask.after !== undefined && !isKnown)
      yield { kind: "reset", reason: "unknownPlace", place: printPlace(id, no) };
    if (isKnown && asked < newest) notes.hear({ kind: "run", workspace: key });
    if (ask.kinds.has("files") && ask.watch?.length) watchFiles(ask.watch, ask, notes, ports, ended);
    while (!signal.aborted) {
      if (notes.tooMany) {
        notes.clear();
        no = await ports.tables.newestChange(scope);
        yield { kind: "reset", reason: "tooFarBehind", place: printPlace(id, no) };
      }
      for (let more = notes.takeRuns(); more && !signal.aborted; ) {
        const page = await ports.tables.changesAfter(scope, no, PAGE, MOST_BEHIND);
        if (page.tooMany) {
          no = await ports.tables.newestChange(scope);
          yield { kind: "reset", reason: "tooFarBehind", place: printPlace(id, no) };
          break;
        }
        for (const change of page.changes) {
          no = change.no;
          if (isAbout(ask, change.run)) {
            yield { kind: "run", shown: shown(change.run, ports), place: printPlace(id, no) };
            if (signal.aborted) return;
          }
        }
        more = page.more;
      }
      for (const event of notes.take()) yield event;
      await bell.wait(notes.waitMs(), ports.clock, signal);
    }
  } finally {
    unlisten();
    done.abort();
  }
}

const isAbout = (
  { experimentId, runIds }: LiveAsk,
  run: { readonly id: string; readonly experimentId: string },
): boolean =>
  (experimentId === undefined || run.experimentId === experimentId) &&
  (runIds === undefined || runIds.has(run.id));

/** What has happened and was not told yet: which runs, metrics and lines, and when each may be told. Bounded, whatever happens. */
class Notes {
  readonly #ask: LiveAsk;
  readonly #workspace: string;
  readonly #now: () => number;
  readonly #ring: () => void;
  #runsAt: number | undefined;
  #runsTakenAt = Number.NEGATIVE_INFINITY;
  #metricsAt: number | undefined;
  #filesAt: number | undefined;
  #queueAt: number | undefined;
  readonly #metrics = new Map<string, Set<string> | undefined>();
  readonly #files = new Set<string>();
  #targets: Set<string> | undefined = new Set();
  tooMany = false;

  constructor(ask: LiveAsk, workspace: string, now: () => number, ring: () => void) {
    this.#ask = ask;
    this.#workspace = workspace;
    this.#now = now;
    this.#ring = ring;
  }

  hear(what: Happened): void {
    if (this.tooMany || !this.#ask.kinds.has(what.kind)) return;
    if (what.kind !== "queue" && (what.workspace ?? this.#workspace) !== this.#workspace) return;
    if ("runId" in what && this.#ask.runIds && !this.#ask.runIds.has(what.runId)) return;
    switch (what.kind) {
      case "run":
        this.#runsAt ??= this.#due(Math.max(RUNS_SOON_MS, this.#runsTakenAt + RUNS_MS - this.#now()));
        return;
      case "metrics":
        this.#metrics.set(what.runId, this.#named(what.runId, what.names));
        this.#metricsAt ??= this.#due(METRICS_MS);
        this.#bound(this.#metrics.size);
        return;
      case "files":
        this.#files.add(what.runId);
        this.#filesAt ??= this.#due(FILES_MS);
        this.#bound(this.#files.size);
        return;
      case "queue":
        if (what.target === undefined) this.#targets = undefined;
        else this.#targets?.add(what.target);
        this.#queueAt ??= this.#due(QUEUE_MS);
        this.#bound(this.#targets?.size ?? 0);
    }
  }

  /** True when runs may have changed and it is time to look. */
  takeRuns(): boolean {
    if (!this.#isDue(this.#runsAt)) return false;
    this.#runsAt = undefined;
    this.#runsTakenAt = this.#now();
    return true;
  }

  *take(): Generator<LiveEvent> {
    if (this.#isDue(this.#metricsAt)) {
      const told = [...this.#metrics];
      this.#metrics.clear();
      this.#metricsAt = undefined;
      for (const [runId, names] of told)
        yield { kind: "metrics", runId, ...(names && names.size > 0 ? { names: [...names].sort() } : {}) };
    }
    if (this.#isDue(this.#filesAt)) {
      const told = [...this.#files];
      this.#files.clear();
      this.#filesAt = undefined;
      for (const runId of told) yield { kind: "files", runId };
    }
    if (this.#isDue(this.#queueAt)) {
      const told = this.#targets;
      this.#targets = new Set();
      this.#queueAt = undefined;
      yield { kind: "queue", ...(told ? { targets: [...told].sort() } : {}) };
    }
  }

  /** How long there will be nothing to tell. */
  waitMs(): number {
    const times = [this.#runsAt, this.#metricsAt, this.#filesAt, this.#queueAt];
    const first = Math.min(...times.filter((at) => at !== undefined));
    return Math.max(0, Math.min(LONGEST_MS, first - this.#now()));
  }

  clear(): void {
    this.tooMany = false;
    this.#metrics.clear();
    this.#files.clear();
    this.#targets = new Set();
    this.#runsAt = this.#metricsAt = this.#filesAt = this.#queueAt = undefined;
  }

  #named(runId: string, names: readonly string[]): Set<string> | undefined {
    const before = this.#metrics.get(runId);
    if (names.length === 0 || (this.#metrics.has(runId) && before === undefined)) return undefined;
    const all = before ?? new Set();
    for (const name of names) if (all.size <= MOST_NAMES) all.add(name);
    return all.size <= MOST_NAMES ? all : undefined;
  }

  #due(afterMs: number): number {
    this.#ring();
    return this.#now() + afterMs;
  }

  #isDue = (at: number | undefined): boolean => at !== undefined && at <= this.#now();

  #bound(size: number): void {
    if (size <= MOST_NOTED) return;
    this.clear();
    this.tooMany = true;
    this.#ring();
  }
}

/** The files of runs at work are written without a word to the service, so they are looked at. */
function watchFiles(
  runIds: readonly string[],
  { scope }: LiveAsk,
  notes: Notes,
  ports: LivePorts,
  signal: AbortSignal,
): void {
  const workspace = workspaceKey(scope);
  const prints = new Map<string, string>();
  void (async () => {
    while (!signal.aborted) {
      for (const run of await ports.runs.getMany(scope, runIds)) {
        const print = await filesPrint(run, ports);
        if (print === undefined) continue;
        const before = prints.get(run.id);
        prints.set(run.id, print);
        if (before !== undefined && before !== print) notes.hear({ kind: "files", workspace, runId: run.id });
      }
      await ports.clock.sleep(LOOK_MS, signal);
    }
  })().catch(() => {
    // The records or the folder cannot be read now; the stream itself says so, or goes on without this hint.
  });
}
