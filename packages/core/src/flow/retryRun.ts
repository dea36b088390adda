// The next attempt of a run that the platform has failed. Decided here; what the earlier attempt left is looked after before the next
// may start, so that two attempts never run at once.
import { type FailureReason, REASONS } from "../domain/failure/reasons.ts";
import { launchKey } from "../domain/launch/launchKey.ts";
import type { RunEvent } from "../domain/run/advance.ts";
import type { Run } from "../domain/run/run.ts";
import type { LeasedRun } from "../ports/runStore.ts";
import { changeRun } from "./changeRun.ts";
import { collectAttempt, collectsOutput, OUTPUTS } from "./collectRun.ts";
import type { FlowPorts } from "./ports.ts";

/** The event of another attempt; undefined when there is none to be, and the run fails with the reason. */
export function retryOf(
  run: Run,
  reason: FailureReason,
  message: string,
  { ids, settings }: Pick<FlowPorts, "ids" | "settings">,
): RunEvent | undefined {
  const { attempt, plan } = run.life;
  const most = { never: 0, safely: Math.max(1, settings.retries), asked: settings.retries };
  if (plan === undefined || attempt > most[REASONS[reason].retry]) return undefined;
  const key = launchKey(run.scope, run.id, attempt + 1, ids.sha256);
  const restored = { scope: run.scope, container: run.dataContainerId, folder: OUTPUTS };
  return {
    name: "retried",
    plan: { ...plan, key, ...(collectsOutput(run) ? { restored } : {}) },
    reason,
    message,
  };
}

type ClearPorts = Pick<FlowPorts, "artifacts" | "targets" | "runs" | "clock" | "log" | "news" | "settings">;

/** Ends what is left of the earlier attempt, keeps its files and frees its target. May be repeated. */
export async function clearAttempt(
  { run, lease }: LeasedRun,
  ports: ClearPorts,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const { earlier, plan } = run.life;
  if (!earlier || !plan) throw new Error(`The record of run '${run.id}' has no earlier attempt.`);
  const driver = ports.targets.driver(plan.target.kind);
  const handle = earlier.handle ?? (await driver.find(plan.target, earlier.key, signal));
  if (handle) {
    // Also where the engine says "gone": the script may outlive the process that was to tell its end.
    await driver.stop(handle, 0, signal);
    await collectAttempt(run, { attempt: earlier.attempt, handle }, ports, signal);
    await driver.release(handle, signal);
  }
  return changeRun(run, [{ name: "cleared" }], ports.settings.owner, ports, lease);
}
