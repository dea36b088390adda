// What becomes of spans on their way is told in the log: a collector that refuses them all looks like one that was never given any.
import type { Log } from "@malachite/core";
import type { SpanExporter } from "@opentelemetry/sdk-trace";

/** Sends by `exporter`. The first time that it fails is told, and the first time that it works again; what is lost in between is counted. */
export function toldExporter(exporter: SpanExporter, endpoint: string, log: Log): SpanExporter {
  let lost = 0;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error !== undefined) {
          if (lost === 0) log.warn("tracesNotSent", { endpoint, reason: result.error.message });
          lost += spans.length;
        } else if (lost > 0) {
          log.info("tracesSentAgain", { endpoint, lostSpans: lost });
          lost = 0;
        }
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
