// A run once more: what was sent then, the project of then, and exactly the packages of then.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { Run } from "../domain/run/run.ts";
import { getLock } from "./environmentLock.ts";
import { findRun } from "./findRun.ts";
import type { RerunRun } from "./flow.ts";
import { type SubmitPorts, submitRun } from "./submitRun.ts";

/** A run that ended before its environment was there has no lock; then the packages are chosen anew. */
export async function rerunRun(ask: RerunRun, ports: SubmitPorts): Promise<Run> {
  const run = await findRun(ask, ports);
  const { scope, experimentName, sent, snapshotId, definition } = run;
  if (run.origin !== "hosted" || sent === undefined || definition === undefined) {
    throw new MalachiteError(
      "UnsupportedOperation",
      definition === undefined
        ? `The run '${run.id}' was not run by this service, which so has neither its script nor its environment. Start it again as it was started.`
        : `The run '${run.id}' ran on its user's own machine, where its environment is and no lock of it was kept. Start a new local run of its definition (startlocalrun, or submit with target 'local' in the v1 SDK), or submit it to a compute target of the service.`,
      { target: "runId" },
    );
  }
  const lock = await getLock(run, ports);
  const others = Object.entries(sent).filter(([name]) => name.toLowerCase() !== "snapshotid");
  return submitRun(
    {
      scope,
      experimentName,
      ...(ask.newRunId === undefined ? {} : { runId: ask.newRunId }),
      definition: { ...Object.fromEntries(others), ...(snapshotId === undefined ? {} : { snapshotId }) },
      ...("prepareOnly" in definition && definition.prepareOnly ? { only: "prepare" as const } : {}),
      rerunOf: {
        runId: run.id,
        ...(lock === undefined ? {} : { lock }),
        ...(run.sealedPassword === undefined ? {} : { sealedPassword: run.sealedPassword }),
      },
      by: ask.by,
    },
    ports,
  );
}
