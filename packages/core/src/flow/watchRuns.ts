// Looks at what the engines say of many runs in one question, and writes what is new: started, ended, over time.

import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import type { FailureReason } from "../domain/failure/reasons.ts";
import type { RunEvent } from "../domain/run/advance.ts";
import type { Run } from "../domain/run/run.ts";
import type { ComputeDriver, Sighting } from "../ports/computeDriver.ts";
import type { FlowPorts } from "./ports.ts";

/** What a sighting means for a run; empty when nothing is new. `again` is the event of another attempt, if there is to be one. */
export function eventsOf(
  run: Run,
  sighting: Sighting | undefined,
  now: number,
  again: (run: Run, reason: FailureReason) => RunEvent | undefined,
): readonly RunEvent[] {
  if (sighting === undefined || sighting.at === "waiting") return [];
  const { status } = run.life;
  const isNew = status === "Queued" || (status === "Running" && isRestarting(run));
  if (sighting.at === "running") {
    if (isNew) return [{ name: "started", startedAt: sighting.startedAt ?? now }];
    return overTime(run, now);
  }
  if (status !== "Queued" && status !== "Running") return [];
  if (sighting.at === "gone") {
    const { why, taken, as } = sighting;
    const exit = {
      code: null,
      endedAt: now,
      ...(why === undefined ? {} : { lost: why }),
      ...(taken === undefined ? {} : { taken }),
      ...(as === undefined ? {} : { as }),
    };
    const reason = why !== undefined ? "FilesLost" : taken !== undefined ? (as ?? "TakenAway") : "Vanished";
    return [again(run, reason) ?? { name: "ended", exit }];
  }
  const { code, signal, outOfMemory, failure, as } = sighting;
  const exit = {
    ...{ code, signal, outOfMemory, failure, endedAt: sighting.endedAt ?? now },
    ...(as === undefined ? {} : { as }),
  };
  const started: RunEvent[] =
    isNew && failure === undefined
      ? [{ name: "started", startedAt: sighting.startedAt ?? exit.endedAt }]
      : [];
  return [...started, { name: "ended", exit }];
}

/** A later attempt whose script has not begun yet, as far as is known. Its run goes on being Running. */
const isRestarting = ({ life }: Run): boolean => life.attempt > 1 && life.attemptStartedAt === undefined;

/** When a running run must end; undefined without a limit. The time counts from the start of the script, in each attempt anew. */
export function deadlineOf(run: Run): number | undefined {
  const limit = (run.definition as WholeDefinition | undefined)?.configuration.maxRunDurationSeconds;
  const begun = isRestarting(run) ? undefined : (run.life.attemptStartedAt ?? run.life.startedAt);
  return limit === undefined || begun === undefined ? undefined : begun + limit * 1000;
}

function overTime(run: Run, now: number): readonly RunEvent[] {
  const deadline = deadlineOf(run);
  if (run.life.status !== "Running" || deadline === undefined || now < deadline) return [];
  const seconds = (run.definition as WholeDefinition).configuration.maxRunDurationSeconds;
  return [
    {
      name: "cancelAsked",
      wish: { askedAt: now, by: "the service", reason: "OverTime", text: `The limit was ${seconds} s.` },
    },
  ];
}

/** One question for each engine. An engine that does not answer has no sightings: its runs are looked at next time. */
export async function observeAll(
  runs: readonly Run[],
  ports: Pick<FlowPorts, "targets" | "log">,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Sighting>> {
  const byKind = Map.groupBy(
    runs.filter(({ life }) => life.handle !== undefined),
    ({ life }) => life.handle?.kind as string,
  );
  const seen = new Map<string, Sighting>();
  await Promise.all(
    [...byKind].map(async ([kind, group]) => {
      for (const [key, sighting] of await ask(ports.targets.driver(kind), group, ports, signal))
        seen.set(key, sighting);
    }),
  );
  return seen;
}

async function ask(
  driver: ComputeDriver,
  runs: readonly Run[],
  { log }: Pick<FlowPorts, "log">,
  signal: AbortSignal,
) {
  try {
    return await driver.observe(
      runs.flatMap((run) => run.life.handle ?? []),
      signal,
    );
  } catch (error) {
    if (!signal.aborted)
      log.warn("engineUnavailable", { kind: driver.kind, runs: runs.length, reason: String(error) });
    return new Map<string, Sighting>();
  }
}
