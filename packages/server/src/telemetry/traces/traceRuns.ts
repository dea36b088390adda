// One trace for each run, from the request that submitted it to the end. Where the trace stands is kept in the record, so that it
// goes on after any kill; what took its time between two steps is told at the end, from the run's story.
import { type FlowPorts, isTerminal, type Run, type StoryEntry } from "@malachite/core";
import { aroundCalls, whenDone, withMethods } from "../aroundCalls.ts";
import { aroundDrivers } from "../aroundDrivers.ts";
import { parseTraceparent, printTraceparent, type TracePlace } from "./traceparent.ts";
import type { Tracer } from "./tracer.ts";

/** Questions about one launch; those about many runs at once belong to the trace of none. */
const QUESTIONS: ReadonlySet<string> = new Set(["check", "launch", "find", "stop", "release"]);

/** The same ports; what is done through them for a run becomes spans of its trace. */
export function traceRuns(ports: FlowPorts, tracer: Tracer): FlowPorts {
  const { runs, environments, data } = ports;
  /** A span around a call, where the code is inside of one already. */
  const inner = (name: string, attributes: Record<string, string>, does: () => unknown): unknown => {
    if (tracer.here() === undefined) return does();
    const span = tracer.begin({ name, kind: "client", attributes });
    return span.within(() => whenDone(does, (error) => span.end({ error })));
  };
  return {
    ...ports,
    runs: withMethods(runs, {
      create: (run, entry) => {
        if (run.origin !== "hosted") return runs.create(run, entry);
        const span = tracer.begin({ name: "submit", attributes: aboutRun(run) });
        const own: TracePlace = { ...span.place, spanId: tracer.newSpanId() };
        const trace = { traceparent: printTraceparent(own), parentSpan: span.place.spanId };
        return span.within(() =>
          whenDone(
            () => runs.create({ ...run, life: { ...run.life, trace } }, entry),
            (error) => span.end({ error }),
          ),
        ) as ReturnType<typeof runs.create>;
      },
      async apply(before, life, entries, lease) {
        const after = await runs.apply(before, life, entries, lease);
        if (after && isTerminal(after.life.status) && !isTerminal(before.life.status))
          await tellRun(after, ports, tracer).catch((error: unknown) =>
            ports.log.warn("traceNotTold", { runId: after.id, reason: String(error) }),
          );
        return after;
      },
    }),
    environments: aroundCalls(environments, (name, _args, does) => inner(`environment.${name}`, {}, does)),
    data: aroundCalls(data, (name, _args, does) => inner(`data.${name}`, {}, does)),
    targets: aroundDrivers(ports.targets, (driver) => {
      const asked = aroundCalls(driver, (question, _args, does) =>
        QUESTIONS.has(question)
          ? inner(`${driver.kind}.${question}`, { "malachite.engine": driver.kind }, does)
          : does(),
      );
      return withMethods(asked, {
        launch: ({ plan, secrets }, signal) => {
          const here = tracer.here();
          const given = "TRACEPARENT" in plan.environment || here === undefined;
          const traced = given ? secrets : { ...secrets, TRACEPARENT: printTraceparent(here) };
          return asked.launch({ plan, secrets: traced }, signal);
        },
      });
    }),
    stepWatch: (run, step, work) => {
      const does = () => ports.stepWatch?.(run, step, work) ?? work();
      const parent = placeOf(run);
      if (parent === undefined) return does();
      const attributes = { ...aboutRun(run), "malachite.attempt": run.life.attempt };
      const span = tracer.begin({ name: step, parent, attributes });
      return span.within(() => whenDone(does, (error) => span.end({ error }))) as ReturnType<typeof work>;
    },
  };
}

/** The span of the run as a whole, and the times in which the service only waited: for its turn, and for the engine. */
async function tellRun(run: Run, { runs }: Pick<FlowPorts, "runs">, tracer: Tracer): Promise<void> {
  const own = placeOf(run);
  if (!own?.sampled) return;
  const { trace, outcome, endedAt = run.changedAt } = run.life;
  const story = await runs.story(run.scope, run.id);
  const parentSpan = trace?.parentSpan;
  const whole = tracer.begin({
    name: "run",
    ...(parentSpan === undefined ? { traceId: own.traceId } : { parent: { ...own, spanId: parentSpan } }),
    spanId: own.spanId,
    startedAt: run.createdAt,
    attributes: {
      ...aboutRun(run),
      "malachite.status": run.life.status,
      "malachite.reason": outcome?.reason ?? "",
      "malachite.attempts": run.life.attempt,
    },
  });
  for (const { name, from, to } of waitsOf(run.createdAt, story))
    tracer.begin({ name, parent: own, startedAt: from, attributes: aboutRun(run) }).end({ at: to });
  whole.end({
    at: endedAt,
    ...(run.life.status === "Failed" ? { error: new Error(outcome?.message ?? "Failed") } : {}),
  });
}

type Wait = { readonly name: string; readonly from: number; readonly to: number };

/** `claim`: in the line; `watch`: from each launch until its end was seen; `finish`: from there to the end that was written. */
export function waitsOf(createdAt: number, story: readonly StoryEntry[]): readonly Wait[] {
  const waits: Wait[] = [];
  let launchedAt: number | undefined;
  let seenAt: number | undefined;
  for (const { event, at, status } of story) {
    if (event === "claimed") waits.push({ name: "claim", from: createdAt, to: at });
    if (event === "launched") launchedAt = at;
    const isEnd = isTerminal(status);
    if (
      launchedAt !== undefined &&
      (event === "ended" || event === "retried" || event === "cancelAsked" || isEnd)
    ) {
      waits.push({ name: "watch", from: launchedAt, to: at });
      launchedAt = undefined;
      if (event !== "retried") seenAt = at;
    }
    if (isEnd && seenAt !== undefined) {
      waits.push({ name: "finish", from: seenAt, to: at });
      seenAt = undefined;
    }
  }
  return waits;
}

const placeOf = ({ life }: Pick<Run, "life">): TracePlace | undefined =>
  parseTraceparent(life.trace?.traceparent);

const aboutRun = (run: Pick<Run, "id" | "target" | "experimentName" | "scope">) => ({
  "malachite.run": run.id,
  "malachite.target": run.target,
  "malachite.experiment": run.experimentName,
  "malachite.workspace": run.scope.workspace,
});
