// Makes or finds the environment, brings the data, then writes the launch plan: the intent, durable before anything is started.
import { runTarget } from "../domain/definition/containerAsk.ts";
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { environmentAsk, type PreparedEnvironment } from "../domain/environment/environment.ts";
import { isMalachiteError } from "../domain/failure/malachiteError.ts";
import { withGpus } from "../domain/launch/gpus.ts";
import { planLaunch } from "../domain/launch/planLaunch.ts";
import type { RunEvent } from "../domain/run/advance.ts";
import type { Run } from "../domain/run/run.ts";
import type { BuildLog } from "../ports/environmentBuilder.ts";
import type { LeasedRun } from "../ports/runStore.ts";
import { bringData } from "./bringData.ts";
import { openBuildLog } from "./buildLog.ts";
import { changeRun } from "./changeRun.ts";
import { dataKeyOf, usesOf } from "./dataPlaces.ts";
import { getLock, putLock } from "./environmentLock.ts";
import { insideOf } from "./insideOf.ts";
import type { FlowPorts } from "./ports.ts";
import { projectReader } from "./projectReader.ts";

type PreparePorts = Pick<
  FlowPorts,
  | "runs"
  | "snapshots"
  | "artifacts"
  | "environments"
  | "data"
  | "datastores"
  | "secretBox"
  | "workspaces"
  | "targets"
  | "clock"
  | "ids"
  | "news"
  | "settings"
>;

/** Starting or Preparing → Queued with a plan, Completed where that was all, or Failed with the reason. Undefined: the record changed meanwhile. */
export async function prepareEnvironment(
  { run, lease }: LeasedRun,
  ports: PreparePorts,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const begin: RunEvent[] = run.life.status === "Starting" ? [{ name: "preparing" }] : [];
  let begun: Promise<Run | undefined> | undefined;
  // An environment that is there costs one commit; one that is made shows as Preparing from its first word on.
  const saying = (): void => {
    begun ??= changeRun(run, begin, ports.settings.owner, ports, lease);
    begun.catch(() => {
      // Told when it is awaited.
    });
  };
  const event = await prepared(run, saying, ports, signal);
  const now = begun === undefined ? run : await begun;
  if (!now) return undefined;
  const events = now.life.status === "Starting" ? [...begin, event] : [event];
  return changeRun(now, events, ports.settings.owner, ports, lease);
}

async function prepared(
  run: Run,
  saying: () => void,
  ports: PreparePorts,
  signal: AbortSignal,
): Promise<RunEvent> {
  const definition = run.definition as WholeDefinition | undefined;
  const key = run.life.key;
  if (!definition || !key)
    throw new Error(`The record of run '${run.id}' has no definition or no launch key.`);
  const named = ports.targets.find(run.target);
  if (!named)
    return {
      name: "failed",
      reason: "TargetGone",
      message: `The compute target '${run.target}' is no longer in the settings.`,
    };
  const target = runTarget(definition, named);
  const snapshot = run.snapshotId ? await ports.snapshots.get(run.scope, run.snapshotId) : undefined;
  if (run.snapshotId && !snapshot)
    return {
      name: "failed",
      reason: "ProjectLost",
      message: `The snapshot '${run.snapshotId}' is not in the store any more.`,
    };
  let environment: PreparedEnvironment;
  try {
    await using log = openBuildLog(run, ports);
    // That of the run which this one repeats, as it was copied when this one was asked for.
    const lock = definition.rerunOf === undefined ? undefined : await getLock(run, ports);
    const ask = {
      ...environmentAsk(definition, target),
      ...(lock === undefined ? {} : { lock }),
      ...(run.sealedPassword === undefined
        ? {}
        : { registryPassword: ports.secretBox.open(run.sealedPassword) }),
      ...projectReader(snapshot, ports),
    };
    const write: BuildLog = (text) => {
      saying();
      return log.write(text);
    };
    environment = await ports.environments.prepare(ask, write, signal);
    await keepWhatWasMade(run, environment, ports);
  } catch (error) {
    if (!isMalachiteError(error) || error.kind === "unavailable") throw error;
    return { name: "failed", reason: "EnvironmentFailed", message: error.message };
  }
  if (definition.prepareOnly) return { name: "environmentReady" };
  const { serviceUrl, caBundle, graceMs } = ports.settings;
  const inside = { ...insideOf(run, serviceUrl(), ports), caBundle };
  try {
    if (usesOf(definition, run.id).length > 0) saying();
    const data = await bringData(run, ports, signal);
    return {
      name: "prepared",
      plan: withGpus(
        planLaunch({ key, target, definition, environment, tree: snapshot?.tree, inside, graceMs, data }),
        run.life.gpus,
      ),
    };
  } catch (error) {
    if (!isMalachiteError(error) || error.kind === "unavailable") throw error;
    // No plan is written, so nobody would free it later.
    await ports.data.forget(dataKeyOf(run, ports));
    return { name: "failed", reason: "DataFailed", message: error.message };
  }
}

async function keepWhatWasMade(
  run: Run,
  { lock, warnings = [] }: PreparedEnvironment,
  ports: Pick<PreparePorts, "artifacts" | "runs" | "clock">,
): Promise<void> {
  if (lock !== undefined) await putLock(run, lock, ports);
  if (warnings.length > 0) {
    const addWarnings = warnings.map((message) => ({ source: "environment", message }));
    await ports.runs.describe(run.scope, run.id, { addWarnings }, ports.clock.now());
  }
}
