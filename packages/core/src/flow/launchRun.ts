// Hands the plan to the engine. The plan is in the record by now; after a crash the job is looked for by its key first.
import { isMalachiteError, MalachiteError } from "../domain/failure/malachiteError.ts";
import { tokenVariables } from "../domain/launch/variables.ts";
import type { RunEvent } from "../domain/run/advance.ts";
import type { Run } from "../domain/run/run.ts";
import type { HeldRun } from "../ports/runStore.ts";
import { keepMounts } from "./bringData.ts";
import { changeRun } from "./changeRun.ts";
import type { FlowPorts } from "./ports.ts";
import { retryOf } from "./retryRun.ts";

type LaunchPorts = Pick<
  FlowPorts,
  | "runs"
  | "targets"
  | "tokens"
  | "data"
  | "datastores"
  | "secretBox"
  | "workspaces"
  | "artifacts"
  | "clock"
  | "ids"
  | "news"
  | "settings"
>;

/** Queued, or Running in a later attempt, without a handle → with one, or with another attempt, or Failed. An engine that does not answer throws; the step is tried again. */
export async function launchRun(
  held: HeldRun,
  ports: LaunchPorts,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const { run, lease } = held;
  return changeRun(run, [await launched(held, ports, signal)], ports.settings.owner, ports, lease);
}

/** Another server may have it by now: the step is tried again once the lease has been renewed. */
const unsure = ({ id }: Run) =>
  new MalachiteError("EngineUnavailable", `The run '${id}' is not launched before its lease is renewed.`);

async function launched(
  { run, sureUntil }: HeldRun,
  ports: LaunchPorts,
  signal: AbortSignal,
): Promise<RunEvent> {
  const { targets, tokens } = ports;
  const plan = run.life.plan;
  if (!plan) throw new Error(`The record of run '${run.id}' has no launch plan.`);
  const driver = targets.driver(plan.target.kind);
  const earlier = await driver.find(plan.target, plan.key, signal);
  if (earlier) return { name: "launched", handle: earlier };
  try {
    // The machine may have been started anew since the plan was written.
    await keepMounts(run, ports, signal);
    const secrets = tokenVariables(await tokens.issue(run), plan.environment);
    if (ports.clock.monotonic() >= sureUntil()) throw unsure(run);
    const startBefore = ports.settings.machine === undefined ? {} : { startBefore: sureUntil };
    return { name: "launched", handle: await driver.launch({ plan, secrets, ...startBefore }, signal) };
  } catch (error) {
    if (!isMalachiteError(error) || error.kind === "unavailable") throw error;
    const reason = error.code === "StorageFailed" ? "ProjectLost" : "LaunchRefused";
    // What is wrong with the plan itself is wrong with the next one too.
    const again = error.kind === "invalid" ? undefined : retryOf(run, reason, error.message, ports);
    return again ?? { name: "failed", reason, message: error.message };
  }
}
