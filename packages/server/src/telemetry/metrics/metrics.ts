// What Prometheus is told: counts that are kept while the service works, and what is read from the records when it asks.
import { statfs } from "node:fs/promises";
import type { FlowPorts } from "@malachite/core";
import type { RequestWatch } from "../../http/index.ts";
import { meterPorts, targetLabel } from "./meterPorts.ts";
import { createMeters, type Meters } from "./meters.ts";

export type Metrics = {
  around(ports: FlowPorts): FlowPorts;
  readonly requests: RequestWatch;
  /** The answer to Prometheus. What cannot be read now is left out, and all else is told. */
  tell(ask: Telling): Promise<{ readonly contentType: string; readonly text: string }>;
};

/** What is read at each telling. */
export type Telling = Pick<FlowPorts, "runs" | "targets" | "clock" | "log"> & {
  /** As `/readyz` says it. */
  readonly ready: () => Promise<boolean>;
  readonly dataFolder: string;
};

/** A store that does not answer by then is left out of an answer: those who watch want to hear of the rest. */
const READ_WITHIN_MS = 5000;

export function createMetrics(version: string): Metrics {
  const meters = createMeters();
  meters.info.set({ version }, 1);
  return {
    around: (ports) => meterPorts(ports, meters),
    requests: meterRequests(meters),
    async tell(ask) {
      await Promise.all([
        ask.ready().then((ready) => meters.ready.set(ready ? 1 : 0)),
        within(READ_WITHIN_MS, () => readRuns(ask, meters)).catch((error: unknown) => {
          meters.runs.reset();
          meters.oldestWaiting.reset();
          ask.log.warn("metricsIncomplete", { reason: String(error) });
        }),
        within(READ_WITHIN_MS, () => readVolume(ask.dataFolder, meters)).catch(() => meters.volume.reset()),
      ]);
      return { contentType: meters.registry.contentType, text: await meters.registry.metrics() };
    },
  };
}

function meterRequests(meters: Meters): RequestWatch {
  return {
    begun(_request, next) {
      meters.open.inc();
      next();
    },
    answered({ method, route, status, ms, bytes, isStream }) {
      meters.open.dec();
      meters.requests.inc({ method, route, status: String(status) });
      meters.sentBytes.inc({ route }, bytes);
      if (!isStream) meters.requestSeconds.observe({ method, route }, ms / 1000);
    },
  };
}

async function readRuns({ runs, targets, clock }: Telling, meters: Meters): Promise<void> {
  const rows = await runs.census();
  const label = targetLabel(targets);
  const now = clock.now();
  meters.runs.reset();
  meters.oldestWaiting.reset();
  for (const pool of targets.pools()) {
    meters.oldestWaiting.set({ pool }, 0);
    meters.places.set({ pool }, targets.capacity(pool).places);
  }
  const oldest = new Map<string, number>();
  for (const { pool, target, status, runs: count, oldestAt } of rows) {
    meters.runs.inc({ pool, target: label({ target }), status }, count);
    if (status === "NotStarted") oldest.set(pool, Math.min(oldest.get(pool) ?? now, oldestAt));
  }
  for (const [pool, at] of oldest) meters.oldestWaiting.set({ pool }, (now - at) / 1000);
}

async function readVolume(folder: string, meters: Meters): Promise<void> {
  const { bsize, blocks, bavail } = await statfs(folder);
  meters.volume.set({ of: "size" }, bsize * blocks);
  meters.volume.set({ of: "free" }, bsize * bavail);
}

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
