// Metrics and traces of the service, each only where the settings ask for it: what is not wanted is not even loaded.
import type { FlowPorts, Log } from "@malachite/core";
import type { RequestWatch } from "../http/index.ts";
import type { Settings } from "../settings.ts";
import type { Telling } from "./metrics/metrics.ts";

export type TelemetrySettings = Pick<
  Settings,
  "metricsPort" | "metricsHost" | "tracesEndpoint" | "tracesPercent"
> & {
  readonly version: string;
  /** Which of several servers this is. */
  readonly instance: string;
  readonly log: Log;
};

export type Telemetry = AsyncDisposable & {
  /** The ports, with everything around them that looks on. */
  around(ports: FlowPorts): FlowPorts;
  readonly requests: readonly RequestWatch[];
  /** What lines of the log say of the trace that they are part of. */
  logFields(): { readonly trace?: string };
  /** Opens the port for Prometheus. Resolves with its address, where there is one. */
  start(ask: Telling): Promise<string | undefined>;
};

export async function openTelemetry(settings: TelemetrySettings): Promise<Telemetry> {
  const { metricsPort: port, metricsHost: host, tracesEndpoint, tracesPercent } = settings;
  await using opened = new AsyncDisposableStack();
  const metrics =
    port === undefined ? undefined : (await import("./metrics/metrics.ts")).createMetrics(settings.version);
  const traces =
    tracesEndpoint === undefined
      ? undefined
      : await import("./traces/traces.ts").then(({ createTraces }) =>
          opened.use(createTraces({ ...settings, endpoint: tracesEndpoint, percent: tracesPercent })),
        );
  const owned = opened.move();
  return {
    around: (ports) => {
      const traced = traces?.around(ports) ?? ports;
      return metrics?.around(traced) ?? traced;
    },
    requests: [...(traces ? [traces.requests] : []), ...(metrics ? [metrics.requests] : [])],
    logFields() {
      const trace = traces?.here();
      return trace === undefined ? {} : { trace };
    },
    async start(ask) {
      if (metrics === undefined || port === undefined) return undefined;
      const { createMetricsServer } = await import("./metrics/metricsServer.ts");
      const server = owned.use(createMetricsServer(() => metrics.tell(ask)));
      const found = await server.listen({ host, port });
      return `http://${host.includes(":") ? `[${host}]` : host}:${found}/metrics`;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
