// Spans by OpenTelemetry, sent by OTLP over HTTP. What code is inside of, travels with it through its promises.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Log } from "@malachite/core";
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { toldExporter } from "./toldExporter.ts";
import type { TracePlace } from "./traceparent.ts";

export type TracerSettings = {
  readonly endpoint: string;
  /** How many of the traces that begin here are kept. */
  readonly percent: number;
  readonly version: string;
  /** Which of several servers this is. */
  readonly instance: string;
  readonly log: Log;
};

export type SpanAsk = {
  readonly name: string;
  readonly kind?: "server" | "client";
  readonly attributes?: Attributes;
  /** What it is part of. Absent: what the code is inside of; else a trace begins. */
  readonly parent?: TracePlace;
  /** Of a trace that begins. */
  readonly traceId?: string;
  /** Its own id, for a span that was named before it was over. */
  readonly spanId?: string;
  readonly startedAt?: number;
};

export type OpenSpan = {
  readonly place: TracePlace;
  /** Calls `work`; spans that begin in it, and in what it awaits, are parts of this one. */
  within<T>(work: () => T): T;
  end(how?: { readonly error?: unknown; readonly attributes?: Attributes; readonly at?: number }): void;
};

export type Tracer = AsyncDisposable & {
  /** Where the code is that asks. */
  here(): TracePlace | undefined;
  begin(ask: SpanAsk): OpenSpan;
  newSpanId(): string;
};

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;
/** What waits to be sent is bounded; what does not fit is dropped, and the service goes on. */
const MOST_WAITING = 8192;
const SEND_WITHIN_MS = 10_000;
const LAST_SENT_WITHIN_MS = 2000;

export function createTracer({ endpoint, percent, version, instance, log }: TracerSettings): Tracer {
  const random = new RandomIdGenerator();
  const next: { traceId?: string | undefined; spanId?: string | undefined } = {};
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      "service.name": "malachite",
      "service.version": version,
      "service.instance.id": instance,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(percent / 100) }),
    // Ids that were settled before are taken by the one span that is begun right after they are set.
    idGenerator: {
      generateTraceId: () => next.traceId ?? random.generateTraceId(),
      generateSpanId: () => next.spanId ?? random.generateSpanId(),
    },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: toldExporter(
          new OTLPTraceExporter({ url: endpoint, timeoutMillis: SEND_WITHIN_MS }),
          endpoint,
          log,
        ),
        maxQueueSize: MOST_WAITING,
        scheduledDelayMillis: 2000,
      }),
    ],
  });
  const tracer = provider.getTracer("malachite", version);
  const inside = new AsyncLocalStorage<Context>();

  return {
    here() {
      const context = inside.getStore();
      const found = context && trace.getSpanContext(context);
      return found && placeOf(found);
    },
    begin({ name, kind, attributes, parent, traceId, spanId, startedAt }) {
      const context = parent ? contextOf(parent) : (inside.getStore() ?? ROOT_CONTEXT);
      next.traceId = traceId;
      next.spanId = spanId;
      const span = tracer.startSpan(
        name,
        {
          ...(kind === undefined ? {} : { kind: KINDS[kind] }),
          ...(attributes === undefined ? {} : { attributes }),
          ...(startedAt === undefined ? {} : { startTime: startedAt }),
        },
        context,
      );
      next.traceId = undefined;
      next.spanId = undefined;
      const own = trace.setSpan(context, span);
      return {
        place: placeOf(span.spanContext()),
        within: (work) => inside.run(own, work),
        end({ error, attributes: more, at } = {}) {
          if (more !== undefined) span.setAttributes(more);
          if (error !== undefined) {
            span.setStatus({ code: SpanStatusCode.ERROR, message: wordsOf(error) });
            span.setAttribute("error.type", nameOf(error));
          }
          span.end(at);
        },
      };
    },
    newSpanId: () => random.generateSpanId(),
    async [Symbol.asyncDispose]() {
      // A collector that is away must not keep the service from ending.
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, LAST_SENT_WITHIN_MS);
      await Promise.race([provider.shutdown().catch(() => {}), late.promise]);
      clearTimeout(timer);
    },
  };
}

const contextOf = ({ traceId, spanId, sampled }: TracePlace): Context =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });

const placeOf = (found: { traceId: string; spanId: string; traceFlags: number }): TracePlace => ({
  traceId: found.traceId,
  spanId: found.spanId,
  sampled: (found.traceFlags & TraceFlags.SAMPLED) !== 0,
});

const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 1000);
const nameOf = (error: unknown): string =>
  error instanceof Error ? ("code" in error ? String(error.code) : error.name) : "Error";
