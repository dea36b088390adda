// MLflow's five states of a run beside ours. Pure.
import type { history, mlflow } from "@malachite/contract";
import type { RunStatus } from "../run/next.ts";

/** What MLflow calls each status: a run that is not yet running is scheduled, one that is being ended still runs. */
export const STATE_OF = {
  NotStarted: "SCHEDULED",
  Starting: "SCHEDULED",
  Preparing: "SCHEDULED",
  Provisioning: "SCHEDULED",
  Queued: "SCHEDULED",
  Running: "RUNNING",
  NotResponding: "RUNNING",
  Finalizing: "RUNNING",
  CancelRequested: "RUNNING",
  Completed: "FINISHED",
  Failed: "FAILED",
  Canceled: "KILLED",
} as const satisfies Record<history.RunStatusName, mlflow.RunState>;

/** The status that a client reports by MLflow's word. */
export const STATUS_OF = {
  SCHEDULED: "NotStarted",
  RUNNING: "Running",
  FINISHED: "Completed",
  FAILED: "Failed",
  KILLED: "Canceled",
} as const satisfies Record<mlflow.RunState, RunStatus>;
