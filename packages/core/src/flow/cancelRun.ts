// Writes the wish that a run ends. The keeper stops the job; a run that others execute is told through its status.
import type { FailureReason } from "../domain/failure/reasons.ts";
import { wishExternal } from "../domain/run/external.ts";
import { isTerminal } from "../domain/run/next.ts";
import type { CancelWish, Run } from "../domain/run/run.ts";
import { changeRun } from "./changeRun.ts";
import { findRun, shown } from "./findRun.ts";
import type { CancelRun, ShownRun } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { mayChangeRun } from "./reachRun.ts";

type CancelPorts = Pick<FlowPorts, "runs" | "clock" | "news">;

const REASON_OF = {
  Canceled: "Canceled",
  Completed: "EndedAsCompleted",
  Failed: "EndedAsFailed",
} as const satisfies Record<string, FailureReason>;

/** Guarded by version alone, so it never waits for whoever works on the run. An ended run is answered as it is. */
export async function cancelRun(ask: CancelRun, ports: CancelPorts): Promise<ShownRun> {
  for (;;) {
    const run = await findRun(ask, ports);
    await mayChangeRun(ask.by, run.scope, run.id, ports);
    if (isTerminal(run.life.status) || run.life.cancel) return shown(run, ports);
    const wish: CancelWish = {
      askedAt: ports.clock.now(),
      by: ask.by.name,
      reason: REASON_OF[ask.finalStatus ?? "Canceled"],
      text: ask.text,
    };
    const after =
      run.origin === "external"
        ? await cancelExternal(run, wish, ports)
        : await changeRun(run, [{ name: "cancelAsked", wish }], ask.by.name, ports);
    if (!after) continue;
    if (isTerminal(after.life.status)) ports.news.queueMoved();
    return shown(after, ports);
  }
}

async function cancelExternal(
  run: Run,
  wish: CancelWish,
  { runs, clock, news }: CancelPorts,
): Promise<Run | undefined> {
  const at = clock.now();
  const life = wishExternal(run.life, wish, at);
  const after = await runs.apply(run, life, [
    { at, event: "cancelAsked", status: life.status, actor: wish.by, cause: wish.text },
  ]);
  if (after) news.changed(after);
  return after;
}
