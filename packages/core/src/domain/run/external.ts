// The life of a run that others execute: a local run, an interactive run. They report, we keep. Pure.
import { history } from "@malachite/contract";
import { type FailureReason, REASONS } from "../failure/reasons.ts";
import type { Instant } from "../scope.ts";
import { isTerminal, type RunStatus } from "./next.ts";
import type { CancelWish, Life } from "./run.ts";

/** What the owner of such a run can report. */
export type Report =
  | { readonly name: "status"; readonly status: RunStatus; readonly at?: Instant; readonly message?: string }
  | { readonly name: "heartbeat"; readonly timeToLiveMs: number };

const ENDS: Readonly<Record<string, FailureReason>> = {
  Completed: "ReportedCompleted",
  Failed: "ReportedFailed",
  Canceled: "ReportedCanceled",
};

/**
 * Applies a report. Answers undefined when the run has already ended otherwise: a second, different end is the reporter's
 * mistake. The same end again changes nothing. A cancel that was asked for is kept until an end is reported.
 */
export function report(life: Life, news: Report, now: Instant): Life | undefined {
  if (news.name === "heartbeat")
    return isTerminal(life.status)
      ? life
      : { ...life, heartbeat: { at: now, timeToLiveMs: news.timeToLiveMs } };
  const at = news.at ?? now;
  const reason = ENDS[news.status];
  if (isTerminal(life.status)) return life.status === news.status || reason === undefined ? life : undefined;
  if (reason !== undefined) {
    const status = REASONS[reason].status;
    const message = news.message ?? REASONS[reason].text;
    return { ...life, status, endedAt: at, startedAt: life.startedAt, outcome: { reason, status, message } };
  }
  if (life.status === "CancelRequested") return life;
  return {
    ...life,
    status: news.status,
    startedAt: life.startedAt ?? (news.status === "Running" ? at : undefined),
  };
}

/**
 * The wish to cancel: at once if it has not started or its owner has fallen silent, else asked of the owner, who polls the
 * status. `now` decides what silent is.
 */
export function wishExternal(life: Life, wish: CancelWish, now: Instant): Life {
  if (isTerminal(life.status)) return life;
  const silent = life.heartbeat !== undefined && now > life.heartbeat.at + life.heartbeat.timeToLiveMs;
  if (life.status === "NotStarted" || life.status === "Queued" || silent) {
    const { status, text } = REASONS[wish.reason];
    return {
      ...life,
      status,
      endedAt: now,
      cancel: wish,
      outcome: { reason: wish.reason, status, message: text },
    };
  }
  return { ...life, status: "CancelRequested", cancel: wish };
}

/** The status a wire word stands for; undefined for words that a reporter may not use. */
export function statusWord(word: string): RunStatus | undefined {
  const known = history.RUN_STATUSES.find((status) => status.toLowerCase() === word.toLowerCase());
  if (known === "NotResponding") return undefined;
  return known === "Provisioning" ? "Preparing" : known;
}
