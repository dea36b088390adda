// The only way to change the life of a run: a pure function from a record and an event to the next record. No I/O, no clock.
import { type FailureReason, REASONS } from "../failure/reasons.ts";
import type { LaunchKey, LaunchPlan } from "../launch/launchPlan.ts";
import { printInstant } from "../metric/instants.ts";
import type { Instant, JsonObject } from "../scope.ts";
import { isTerminal, NEXT, type RunEventName, type RunStatus } from "./next.ts";
import type { CancelWish, ExitRecord, Handle, Life, Outcome, StoryEntry } from "./run.ts";

/**
 * What can happen to a run that the service executes. `environmentPrepared`, `dataBrought`, `launched`, `retried`, `cleared`,
 * `dataSent` and `released` leave the status as it is, and so does `letGo` once the run has ended; the first two and `dataSent` are told for
 * people alone.
 */
export type RunEvent =
  | { readonly name: "claimed"; readonly key: LaunchKey; readonly gpus?: readonly number[] }
  | { readonly name: "preparing" }
  | { readonly name: "environmentPrepared"; readonly how: "found" | "made" }
  | ({ readonly name: "dataBrought" } & CarriedData)
  | { readonly name: "prepared"; readonly plan: LaunchPlan }
  | { readonly name: "environmentReady" }
  | { readonly name: "launched"; readonly handle: Handle }
  | {
      readonly name: "retried";
      /** That of the attempt before, with the key of the new one. */
      readonly plan: LaunchPlan;
      readonly reason: FailureReason;
      readonly message: string;
    }
  /** The earlier attempt is gone, with all that it left looked after. */
  | { readonly name: "cleared" }
  | { readonly name: "started"; readonly startedAt: Instant }
  | { readonly name: "ended"; readonly exit: ExitRecord; readonly startedAt?: Instant }
  | { readonly name: "succeeded" }
  | {
      readonly name: "failed";
      readonly reason: FailureReason;
      readonly message: string;
      readonly detail?: JsonObject;
    }
  | { readonly name: "cancelAsked"; readonly wish: CancelWish }
  | { readonly name: "stopped" }
  | ({ readonly name: "dataSent"; readonly faults: number } & CarriedData)
  | {
      /** An operator's order: the engine is waited for no longer, whatever it owes an answer to. */
      readonly name: "letGo";
      readonly by: string;
      readonly text?: string;
    }
  | { readonly name: "released" };

/** How many data references, and what was in them. */
export type CarriedData = { readonly references: number; readonly files: number; readonly bytes: number };

export type Advance = {
  readonly life: Life;
  readonly entry: StoryEntry;
  /** False when the news came too late to matter: nothing to write. */
  readonly changed: boolean;
};

type Circumstances = { readonly at: Instant; readonly actor: string };

/** Thrown for a pair of status and event that cannot happen: a bug of the service, never of its user. */
export class IllegalStep extends Error {
  override readonly name = "IllegalStep";
}

/** Applies an event. Late news changes nothing and says so; an impossible pair throws IllegalStep. */
export function advance(life: Life, event: RunEvent, { at, actor }: Circumstances): Advance {
  const entry = (status: RunStatus, more: Partial<StoryEntry> = {}): StoryEntry => ({
    at,
    event: event.name,
    status,
    actor,
    ...more,
  });
  const status = statusAfter(life, event);
  if (status === "late")
    return { life, entry: entry(life.status, { cause: "came too late to change anything" }), changed: false };
  if (status === "illegal")
    throw new IllegalStep(`The event '${event.name}' cannot happen to a run that is ${life.status}.`);

  switch (event.name) {
    case "claimed": {
      const { key, gpus } = event;
      const given = gpus === undefined ? {} : { gpus };
      const attempt = life.attempt + 1;
      return {
        life: { ...life, status, attempt, key, ...given },
        entry: entry(status, { detail: { key, attempt, ...given } }),
        changed: true,
      };
    }
    case "environmentPrepared":
    case "dataBrought":
    case "dataSent": {
      const { name: _, ...detail } = event;
      return { life, entry: entry(status, { detail }), changed: true };
    }
    case "prepared":
      return {
        life: { ...life, status, plan: event.plan, release: "owed" },
        entry: entry(status),
        changed: true,
      };
    case "launched":
      return { life: { ...life, handle: event.handle }, entry: entry(status), changed: true };
    case "started":
      return {
        life: {
          ...life,
          status,
          startedAt: life.startedAt ?? event.startedAt,
          attemptStartedAt: event.startedAt,
        },
        entry: entry(status, {
          detail: { attempt: life.attempt, startedAt: instantText(event.startedAt) },
        }),
        changed: true,
      };
    case "retried":
      return retried(life, event, entry(status));
    case "cleared": {
      const { earlier, ...rest } = life;
      return {
        life: rest,
        entry: entry(status, { detail: { attempt: earlier?.attempt ?? life.attempt } }),
        changed: true,
      };
    }
    case "ended":
      return {
        life: { ...life, status, exit: event.exit, startedAt: life.startedAt ?? event.startedAt },
        entry: entry(status, {
          cause: exitText(event.exit),
          detail: { attempt: life.attempt, endedAt: instantText(event.exit.endedAt) },
        }),
        changed: true,
      };
    case "environmentReady":
      return close(life, at, entry, {
        reason: "EnvironmentReady",
        status: "Completed",
        message: REASONS.EnvironmentReady.text,
      });
    case "succeeded":
      return close(life, at, entry, {
        reason: "ExitedZero",
        status: "Completed",
        message: REASONS.ExitedZero.text,
      });
    case "failed":
      return close(life, at, entry, {
        reason: event.reason,
        status: REASONS[event.reason].status,
        message: event.message,
        detail: event.detail,
      });
    case "cancelAsked":
      if (isTerminal(status)) return close({ ...life, cancel: event.wish }, at, entry, outcomeOf(event.wish));
      return {
        life: { ...life, status, cancel: event.wish },
        entry: entry(status, { cause: wishText(event.wish) }),
        changed: true,
      };
    case "stopped":
      return close(
        life,
        at,
        entry,
        life.cancel
          ? outcomeOf(life.cancel)
          : { reason: "Canceled", status: "Canceled", message: REASONS.Canceled.text },
      );
    case "letGo": {
      const message = letGoText(event, life);
      if (isTerminal(life.status))
        return {
          life: { ...life, release: "letGo" },
          entry: entry(status, { cause: message }),
          changed: true,
        };
      const outcome: Outcome = { reason: "LetGo", status: REASONS.LetGo.status, message };
      return close({ ...life, release: "letGo" }, at, entry, outcome);
    }
    case "released":
      return { life: { ...life, release: "paid" }, entry: entry(status), changed: true };
    case "preparing":
      return { life: { ...life, status }, entry: entry(status), changed: true };
  }
}

