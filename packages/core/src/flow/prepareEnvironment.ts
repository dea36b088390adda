// Makes or finds the environment, brings the data, then writes the launch plan: the intent, durable before anything is started.
import { runTarget } from "../domain/definition/containerAsk.ts";
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { environmentAsk, type PreparedEnvironment } from "../domain/environment/environment.ts";
import { isMalachiteError, MalachiteError } from "../domain/failure/malachiteError.ts";
import type { FailureReason } from "../domain/failure/reasons.ts";
import { AWAY_FILES } from "../domain/launch/awayPlan.ts";
import { withGpus } from "../domain/launch/gpus.ts";
import { FOLDER_MARK, type TargetSettings } from "../domain/launch/launchPlan.ts";
import { planLaunch } from "../domain/launch/planLaunch.ts";
import { needsOf } from "../domain/queue/needs.ts";
import type { RunEvent } from "../domain/run/advance.ts";
import type { Run } from "../domain/run/run.ts";
import type { BuildLog } from "../ports/environmentBuilder.ts";
import type { LeasedRun } from "../ports/runStore.ts";
import { bringData } from "./bringData.ts";
import { openBuildLog } from "./buildLog.ts";
import { changeRun } from "./changeRun.ts";
import { homeFolders } from "./collectRun.ts";
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
  const write = (now: Run | undefined, events: readonly RunEvent[]): Promise<Run | undefined> =>
    now === undefined
      ? Promise.resolve(undefined)
      : changeRun(
          now,
          now.life.status === "Starting" ? [...begin, ...events] : events,
          ports.settings.owner,
          ports,
          lease,
        );
  const told = (writing: Promise<Run | undefined>): void => {
    begun = writing;
    writing.catch(() => {
      // Told when it is awaited.
    });
  };
  // An environment that is there costs one commit; one that is made shows as Preparing from its first word on.
  const progress: Progress = {
    begin: () => {
      if (begun === undefined) told(write(run, []));
    },
    tell: (event) => {
      const before = begun ?? Promise.resolve(run);
      told(before.then((now) => write(now, [event])));
    },
  };
  const events = await prepared(run, progress, ports, signal);
  return write(begun === undefined ? run : await begun, events);
}

/** What the record is told while the step goes on: that it goes on, and how far it has come. */
type Progress = { begin(): void; tell(event: RunEvent): void };

async function prepared(
  run: Run,
  progress: Progress,
  ports: PreparePorts,
  signal: AbortSignal,
): Promise<readonly RunEvent[]> {
  const definition = run.definition as WholeDefinition | undefined;
  const key = run.life.key;
  if (!definition || !key)
    throw new Error(`The record of run '${run.id}' has no definition or no launch key.`);
  const named = ports.targets.find(run.target);
  // A claim passes such runs over; but the settings may have changed since.
  if (!named)
    throw new MalachiteError(
      "EngineUnavailable",
      `The compute target '${run.target}' is no longer in the settings: put it back, or cancel the run.`,
    );
  const target = runTarget(definition, named);
  const away = ports.targets.isAway(target);
  const snapshot = run.snapshotId ? await ports.snapshots.get(run.scope, run.snapshotId) : undefined;
  if (run.snapshotId && !snapshot)
    return failed("ProjectLost", `The snapshot '${run.snapshotId}' is not in the store any more.`);
  let environment: PreparedEnvironment;
  let how: "found" | "made" = "found";
  try {
    await using log = openBuildLog(run, ports);
    // That of the run which this one repeats, as it was copied when this one was asked for.
    const lock = definition.rerunOf === undefined ? undefined : await getLock(run, ports);
    const ask = {
      ...environmentAsk(definition, target, away),
      ...(lock === undefined ? {} : { lock }),
      ...(run.sealedPassword === undefined
        ? {}
        : { registryPassword: ports.secretBox.open(run.sealedPassword) }),
      ...projectReader(snapshot, ports),
    };
    const write: BuildLog = (text) => {
      how = "made";
      progress.begin();
      return log.write(text);
    };
    environment = await ports.environments.prepare(ask, write, signal);
    await keepWhatWasMade(run, environment, ports);
  } catch (error) {
    if (!isMalachiteError(error) || error.kind === "unavailable") throw error;
    return failed("EnvironmentFailed", error.message);
  }
  const here: RunEvent = { name: "environmentPrepared", how };
  if (definition.prepareOnly) return [here, { name: "environmentReady" }];
  const { serviceUrl, caBundle, graceMs } = ports.settings;
  const inside = {
    ...insideOf(run, serviceUrl(), ports),
    caBundle: away ? `${FOLDER_MARK}/${AWAY_FILES.caBundle}` : caBundle,
  };
  try {
    const hasData = usesOf(definition, run.id).length > 0;
    if (hasData) progress.tell(here);
    const gpusPerNode = await gpusOfEngine(definition, target, ports, signal);
    const { placed: data, carried } = await bringData(run, away, ports, signal);
    const plan = withGpus(
      planLaunch({
        ...{ key, target, definition, environment, tree: snapshot?.tree, inside, graceMs, data },
        ...(away ? { home: homeFolders(run) } : {}),
        ...(gpusPerNode === undefined ? {} : { gpusPerNode }),
      }),
      run.life.gpus,
    );
    return [
      ...(hasData ? [] : [here]),
      ...(carried === undefined ? [] : [{ name: "dataBrought", ...carried } as const]),
      { name: "prepared", plan },
    ];
  } catch (error) {
    if (!isMalachiteError(error) || error.kind === "unavailable") throw error;
    // No plan is written, so nobody would free it later.
    await ports.data.forget(dataKeyOf(run, ports));
    return failed("DataFailed", error.message);
  }
}

/** How many GPUs the engine is to give to each node; undefined where it gives none out. */
async function gpusOfEngine(
  definition: WholeDefinition,
  target: TargetSettings,
  { targets }: Pick<PreparePorts, "targets">,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { enginesGpus, gpus: all, gpusPerRun: byDefault } = await targets.abilities(target, signal);
  if (!enginesGpus) return undefined;
  return needsOf(definition, { byDefault, all, target }).gpus / definition.configuration.nodeCount;
}

const failed = (reason: FailureReason, message: string): readonly RunEvent[] => [
  { name: "failed", reason, message },
];

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
