// Ends a run: its outputs are kept, the outcome is written with the debt to free the target, and the debt is paid.
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { EXIT_RECORD_MAX_BYTES } from "../domain/launch/exitRecord.ts";
import { type GroupExit, parseGroupExit } from "../domain/launch/groupExit.ts";
import { logOfDefinition } from "../domain/launch/groupShape.ts";
import { RUN_FOLDER } from "../domain/launch/launchPlan.ts";
import { conclude } from "../domain/run/conclude.ts";
import type { Handle, Run } from "../domain/run/run.ts";
import type { RunFolder } from "../ports/computeDriver.ts";
import type { LeasedRun } from "../ports/runStore.ts";
import { changeRun } from "./changeRun.ts";
import { collectRun, logTail, startOf, whileAwaited } from "./collectRun.ts";
import { dataKeyOf } from "./dataPlaces.ts";
import type { FlowPorts } from "./ports.ts";
import { sendData } from "./sendData.ts";

type FinishPorts = Pick<
  FlowPorts,
  | "artifacts"
  | "data"
  | "datastores"
  | "secretBox"
  | "workspaces"
  | "targets"
  | "runs"
  | "clock"
  | "ids"
  | "log"
  | "news"
  | "settings"
>;

/** How much of the log goes into the error of a failed run. */
const TAIL_BYTES = 4096;

/** Finalizing → Completed or Failed. What the script left running is ended first, so that files no longer change. */
export async function finishRun(
  { run, lease }: LeasedRun,
  ports: FinishPorts,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const { handle, exit } = run.life;
  if (!handle)
    return changeRun(run, [conclude(undefined, undefined, "")], ports.settings.owner, ports, lease);
  const driver = ports.targets.driver(handle.kind);
  await driver.stop(handle, 0, signal);
  const folder = driver.folder(handle);
  let first: GroupExit | undefined;
  let tail = "";
  let sent: Run | undefined = run;
  await whileAwaited(run, exit?.endedAt, ports, async () => {
    if (exit?.code !== 0) {
      first = await firstFailed(run, folder);
      const log = first?.log ?? logOfDefinition(run.definition as WholeDefinition | undefined);
      tail = await logTail(folder, log, TAIL_BYTES);
    }
    // Before the collection, which takes files away.
    sent = await sentData({ run, lease }, handle, ports, signal);
    if (sent) await collectRun(run, handle, ports, signal);
  });
  if (!sent) return undefined;
  const vanished =
    exit !== undefined &&
    exit.lost === undefined &&
    exit.taken === undefined &&
    exit.code === null &&
    exit.signal === undefined &&
    !exit.outOfMemory &&
    exit.failure === undefined;
  return changeRun(
    sent,
    [conclude(vanished ? undefined : exit, exit?.failure, tail, first)],
    ports.settings.owner,
    ports,
    lease,
  );
}

/** Sends the data and tells so in the story. Answers the record as it is then; undefined: it changed meanwhile. */
async function sentData(
  { run, lease }: LeasedRun,
  handle: Handle,
  ports: FinishPorts,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const sent = await sendData(run, handle, ports, signal);
  return sent === undefined
    ? run
    : changeRun(run, [{ name: "dataSent", ...sent }], ports.settings.owner, ports, lease);
}

/** Of a run of several processes: the one that failed first, as its group wrote it down. Of one by Spark: why it was not started. */
async function firstFailed(run: Run, folder: RunFolder): Promise<GroupExit | undefined> {
  const group = run.life.plan?.group;
  const { framework } = (run.definition as WholeDefinition | undefined)?.configuration ?? {};
  if (group === undefined && framework !== "PySpark") return undefined;
  if ((await folder.size(RUN_FOLDER.groupExit)) === undefined) return undefined;
  return parseGroupExit(await startOf(folder, RUN_FOLDER.groupExit, EXIT_RECORD_MAX_BYTES + 1), group);
}

/** CancelRequested → the end that was asked for, said only when the whole process tree is gone. */
export async function stopRun(
  { run, lease }: LeasedRun,
  ports: FinishPorts,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const handle = await handleOf(run, ports, signal);
  let now: Run | undefined = run;
  if (handle) {
    await ports.targets.driver(handle.kind).stop(handle, ports.settings.graceMs, signal);
    await whileAwaited(run, run.life.cancel?.askedAt, ports, async () => {
      now = await sentData({ run, lease }, handle, ports, signal);
      if (now) await collectRun(run, handle, ports, signal);
    });
    if (!now) return undefined;
  }
  // Without a plan nothing is owed: what was brought by then is freed here.
  if (!run.life.plan) await ports.data.forget(dataKeyOf(run, ports));
  const events =
    handle && !run.life.handle
      ? ([{ name: "launched", handle }, { name: "stopped" }] as const)
      : ([{ name: "stopped" }] as const);
  return changeRun(now, events, ports.settings.owner, ports, lease);
}

/** Pays the debt: frees all that the launch made. */
export async function releaseRun(
  { run, lease }: LeasedRun,
  ports: FinishPorts,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const handle = await handleOf(run, ports, signal);
  if (handle) await ports.targets.driver(handle.kind).release(handle, signal);
  await ports.data.forget(dataKeyOf(run, ports));
  return changeRun(run, [{ name: "released" }], ports.settings.owner, ports, lease);
}

/** The handle of the record, or the job that a launch made whose answer was never written. */
async function handleOf(
  { life: { handle, plan } }: Run,
  { targets }: Pick<FlowPorts, "targets">,
  signal: AbortSignal,
): Promise<Handle | undefined> {
  if (handle || !plan) return handle;
  return targets.driver(plan.target.kind).find(plan.target, plan.key, signal);
}
