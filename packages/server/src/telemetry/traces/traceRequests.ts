// A span for each request: it goes on the trace of its caller, or begins one whose id is the correlation id of the answer.
import type { BegunRequest, RequestWatch } from "../../http/index.ts";
import { parseTraceparent } from "./traceparent.ts";
import type { OpenSpan, Tracer } from "./tracer.ts";

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;

export function traceRequests(tracer: Tracer): RequestWatch {
  const open = new Map<string, OpenSpan>();
  return {
    begun(request, next) {
      const span = tracer.begin(askOf(request));
      open.set(request.correlation.request, span);
      span.within(next);
    },
    answered({ correlation, status, bytes, by }) {
      const span = open.get(correlation.request);
      open.delete(correlation.request);
      span?.end({
        attributes: {
          "http.response.status_code": status,
          "http.response.size": bytes,
          ...(by === undefined ? {} : { "enduser.id": by.objectId }),
        },
        ...(status >= 500 ? { error: new Error(`status ${status}`) } : {}),
      });
    },
  };
}

function askOf({ method, route, traceparent, correlation }: BegunRequest) {
  const parent = parseTraceparent(traceparent);
  return {
    name: `${method} ${route}`,
    kind: "server" as const,
    attributes: {
      "http.request.method": method,
      "http.route": route,
      "malachite.request": correlation.request,
    },
    ...(parent === undefined
      ? TRACE_ID.test(correlation.operation)
        ? { traceId: correlation.operation }
        : {}
      : { parent }),
  };
}
