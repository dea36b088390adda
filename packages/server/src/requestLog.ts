// A line for each request that was answered. Addresses are told by their templates and the run: queries may hold secrets.
import type { OperatorLog } from "./adapters/system/log.ts";
import type { RequestWatch } from "./http/index.ts";

export const createRequestLog = (log: Pick<OperatorLog, "always">): RequestWatch => ({
  begun: (_request, next) => next(),
  answered({ method, route, status, ms, bytes, by, from, params, correlation }) {
    const { runId } = params;
    log.always("request", {
      method,
      route,
      status,
      ms: Math.round(ms * 10) / 10,
      bytes,
      from,
      ...(by === undefined ? {} : { who: by.name, objectId: by.objectId }),
      ...(by?.run === undefined ? {} : { byRun: by.run.runId }),
      ...(typeof runId === "string" ? { runId } : {}),
      correlation: correlation.operation,
      request: correlation.request,
    });
  },
});
