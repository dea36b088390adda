// Traces as the service has them: of requests, and of runs.
import type { FlowPorts } from "@malachite/core";
import type { RequestWatch } from "../../http/index.ts";
import { traceRequests } from "./traceRequests.ts";
import { traceRuns } from "./traceRuns.ts";
import { createTracer, type TracerSettings } from "./tracer.ts";

export type Traces = AsyncDisposable & {
  around(ports: FlowPorts): FlowPorts;
  readonly requests: RequestWatch;
  /** The id of the trace that the code is inside of which asks. */
  here(): string | undefined;
};

export function createTraces(settings: TracerSettings): Traces {
  const tracer = createTracer(settings);
  return {
    around: (ports) => traceRuns(ports, tracer),
    requests: traceRequests(tracer),
    here: () => tracer.here()?.traceId,
    [Symbol.asyncDispose]: () => tracer[Symbol.asyncDispose](),
  };
}
