// Ports whose calls are counted and timed.
import { type FlowPorts, isMalachiteError, isTerminal, type Run, type Targets } from "@malachite/core";
import { aroundCalls, whenDone, withMethods } from "../aroundCalls.ts";
import { aroundDrivers } from "../aroundDrivers.ts";
import type { Meters } from "./meters.ts";

/** Stores whose calls are timed, by the names of their ports. */
const STORES = [
  "runs",
  "tables",
  "experiments",
  "workspaces",
  "models",
  "assets",
  "datastores",
  "environmentRegistry",
  "metrics",
  "tracking",
  "snapshots",
  "artifacts",
  "blobs",
] as const satisfies readonly (keyof FlowPorts)[];

/** The same ports, told of to the meters. */
export function meterPorts(ports: FlowPorts, meters: Meters): FlowPorts {
  const target = targetLabel(ports.targets);
  const stores = Object.fromEntries(
    STORES.map((store) => [
      store,
      aroundCalls<object>(ports[store], (call, _args, does) => {
        const begun = performance.now();
        return whenDone(does, (error) => {
          meters.store.observe({ store, call }, (performance.now() - begun) / 1000);
          if (error !== undefined) meters.storeErrors.inc({ store, call, code: codeOf(error) });
        });
      }),
    ]),
  ) as unknown as Pick<FlowPorts, (typeof STORES)[number]>;
  const { runs, artifacts } = stores;
  return {
    ...ports,
    ...stores,
    runs: withMethods(runs, {
      async create(run, entry) {
        const made = await runs.create(run, entry);
        if (made.created && run.origin === "hosted") meters.submitted.inc({ target: target(run) });
        return made;
      },
      async apply(before, life, entries, lease) {
        const after = await runs.apply(before, life, entries, lease);
        if (after) meterChange(before, after, target(after), meters);
        return after;
      },
      async claimQueued(ask) {
        const begun = performance.now();
        const claimed = await runs.claimQueued(ask);
        meters.decision.observe({ pool: ask.pool }, (performance.now() - begun) / 1000);
        meters.claimed.inc({ pool: ask.pool }, claimed.length);
        return claimed;
      },
    }),
    retention: withMethods(ports.retention, {
      async paid(removal, bytes) {
        await ports.retention.paid(removal, bytes);
        meters.removed.inc({ what: removal.what });
        meters.freed.inc(bytes);
      },
    }),
    artifacts: withMethods(artifacts, {
      async put(...ask) {
        const info = await artifacts.put(...ask);
        meters.filesKept.inc(info.sizeBytes);
        return info;
      },
    }),
    targets: aroundDrivers(ports.targets, (driver) =>
      aroundCalls(driver, (question, _args, does) => {
        const begun = performance.now();
        return whenDone(does, (error) => {
          meters.engine.observe({ kind: driver.kind, question }, (performance.now() - begun) / 1000);
          if (error !== undefined)
            meters.engineErrors.inc({ kind: driver.kind, question, code: codeOf(error) });
        });
      }),
    ),
    stepWatch: async (run, step, work) => {
      const begun = performance.now();
      let outcome = "failed";
      try {
        const done = await (ports.stepWatch?.(run, step, work) ?? work());
        outcome = "done";
        return done;
      } finally {
        meters.step.observe({ step, outcome }, (performance.now() - begun) / 1000);
      }
    },
  };
}

function meterChange(before: Run, after: Run, target: string, meters: Meters): void {
  const { life } = after;
  if (after.origin !== "hosted") return;
  if (life.startedAt !== undefined && before.life.startedAt === undefined)
    meters.waited.observe({ target }, seconds(after.createdAt, life.startedAt));
  if (life.attempt > Math.max(1, before.life.attempt)) meters.retried.inc({ target });
  if (!isTerminal(life.status) || isTerminal(before.life.status)) return;
  meters.ended.inc({ target, status: life.status, reason: life.outcome?.reason ?? "" });
  if (life.startedAt !== undefined && life.endedAt !== undefined)
    meters.ran.observe({ target, status: life.status }, seconds(life.startedAt, life.endedAt));
}

/** A name that only `*` stands for is whatever somebody wrote into a definition. */
export function targetLabel(targets: Targets): (run: { readonly target: string }) => string {
  // The settings may change while the service is up.
  return ({ target }) => (targets.all().some(({ name }) => name === target) ? target : "*");
}

const seconds = (from: number, to: number): number => Math.max(0, to - from) / 1000;
const codeOf = (error: unknown): string =>
  isMalachiteError(error)
    ? error.code
    : error instanceof Error && error.name === "AbortError"
      ? "Aborted"
      : "Unexpected";
