// What a run's own token may change: that run and the runs below it. A user's token may change every run.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { type Principal, type Scope, workspaceKey } from "../domain/scope.ts";
import type { FlowPorts } from "./ports.ts";

type ReachPorts = Pick<FlowPorts, "runs">;

/** True for every user, and for the token of a run that is this run or one above it. A run that is not there is not reached. */
export async function reachesRun(
  by: Principal,
  scope: Scope,
  runId: string,
  { runs }: ReachPorts,
): Promise<boolean> {
  if (by.run === undefined) return true;
  if (by.run.workspace !== workspaceKey(scope)) return false;
  return by.run.runId === runId || runs.isWithin(scope, runId, by.run.runId);
}

/** Throws NotAllowed unless the run is reached. */
export async function mayChangeRun(
  by: Principal,
  scope: Scope,
  runId: string,
  ports: ReachPorts,
): Promise<void> {
  if (await reachesRun(by, scope, runId, ports)) return;
  throw new MalachiteError(
    "NotAllowed",
    `This token belongs to the run '${by.run?.runId}' and changes that run and the runs below it; '${runId}' is none of them. Use a user's token.`,
    { target: "runId" },
  );
}

/** Throws NotAllowed unless a run of that parent may be made: with a run's token, only one below that run. */
export async function mayMakeChild(
  by: Principal,
  scope: Scope,
  parentRunId: string | undefined,
  ports: ReachPorts,
): Promise<void> {
  if (by.run === undefined) return;
  if (parentRunId !== undefined && (await reachesRun(by, scope, parentRunId, ports))) return;
  throw new MalachiteError(
    "NotAllowed",
    `This token belongs to the run '${by.run.runId}' and makes runs only below it: send a parentRunId that is this run or one below it.`,
    { target: "parentRunId" },
  );
}
