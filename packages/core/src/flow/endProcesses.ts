// Ends the processes of a launch, also of one that hangs in a mount: there no signal reaches them until the mount answers or is gone.
import type { Handle, Run } from "../domain/run/run.ts";
import { dataKeyOf } from "./dataPlaces.ts";
import type { FlowPorts } from "./ports.ts";

/** What ends by a signal has ended by then. */
const CUT_AFTER_MS = 10_000;

/** As `ComputeDriver.stop`; mounts of what lies elsewhere are cut when it takes too long. */
export async function endProcesses(
  run: Run,
  handle: Handle,
  graceMs: number,
  ports: Pick<FlowPorts, "targets" | "data" | "clock" | "ids" | "log">,
  signal: AbortSignal,
): Promise<void> {
  const stopped = ports.targets.driver(handle.kind).stop(handle, graceMs, signal);
  if (!(run.life.plan?.mounts ?? []).some((mount) => mount.is !== undefined)) return stopped;
  const done = new AbortController();
  const cut = cutLater(run, graceMs + CUT_AFTER_MS, ports, AbortSignal.any([signal, done.signal]));
  try {
    await stopped;
  } finally {
    done.abort();
    await cut;
  }
}

async function cutLater(
  run: Run,
  afterMs: number,
  { clock, data, ids, log }: Pick<FlowPorts, "data" | "clock" | "ids" | "log">,
  ended: AbortSignal,
): Promise<void> {
  await clock.sleep(afterMs, ended);
  if (ended.aborted) return;
  log.warn("mountsCut", { runId: run.id });
  await data.cut(dataKeyOf(run, { ids })).catch((error: unknown) => {
    // What is still there is looked after by the steps that come.
    log.error("mountsNotCut", error, { runId: run.id });
  });
}
