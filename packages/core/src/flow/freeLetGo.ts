// Frees what machines that came back still have of runs that were let go of: what runs there is ended, and its folder goes. It brings no file
// home, and of the closed record it changes nothing but that the debt is paid.
import { isMalachiteError } from "../domain/failure/malachiteError.ts";
import type { Run } from "../domain/run/run.ts";
import { changeRun } from "./changeRun.ts";
import { dataKeyOf } from "./dataPlaces.ts";
import type { FlowPorts } from "./ports.ts";

type FreePorts = Pick<FlowPorts, "runs" | "targets" | "data" | "clock" | "news" | "ids" | "log" | "settings">;

/** The newest: so many a turn. */
const AT_A_TURN = 1000;
const TURN_MS = 60_000;
/** A machine that hangs is not waited for longer. */
const ONE_RUN_MS = 60_000;

/**
 * How many were freed. A target that does not answer is asked once a turn, however many of its runs were let go of: by another of them each
 * minute, since of the machines of a pool one may be back and another not.
 */
export async function freeLetGo(ports: FreePorts, signal: AbortSignal): Promise<number> {
  const { runs, settings, log } = ports;
  const found = await runs.letGoOf({
    ...(settings.machine === undefined ? {} : { machine: settings.machine }),
    at: await runs.now(),
    limit: AT_A_TURN,
  });
  const silent = new Set<string>();
  const first = Math.floor(ports.clock.now() / TURN_MS) % Math.max(1, found.length);
  let freed = 0;
  for (const run of [...found.slice(first), ...found.slice(0, first)]) {
    if (signal.aborted) break;
    if (silent.has(run.target)) continue;
    try {
      await free(run, ports, AbortSignal.any([signal, AbortSignal.timeout(ONE_RUN_MS)]));
      if (await changeRun(run, [{ name: "released" }], settings.owner, ports)) freed += 1;
    } catch (error) {
      const isAway = isMalachiteError(error) ? error.kind === "unavailable" : true;
      if (isAway) silent.add(run.target);
      log.warn("letGoStays", { runId: run.id, target: run.target, reason: String(error) });
    }
  }
  if (freed > 0) log.info("letGoFreed", { count: freed });
  return freed;
}

/** Every attempt that may have left something: the one that was at work, and one before it that was still to be cleared. */
async function free(run: Run, ports: FreePorts, signal: AbortSignal): Promise<void> {
  const { plan, handle, earlier } = run.life;
  if (plan !== undefined) {
    const driver = ports.targets.driver(plan.target.kind);
    for (const attempt of [{ key: plan.key, handle }, ...(earlier === undefined ? [] : [earlier])]) {
      const left = attempt.handle ?? (await driver.find(plan.target, attempt.key, signal));
      if (left === undefined) continue;
      await driver.stop(left, 0, signal);
      await driver.release(left, signal);
    }
  }
  await ports.data.forget(dataKeyOf(run, ports));
}
