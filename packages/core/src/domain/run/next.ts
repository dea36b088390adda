// The states of a run that the service executes, as a closed table. The names are the wire's own. See advance.ts for its use.
import type { history } from "@malachite/contract";

/** A status the service writes. NotResponding is a view of "last seen", Provisioning is never written. */
export type RunStatus = Exclude<history.RunStatusName, "Provisioning" | "NotResponding">;

export type RunEventName =
  | "claimed"
  | "preparing"
  | "prepared"
  | "environmentReady"
  | "started"
  | "ended"
  | "succeeded"
  | "failed"
  | "cancelAsked"
  | "stopped"
  | "letGo";

/** Where "Canceled" stands, the status that the cancel asked for is meant (`finalStatus`). */
export const NEXT = {
  NotStarted: { claimed: "Starting", cancelAsked: "Canceled", failed: "Failed" },
  Starting: {
    preparing: "Preparing",
    cancelAsked: "CancelRequested",
    failed: "Failed",
    letGo: "Canceled",
  },
  Preparing: {
    prepared: "Queued",
    environmentReady: "Completed",
    cancelAsked: "CancelRequested",
    failed: "Failed",
    letGo: "Canceled",
  },
  Queued: {
    started: "Running",
    ended: "Finalizing",
    cancelAsked: "CancelRequested",
    failed: "Failed",
    letGo: "Canceled",
  },
  // `started` is news of a later attempt: the status stays.
  Running: {
    started: "Running",
    ended: "Finalizing",
    cancelAsked: "CancelRequested",
    failed: "Failed",
    letGo: "Canceled",
  },
  Finalizing: { succeeded: "Completed", failed: "Failed", letGo: "Canceled" },
  CancelRequested: { stopped: "Canceled", letGo: "Canceled" },
  Completed: {},
  Failed: {},
  Canceled: {},
} as const satisfies Record<RunStatus, Partial<Record<RunEventName, RunStatus>>>;

const TERMINAL: ReadonlySet<string> = new Set(["Completed", "Failed", "Canceled"]);

/** True for the three statuses that never change again. */
export const isTerminal = (status: string): boolean => TERMINAL.has(status);
