// What a run spent its time on, read from its story: phases one after another, each with what happened in it. Pure.
import type { StoryEntry } from "../models.ts";

/**
 * `queued`: in the line of its target. `environment`: it is found or made. `data`: it is downloaded. `launch`: handed to the engine.
 * `engine`: in the engine's own queue, or its image is fetched. `running`: the script runs. `sending`: what it made goes to datastores.
 * `collecting`: its files are kept. `stopping`: it was asked to end. `clearing`: what a failed attempt left is looked after.
 */
export type RunPhaseName =
  | "queued"
  | "environment"
  | "data"
  | "launch"
  | "engine"
  | "running"
  | "sending"
  | "collecting"
  | "stopping"
  | "clearing";

export interface RunPhase {
  name: RunPhaseName;
  start: Date;
  /** Undefined while the run is in it. */
  end: Date | undefined;
  /** Counts from 1; 0 while nobody has tried yet. */
  attempt: number;
  /** What happened in it, as the story tells it: a wish to cancel, a failure, how the environment came. */
  entries: readonly StoryEntry[];
}

export interface RunTimeline {
  /** In order, without gaps. */
  phases: readonly RunPhase[];
  /** How many attempts there were so far. */
  attempts: number;
  /** When and how the run ended; undefined while it has not. */
  end: RunEnd | undefined;
}

export interface RunEnd {
  at: Date;
  status: string;
  /** Our word for why, as `ExitedNonZero` or `OverTime`; undefined for runs that others execute. */
  reason: string | undefined;
  message: string | undefined;
}

const ENDS: ReadonlySet<string> = new Set(["Completed", "Failed", "Canceled"]);

/** What begins with an event. Those that are not in here happen inside a phase. */
const BEGINS: Readonly<Record<string, RunPhaseName>> = {
  submitted: "queued",
  packed: "queued",
  claimed: "environment",
  environmentPrepared: "data",
  prepared: "launch",
  launched: "engine",
  started: "running",
  ended: "collecting",
  retried: "clearing",
  cleared: "launch",
  cancelAsked: "stopping",
  dataSent: "collecting",
};

/** Of runs that others execute only statuses are known. */
const BY_STATUS: Readonly<Record<string, RunPhaseName>> = {
  NotStarted: "queued",
  Queued: "queued",
  Starting: "environment",
  Preparing: "environment",
  Running: "running",
  Finalizing: "collecting",
  CancelRequested: "stopping",
};

type Open = { name: RunPhaseName; start: number; end?: number; attempt: number; entries: StoryEntry[] };

/** The timeline of a run's whole story (`RunClient.getStory`). */
export function runTimeline(story: readonly StoryEntry[]): RunTimeline {
  const phases: Open[] = [];
  let attempt = 0;
  let end: RunEnd | undefined;
  for (const entry of story) {
    const told = Date.parse(entry.at);
    const before = phases.at(-1);
    attempt = Math.max(attempt, attemptOf(entry, attempt));
    const name = end === undefined ? phaseOf(entry, before?.name) : undefined;
    if (ENDS.has(entry.status) && end === undefined) {
      if (before) before.end = Math.max(told, before.start);
      end = endOf(entry);
    }
    if (name === undefined || end !== undefined) {
      before?.entries.push(entry);
      continue;
    }
    // Where the data was sent, the time since the script's end was spent on that.
    if (entry.event === "dataSent" && before?.name === "collecting") before.name = "sending";
    const at = happenedAt(entry, told, before?.start);
    if (before) before.end = at;
    const closes = CLOSING.has(entry.event);
    if (closes) before?.entries.push(entry);
    phases.push({ name, start: at, attempt, entries: closes ? [] : [entry] });
  }
  return { phases: phases.filter(isSomething).map(shown), attempts: attempt, end };
}

/** Events that tell of the phase which they end. */
const CLOSING: ReadonlySet<string> = new Set([
  "environmentPrepared",
  "retried",
  "ended",
  "dataSent",
  "cleared",
]);

function phaseOf({ event, status }: StoryEntry, current: RunPhaseName | undefined): RunPhaseName | undefined {
  const name =
    event === "reported" || event === "created" || !Object.hasOwn(BEGINS, event)
      ? event === "reported" || event === "created" || current === undefined
        ? (BY_STATUS[status] ?? "queued")
        : undefined
      : BEGINS[event];
  // A step that was begun again after a crash of the service says the same once more.
  if (name === current && event !== "dataSent") return undefined;
  // Data is sent, and a handle may still come, while a run is being stopped.
  return current === "stopping" ? undefined : name;
}

function attemptOf({ event, detail }: StoryEntry, current: number): number {
  const told = detail?.attempt;
  // `retried` already tells the next one, which begins when what is left of this one is cleared.
  if (event === "retried") return current;
  if (event === "cleared") return current + 1;
  return typeof told === "number" ? told : current;
}

/** When the script really began or ended, as its machine tells: not before the phase before, and not after it was known. */
function happenedAt(
  { event, detail }: StoryEntry,
  told: number,
  notBefore = Number.NEGATIVE_INFINITY,
): number {
  const said = event === "started" ? detail?.startedAt : event === "ended" ? detail?.endedAt : undefined;
  const at = typeof said === "string" ? Date.parse(said) : Number.NaN;
  return Math.max(notBefore, Number.isNaN(at) ? told : Math.min(at, told));
}

/** A run without data has passed through that phase in no time. */
const isSomething = ({ name, start, end, entries }: Open): boolean =>
  name !== "data" || end === undefined || end > start || entries.length > 0;

const shown = ({ name, start, end, attempt, entries }: Open): RunPhase => ({
  name,
  start: new Date(start),
  end: end === undefined ? undefined : new Date(end),
  attempt,
  entries,
});

function endOf({ at, status, cause, detail }: StoryEntry): RunEnd {
  const reason = detail?.reason;
  return {
    at: new Date(at),
    status,
    reason: typeof reason === "string" ? reason : undefined,
    message: cause,
  };
}
