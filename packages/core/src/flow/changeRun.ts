// The one way a step writes: apply an event to the record it has read, guarded by version and lease, and tell who listens.
import { advance, type RunEvent } from "../domain/run/advance.ts";
import type { Run } from "../domain/run/run.ts";
import type { Lease } from "../ports/runStore.ts";
import type { FlowPorts } from "./ports.ts";

/**
 * Writes the events, in order and in one commit. Answers the new record, or undefined when the run is no longer ours or has
 * changed meanwhile: drop what was done and read it again. Events that come too late are not written.
 */
export async function changeRun(
  run: Run,
  events: readonly RunEvent[],
  actor: string,
  ports: Pick<FlowPorts, "runs" | "clock" | "news">,
  lease?: Lease,
): Promise<Run | undefined> {
  const at = ports.clock.now();
  let life = run.life;
  const entries = [];
  for (const event of events) {
    const step = advance(life, event, { at, actor });
    life = step.life;
    if (step.changed) entries.push(step.entry);
  }
  if (entries.length === 0) return run;
  const written = await ports.runs.apply(run, life, entries, lease);
  if (written) ports.news.changed(written);
  return written;
}
