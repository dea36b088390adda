// Finds the run that an address means.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { Run } from "../domain/run/run.ts";
import { shownStatus } from "../domain/run/showStatus.ts";
import type { RunAddress, ShownRun } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

/** Throws RunNotFound, also when the run is there but belongs to another experiment. */
export async function findRun(address: RunAddress, { runs }: Pick<FlowPorts, "runs">): Promise<Run> {
  const run = await runs.get(address.scope, address.runId);
  if (run && isIn(run, address)) return run;
  const place = run
    ? ` in the experiment '${address.experimentName ?? address.experimentId}'; it belongs to '${run.experimentName}'`
    : "";
  throw new MalachiteError(
    "RunNotFound",
    `The workspace '${address.scope.workspace}' has no run '${address.runId}'${place}.`,
    { target: "runId" },
  );
}

/** Real clients put an experiment's id where its name belongs and the other way round: both are taken in both places. */
export function isIn(
  run: Run,
  { experimentName, experimentId }: Pick<RunAddress, "experimentName" | "experimentId">,
): boolean {
  const named = [experimentName, experimentId].filter((given) => given !== undefined);
  return named.every((given) => given === run.experimentName || given === run.experimentId);
}

export const shown = (run: Run, { clock }: Pick<FlowPorts, "clock">): ShownRun => ({
  run,
  status: shownStatus(run, clock.now()),
});
