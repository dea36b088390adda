// Brings one leased run on, step by step, until it waits for its engine or nothing is left to do. Each step reads the record,
// does one thing and writes one event; so after a crash, or when somebody else changed the record, the next read goes on.
import { isMalachiteError } from "../domain/failure/malachiteError.ts";
import { nextStep, type Step } from "../domain/run/nextStep.ts";
import type { Run } from "../domain/run/run.ts";
import type { HeldRun, Lease } from "../ports/runStore.ts";
import type { StepWatch } from "../ports/stepWatch.ts";
import { finishRun, releaseRun, stopRun } from "./finishRun.ts";
import { launchRun } from "./launchRun.ts";
import type { FlowPorts } from "./ports.ts";
import { prepareEnvironment } from "./prepareEnvironment.ts";
import { clearAttempt } from "./retryRun.ts";

type StepDoer = (held: HeldRun, ports: FlowPorts, signal: AbortSignal) => Promise<Run | undefined>;

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
/** When the records do not answer either: they are soon there again, and then many runs are due. */
const RECORDS_WAIT_MS = 1_000;

/** So many characters of a reason are kept. */
const MOST_REFUSAL = 2000;

/** Where the run stands when the drive ends: to be watched, or with nothing owed, or in other hands. */
export type Driven = { readonly kind: "watch" | "done"; readonly run: Run } | { readonly kind: "lost" };

/** How the keeper has hold of the run. */
export type Hold = {
  readonly lease: Lease;
  /** See `HeldRun`. */
  readonly sureUntil: () => number;
  /** Prolongs the lease: false when it is not ours any more. Throws when the records do not answer. */
  readonly renew: () => Promise<boolean>;
  /** A fresh signal for each step: it aborts when the record changed under the step (a cancel), or the lease is lost. */
  readonly interrupt: () => AbortSignal;
  /** The same for the wait between two tries of a launch alone: it aborts when a run of the same pool has made room. */
  readonly room: () => AbortSignal;
};

/** Drives until `watch` or `done`. `lost`: the lease is not ours any more, or the signal ended the service. */
export async function driveRun(
  first: Run,
  { lease, sureUntil, renew, interrupt, room }: Hold,
  ports: FlowPorts,
  stopping: AbortSignal,
): Promise<Driven> {
  const watched: StepWatch = ports.stepWatch ?? ((_run, _step, work) => work());
  let run = first;
  let waitMs = FIRST_WAIT_MS;
  let noted: string | undefined;
  const pause = async (longestMs: number, ...sooner: readonly AbortSignal[]) => {
    const end = AbortSignal.any([stopping, interrupt(), ...sooner]);
    await ports.clock.sleep(Math.min(waitMs, longestMs), end);
    waitMs = sooner.some(({ aborted }) => aborted) ? FIRST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
  };
  while (!stopping.aborted) {
    // Whoever slept or was cut off may find that another server has gone on with the run.
    const held = ports.clock.monotonic() < sureUntil() || (await renew().catch(() => undefined));
    if (held === undefined) {
      await pause(RECORDS_WAIT_MS);
      continue;
    }
    if (!held) return { kind: "lost" };
    const step = nextStep(run);
    const doer = DOERS[step];
    if (!doer) return { kind: step === "watch" ? "watch" : "done", run };
    try {
      const heldRun = { run, lease, sureUntil };
      const after = await watched(run, step, () =>
        doer(heldRun, ports, AbortSignal.any([stopping, interrupt()])),
      );
      waitMs = FIRST_WAIT_MS;
      noted = undefined;
      if (after) {
        run = after;
        continue;
      }
    } catch (error) {
      if (stopping.aborted) break;
      const changed = await ports.runs.get(run.scope, run.id).catch(() => "unknown" as const);
      if (changed === "unknown" || changed === undefined || changed.version === run.version) {
        say(error, run, step, ports);
        const reason = refusalOf(error);
        // What was noted before the life of the run was written is void, whoever wrote it.
        const note = `${run.version} ${reason}`;
        if (changed !== "unknown" && note !== noted) {
          // Whoever asks why the run waits may ask another server.
          await ports.runs.noteRefusal(lease, reason).catch(() => undefined);
          noted = note;
        }
        if (changed === "unknown") await pause(RECORDS_WAIT_MS);
        else await pause(LONGEST_WAIT_MS, ...(step === "launch" ? [room()] : []));
      }
    }
    try {
      const read = await ports.runs.get(run.scope, run.id);
      if (!read || !(await renew())) return { kind: "lost" };
      run = read;
    } catch {
      // The records do not answer: the step is tried again, and says so.
      await pause(RECORDS_WAIT_MS);
    }
  }
  return { kind: "lost" };
}

/** What is told to the user of a run. What went wrong inside the service is for its log alone. */
const refusalOf = (error: unknown): string =>
  isMalachiteError(error) && error.kind === "unavailable"
    ? error.message.slice(0, MOST_REFUSAL)
    : "It failed inside the service; the service's log tells why.";

function say(error: unknown, run: Run, step: Step, { log }: FlowPorts): void {
  const fields = { runId: run.id, step, status: run.life.status };
  if (isMalachiteError(error) && error.kind === "unavailable")
    log.warn("stepWaits", { ...fields, reason: error.message });
  else log.error("stepFailed", error, fields);
}
