// Makes or finds the environment, then writes the launch plan: the intent, durable before anything is started.
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { environmentAsk } from "../domain/environment/environment.ts";
import { isMalachiteError } from "../domain/failure/malachiteError.ts";
import { planLaunch } from "../domain/launch/planLaunch.ts";
import type { RunEvent } from "../domain/run/advance.ts";
import type { Run } from "../domain/run/run.ts";
import type { LeasedRun } from "../ports/runStore.ts";
import { openBuildLog } from "./buildLog.ts";
import { changeRun } from "./changeRun.ts";
import { insideOf } from "./insideOf.ts";
import type { FlowPorts } from "./ports.ts";

type PreparePorts = Pick<
  FlowPorts,
  "runs" | "snapshots" | "artifacts" | "environments" | "targets" | "clock" | "news" | "settings"
>;

/** Starting or Preparing → Queued with a plan, Completed where that was all, or Failed with the reason. Undefined: the record changed meanwhile. */
export async function prepareEnvironment(
  { run, lease }: LeasedRun,
  ports: PreparePorts,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const begin: RunEvent[] = run.life.status === "Starting" ? [{ name: "preparing" }] : [];
  return changeRun(run, [...begin, await prepared(run, ports, signal)], ports.settings.owner, ports, lease);
}

async function prepared(run: Run, ports: PreparePorts, signal: AbortSignal): Promise<RunEvent> {
  const definition = run.definition as WholeDefinition | undefined;
  const key = run.life.key;
  if (!definition || !key)
    throw new Error(`The record of run '${run.id}' has no definition or no launch key.`);
  const target = ports.targets.find(run.target);
  if (!target)
    return {
      name: "failed",
      reason: "TargetGone",
      message: `The compute target '${run.target}' is no longer in the settings.`,
    };
  const snapshot = run.snapshotId ? await ports.snapshots.get(run.scope, run.snapshotId) : undefined;
  if (run.snapshotId && !snapshot)
    return {
      name: "failed",
      reason: "ProjectLost",
      message: `The snapshot '${run.snapshotId}' is not in the store any more.`,
    };
  try {
    await using log = openBuildLog(run, ports);
    const environment = await ports.environments.prepare(
      environmentAsk(definition, target),
      log.write,
      signal,
    );
    if (definition.prepareOnly) return { name: "environmentReady" };
    const { serviceUrl, caBundle, graceMs } = ports.settings;
    const inside = { ...insideOf(run, serviceUrl(), ports), caBundle };
    return {
      name: "prepared",
      plan: planLaunch({ key, target, definition, environment, tree: snapshot?.tree, inside, graceMs }),
    };
  } catch (error) {
    if (!isMalachiteError(error) || error.kind === "unavailable") throw error;
    return { name: "failed", reason: "EnvironmentFailed", message: error.message };
  }
}
