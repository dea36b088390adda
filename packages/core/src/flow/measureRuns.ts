// Measures what running runs use of their machine, and keeps it as series of metrics. A run that cannot be measured now is measured later.
import { isMalachiteError } from "../domain/failure/malachiteError.ts";
import { nextLook, systemMetrics, type Usage } from "../domain/metric/systemMetrics.ts";
import type { Run } from "../domain/run/run.ts";
import { collectsOutput } from "./collectRun.ts";
import type { FlowPorts } from "./ports.ts";

type MeasurePorts = Pick<FlowPorts, "targets" | "metrics" | "log">;

/** A run that is due, and what was seen of it the last time, and the first. */
export type Due = {
  readonly run: Run;
  readonly before: Usage | undefined;
  readonly first: Usage | undefined;
};

/** One question for each engine. Answers what was seen, by the ask; a run that nothing is known of is not among them. */
export async function measureRuns(
  due: readonly Due[],
  { targets, metrics, log }: MeasurePorts,
  signal: AbortSignal,
): Promise<ReadonlyMap<Due, Usage>> {
  const seen = new Map<Due, Usage>();
  for (const [kind, ofKind] of Map.groupBy(due, ({ run }) => run.life.handle?.kind)) {
    if (kind === undefined) continue;
    try {
      const asked = ofKind.flatMap(({ run: { life } }) =>
        life.handle ? [{ handle: life.handle, ...(life.plan?.gpus ? { gpus: life.plan.gpus } : {}) }] : [],
      );
      const found = await targets.driver(kind).usage?.(asked, signal);
      for (const one of ofKind) {
        const usage = one.run.life.handle && found?.get(one.run.life.handle.key);
        if (usage !== undefined) seen.set(one, usage);
      }
    } catch (error) {
      if (!signal.aborted) log.warn("usageUnavailable", { kind, reason: String(error) });
    }
  }
  for (const [{ run, before, first }, usage] of seen) {
    const begun = run.life.attemptStartedAt ?? run.life.startedAt ?? usage.at;
    const step = Math.max(0, Math.round((usage.at - begun) / 1000));
    const posts = systemMetrics(before, usage, step, first);
    // The first look only begins the count.
    if (before === undefined || posts.length === 0) continue;
    try {
      await metrics.add(run.scope, run.id, posts);
    } catch (error) {
      // Removed meanwhile.
      if (!isMalachiteError(error) || error.code !== "RunNotFound") throw error;
    }
  }
  return seen;
}

/** A run in the hands of the service, with what is known of its use. */
export type Measured = {
  readonly run: Run;
  /** It waits for its engine and no step is under way. */
  watched: boolean;
  /** What it used when that was last looked at, and when that is due again. */
  usage?: { readonly first: Usage | undefined; readonly seen: Usage | undefined; readonly due: number };
};

/** Measures those that run and are due, and keeps in mind when each is due again. */
export async function measureKept(
  all: Iterable<Measured>,
  ports: MeasurePorts & Pick<FlowPorts, "clock" | "settings">,
  signal: AbortSignal,
): Promise<void> {
  const { clock, settings } = ports;
  const now = clock.now();
  const due = new Map<Due, Measured>();
  for (const kept of all) {
    const { run, watched, usage } = kept;
    // A turn comes a little early or late: what is due until half way to the next is due now.
    if (!watched || run.life.status !== "Running" || !collectsOutput(run)) continue;
    if (usage === undefined || usage.due <= now + settings.systemMetricsMs / 2)
      due.set({ run, before: usage?.seen, first: usage?.first }, kept);
  }
  if (due.size === 0) return;
  const seen = await measureRuns([...due.keys()], ports, signal);
  for (const [ask, kept] of due) {
    const took = now - (kept.run.life.attemptStartedAt ?? kept.run.life.startedAt ?? now);
    const found = seen.get(ask);
    const first = ask.first ?? found;
    kept.usage = { first, seen: found, due: now + nextLook(settings.systemMetricsMs, took) };
  }
}
