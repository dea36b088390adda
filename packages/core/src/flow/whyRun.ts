// What a run waits for, complete and exact: every unmet constraint and who holds it.
import type { malachite } from "@malachite/contract";
import { isMalachiteError } from "../domain/failure/malachiteError.ts";
import { unmet } from "../domain/queue/standing.ts";
import { isTerminal } from "../domain/run/next.ts";
import { nextStep } from "../domain/run/nextStep.ts";
import type { Run } from "../domain/run/run.ts";
import { shownStatus } from "../domain/run/showStatus.ts";
import { findRun } from "./findRun.ts";
import type { RunAddress } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

type WhyPorts = Pick<FlowPorts, "runs" | "targets" | "clock" | "settings">;
type Constraint = malachite.Constraint;

export async function whyRun(address: RunAddress, ports: WhyPorts): Promise<malachite.Why> {
  return explain(await findRun(address, ports), ports);
}

/** The answer for a record: used by `why` and by lists of waiting runs. */
export async function explain(run: Run, ports: WhyPorts): Promise<malachite.Why> {
  const status = shownStatus(run, ports.clock.now());
  const constraints = await constraintsOf(run, ports);
  const waiting = !isTerminal(status) && constraints.length > 0;
  const summary =
    constraints.map((c) => c.message).join(" ") ||
    `The run is ${status} and waits for nothing but its own code.`;
  return { runId: run.id, status, waiting, summary, constraints };
}

async function constraintsOf(run: Run, ports: WhyPorts): Promise<Constraint[]> {
  const { life } = run;
  if (isTerminal(life.status))
    return [
      {
        code: "ended",
        message: `The run has ended as ${life.status}: ${life.outcome?.message ?? "no reason was recorded."}`,
      },
      ...(life.release === "owed" ? await owedSince(run, life.endedAt, ports) : []),
    ];
  if (shownStatus(run, ports.clock.now()) === "NotResponding")
    return [{ code: "outOfReach", message: "Whoever executes the run has not been heard of in time." }];
  if (run.origin === "external") {
    const starts =
      life.status === "NotStarted"
        ? [
            {
              code: "stepInProgress",
              message: "The run is executed elsewhere and has not been started there yet.",
            },
          ]
        : [];
    return life.status === "CancelRequested"
      ? [
          {
            code: "stepInProgress",
            message: "The run was asked to end; whoever executes it has not said that it did.",
          },
        ]
      : starts;
  }
  const step = nextStep(run);
  if (step === "wait") return queueConstraints(run, ports);
  const { unheld, refusal } = await handsOf(run, ports);
  if (unheld !== undefined) return [unheld];
  const inProgress = (message: string, later: readonly Constraint[] = []): Constraint[] => {
    // What has been waited for long tells the reason itself.
    const why = refusal === undefined || later.length > 0 ? "" : ` ${LAST_TRY} ${refusal}`;
    return [{ code: "stepInProgress", message: `${message}${why}` }, ...later];
  };
  switch (step) {
    case "prepare":
      return inProgress("Its environment is being made, or its data brought.");
    case "launch":
      return inProgress(`It is being handed to the compute target '${run.target}'.`);
    case "stop":
      return inProgress(
        "It was asked to end; its processes are being stopped.",
        await silence(run, life.cancel?.askedAt, refusal, ports),
      );
    case "collect":
      return inProgress(
        "Its script has ended; its outputs are being kept.",
        await silence(run, life.exit?.endedAt, refusal, ports),
      );
    default:
      return life.status === "Queued" ? [await engineConstraint(run, ports)] : outOfSight(run, ports);
  }
}

/** Before the reason, where a step is tried again. */
const LAST_TRY = "It is tried again, for the last try was refused:";

/** What an ended run's target still has to be freed of, where that takes long. */
async function owedSince(run: Run, since: number | undefined, ports: WhyPorts): Promise<Constraint[]> {
  const { unheld, refusal } = await handsOf(run, ports);
  return unheld === undefined ? silence(run, since, refusal, ports) : [unheld];
}

/** Whether a server goes on with a run that has begun, and what its last try met. The engine is not asked then: one of another machine would tell of its own. */
async function handsOf(
  run: Run,
  { runs }: WhyPorts,
): Promise<{ readonly unheld?: Constraint; readonly refusal?: string }> {
  const now = await runs.now();
  const { isHeld, machine, since, refusal } = (await runs.hands(run, now)) ?? { isHeld: true };
  if (isHeld)
    return refusal === undefined ? {} : { refusal: /[.!?]$/.test(refusal) ? refusal : `${refusal}.` };
  const seconds = since === undefined ? 0 : Math.max(1, Math.round((now - since) / 1000));
  const long =
    seconds === 0 ? "" : seconds < 120 ? ` for ${seconds} s` : ` for ${Math.round(seconds / 60)} minutes`;
  // From its launch plan on it needs no settings.
  const needed =
    nextStep(run) === "prepare" ? ` that has the compute target '${run.target}' in its settings` : "";
  const who =
    machine === undefined
      ? `Any server that has the compute target '${run.target}' in its settings takes it over.`
      : `It is bound to the machine '${machine}': start a server there${needed} (with --machine ${machine}, unless that is its host name). ${wayOut(run)}`;
  return { unheld: { code: "outOfReach", message: `No server has gone on with it${long}. ${who}` } };
}