/** Which status follows, or why none does. */
function statusAfter(life: Life, event: RunEvent): RunStatus | "late" | "illegal" {
  const from = life.status;
  if (event.name === "released") return from;
  if (event.name === "letGo" && isTerminal(from)) return life.release === "owed" ? from : "late";
  if (event.name === "launched")
    return from === "Queued" || from === "Running" || from === "CancelRequested" ? from : "late";
  if (event.name === "cleared") return isTerminal(from) ? "late" : from;
  if (event.name === "environmentPrepared" || event.name === "dataBrought") {
    if (isTerminal(from) || from === "CancelRequested") return "late";
    return from === "Preparing" ? from : "illegal";
  }
  if (event.name === "dataSent") {
    if (isTerminal(from)) return "late";
    return from === "Finalizing" || from === "CancelRequested" ? from : "illegal";
  }
  if (event.name === "retried") {
    if (isTerminal(from) || from === "CancelRequested") return "late";
    return life.plan !== undefined && (from === "Queued" || from === "Running") ? from : "illegal";
  }
  const row: Partial<Record<RunEventName, RunStatus>> = NEXT[from];
  const to = row[event.name];
  if (to !== undefined) return to;
  if (isTerminal(from) || from === "CancelRequested") return "late";
  if (event.name === "cancelAsked" && from === "Finalizing") return "late";
  return "illegal";
}

/** The next attempt of the same plan. What the one before left is kept in mind until it is cleared. */
function retried(
  { handle, exit: _, attemptStartedAt: __, ...life }: Life,
  event: Extract<RunEvent, { name: "retried" }>,
  entry: StoryEntry,
): Advance {
  const attempt = life.attempt + 1;
  const before = life.key ?? event.plan.key;
  return {
    life: {
      ...life,
      attempt,
      key: event.plan.key,
      plan: event.plan,
      earlier: { attempt: life.attempt, key: before, ...(handle === undefined ? {} : { handle }) },
    },
    entry: {
      ...entry,
      cause: event.message,
      detail: { reason: event.reason, attempt, key: event.plan.key },
    },
    changed: true,
  };
}

function close(
  life: Life,
  at: Instant,
  entry: (status: RunStatus, more?: Partial<StoryEntry>) => StoryEntry,
  outcome: Outcome,
): Advance {
  const closed: Life = { ...life, status: outcome.status, outcome, endedAt: at };
  return {
    life: closed,
    entry: entry(outcome.status, { cause: outcome.message, detail: { reason: outcome.reason } }),
    changed: true,
  };
}

function outcomeOf(wish: CancelWish): Outcome {
  return { reason: wish.reason, status: REASONS[wish.reason].status, message: wishText(wish) };
}

const wishText = (wish: CancelWish): string => {
  const said = wish.text ? ` ${wish.text}` : "";
  return wish.reason === "OverTime"
    ? `${REASONS.OverTime.text}${said}`
    : `${REASONS[wish.reason].text} Asked by ${wish.by}.${said}`;
};

/** What is known of a run whose machine is not asked any more; of one that has ended, only its launch is left behind. */
function letGoText({ by, text }: Extract<RunEvent, { name: "letGo" }>, { exit }: Life): string {
  const known = exit === undefined ? "" : ` Its script had ended before: ${exitText(exit)}.`;
  return `Let go by ${by}: the machine was not asked; what still runs there runs on.${known}${text ? ` ${text}` : ""}`;
}

/** An engine may tell a time that no calendar knows. */
const instantText = (at: Instant): string | null => (Math.abs(at) <= LAST_INSTANT ? printInstant(at) : null);
const LAST_INSTANT = 8.64e15;

/** How a process ended, in words. */
export const exitText = (exit: ExitRecord): string =>
  exit.outOfMemory
    ? "used more memory than it may and was killed"
    : exit.signal
      ? `was ended by signal ${exit.signal}`
      : exit.taken !== undefined
        ? `was ended by its engine: ${exit.taken}`
        : exit.code === null
          ? "ended without an exit record"
          : `exit code ${exit.code}`;
