// Brings one leased run on, step by step, until it waits for its engine or nothing is left to do. Each step reads the record,
// does one thing and writes one event; so after a crash, or when somebody else changed the record, the next read goes on.
import { isMalachiteError } from "../domain/failure/malachiteError.ts";
import { nextStep, type Step } from "../domain/run/nextStep.ts";
import type { Run } from "../domain/run/run.ts";
import type { Lease, LeasedRun } from "../ports/runStore.ts";
import type { StepWatch } from "../ports/stepWatch.ts";
import { finishRun, releaseRun, stopRun } from "./finishRun.ts";
import { launchRun } from "./launchRun.ts";
import type { FlowPorts } from "./ports.ts";
import { prepareEnvironment } from "./prepareEnvironment.ts";
import { clearAttempt } from "./retryRun.ts";

type StepDoer = (leased: LeasedRun, ports: FlowPorts, signal: AbortSignal) => Promise<Run | undefined>;

const DOERS: Partial<Record<Step, StepDoer>> = {
  prepare: prepareEnvironment,
  clear: clearAttempt,
  launch: launchRun,
  stop: stopRun,
  collect: finishRun,
  release: releaseRun,
};

/** Waits between tries of a step whose engine or store does not answer: 0.2 s, doubled up to 30 s. */
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;

/** Where the run stands when the drive ends: to be watched, or with nothing owed, or in other hands. */
export type Driven = { readonly kind: "watch" | "done"; readonly run: Run } | { readonly kind: "lost" };

/**
 * Drives until `watch` or `done`. `lost`: the lease is not ours any more, or the signal ended the service.
 * `interrupt` gives a fresh signal for each step: it aborts when the record changed under the step (a cancel).
 */
export async function driveRun(
  first: Run,
  lease: Lease,
  ports: FlowPorts,
  stopping: AbortSignal,
  interrupt: () => AbortSignal,
): Promise<Driven> {
  const watched: StepWatch = ports.stepWatch ?? ((_run, _step, work) => work());
  let run = first;
  let waitMs = FIRST_WAIT_MS;
  while (!stopping.aborted) {
    const step = nextStep(run);
    const doer = DOERS[step];
    if (!doer) return { kind: step === "watch" ? "watch" : "done", run };
    try {
      const leased = { run, lease };
      const after = await watched(run, step, () =>
        doer(leased, ports, AbortSignal.any([stopping, interrupt()])),
      );
      waitMs = FIRST_WAIT_MS;
      if (after) {
        run = after;
        continue;
      }
    } catch (error) {
      if (stopping.aborted) break;
      const changed = await ports.runs.get(run.scope, run.id).catch(() => undefined);
      if (changed === undefined || changed.version === run.version) {
        say(error, run, step, ports);
        await ports.clock.sleep(waitMs, AbortSignal.any([stopping, interrupt()]));
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      }
    }
    const read = await ports.runs.get(run.scope, run.id).catch(() => run);
    if (!read) return { kind: "lost" };
    if (!(await ports.runs.renew([lease.token], ports.clock.now() + ports.settings.leaseMs)).has(lease.token))
      return { kind: "lost" };
    run = read;
  }
  return { kind: "lost" };
}

function say(error: unknown, run: Run, step: Step, { log }: FlowPorts): void {
  const fields = { runId: run.id, step, status: run.life.status };
  if (isMalachiteError(error) && error.kind === "unavailable")
    log.warn("stepWaits", { ...fields, reason: error.message });
  else log.error("stepFailed", error, fields);
}