/** The longest that an engine is waited for. */
const ASK_MS = 5000;
/** What takes longer than this after a run was to end, its machine may never answer. */
const LONG_MS = 10 * 60_000;

/** That the end of a run, or what it left, has been waited for since long before: why, if the engine says so, and the way out. */
async function silence(
  run: Run,
  since: number | undefined,
  refusal: string | undefined,
  ports: WhyPorts,
): Promise<Constraint[]> {
  const waitedMs = since === undefined ? 0 : ports.clock.now() - since;
  if (waitedMs < LONG_MS) return [];
  const waited = `The compute target '${run.target}' has not done what it was asked for ${Math.floor(waitedMs / 60_000)} minutes; it is asked again until it does.`;
  const reason = (await unanswered(run, ports)) ?? refusal;
  const message = [waited, ...(reason === undefined ? [] : [reason]), wayOut(run)].join(" ");
  return [{ code: "outOfReach", message }];
}

/** Of a run that is at work as far as is known. */
async function outOfSight(run: Run, ports: WhyPorts): Promise<Constraint[]> {
  const reason = await unanswered(run, ports);
  if (reason === undefined) return [];
  const asked = `The compute target '${run.target}' cannot be asked now, so the run is shown as it was last seen.`;
  return [{ code: "outOfReach", message: `${asked} ${reason} ${wayOut(run)}` }];
}

const wayOut = ({ id }: Run): string =>
  `If its machine never comes back, an operator can let go of the run: malachite cancel --let-go ${id}`;

/** Why its engine tells nothing of the run now; undefined where it does, or where there is nothing to ask for. */
async function unanswered({ life: { handle } }: Run, { targets }: WhyPorts): Promise<string | undefined> {
  if (!handle) return undefined;
  try {
    const seen = await targets.driver(handle.kind).observe([handle], AbortSignal.timeout(ASK_MS));
    return seen.has(handle.key) ? undefined : "Its machine does not answer.";
  } catch (error) {
    return isMalachiteError(error) ? error.message : `It did not answer within ${ASK_MS / 1000} s.`;
  }
}

/** What the engine itself says, where it says something now. */
async function engineConstraint(run: Run, { targets }: WhyPorts): Promise<Constraint> {
  const taken = `The compute target '${run.target}' has taken it and has not started it yet.`;
  const { handle } = run.life;
  if (!handle) return { code: "engineQueue", message: taken };
  try {
    const driver = targets.driver(handle.kind);
    const seen = (await driver.observe([handle], AbortSignal.timeout(ASK_MS))).get(handle.key);
    const why = seen?.at === "waiting" ? seen.why : undefined;
    return { code: "engineQueue", message: why === undefined ? taken : `${taken} ${why}` };
  } catch (error) {
    const reason = isMalachiteError(error) ? ` ${error.message}` : "";
    return { code: "engineQueue", message: `${taken} It does not say why: it cannot be asked now.${reason}` };
  }
}

async function queueConstraints(run: Run, { runs, targets, settings }: WhyPorts): Promise<Constraint[]> {
  const pool = run.pool ?? "";
  const capacity = targets.capacity(pool);
  const standing = await runs.standing(run, capacity);
  const isThere = targets.find(run.target) !== undefined && targets.pools().includes(pool);
  const gone: Constraint[] = isThere
    ? []
    : [
        {
          code: "outOfReach",
          message: `The compute target '${run.target}' is no longer in the settings as it was when the run was submitted.`,
        },
      ];
  const drains: Constraint[] =
    settings.draining?.() === true ? [{ code: "outOfReach", message: drainsNow(settings.machine) }] : [];
  const found = [...gone, ...drains, ...(standing ? unmet(standing, capacity, run.scope) : [])];
  return found.length > 0
    ? found
    : [{ code: "stepInProgress", message: "There is room for it; it is about to be started." }];
}

const drainsNow = (machine: string | undefined): string =>
  machine === undefined
    ? "The service is draining and starts no further run: it waits for the next start, or for `malachite drain --off`."
    : "This server is draining and starts no further run: it waits for another server, for the next start of this one, or for `malachite drain --off`.";
