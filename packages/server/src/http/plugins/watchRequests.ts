// Tells those who look on of each request: when its head has come, and when it was answered.
import type { Operation } from "@malachite/contract";
import type { Principal } from "@malachite/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { BegunRequest, RequestWatch } from "../edge.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks, once that is known. */
    caller: Principal | undefined;
    /** How much the connection had sent before this answer. */
    sentBefore: number;
  }
  interface FastifyContextConfig {
    readonly operation?: Operation;
    /** The address as the contract writes it. */
    readonly template?: string;
  }
}

/** The route of requests that no operation has: whatever their addresses are, they are one. */
const NO_ROUTE = "(none)";

/** Added after the requests have their ids. */
export function watchRequests(app: FastifyInstance, watches: readonly RequestWatch[]): void {
  app.decorateRequest("caller");
  app.decorateRequest("sentBefore", 0);
  if (watches.length === 0) return;
  app.addHook("onRequest", (request, _reply, done) => {
    request.sentBefore = request.raw.socket.bytesWritten ?? 0;
    const begun = begunOf(request);
    let next: () => void = done;
    for (const watch of watches) {
      const inner = next;
      next = () => watch.begun(begun, inner);
    }
    next();
  });
  app.addHook("onResponse", async (request, reply) => {
    const answered = {
      ...begunOf(request),
      operation: request.routeOptions.config?.operation,
      params: (request.params ?? {}) as Record<string, unknown>,
      status: reply.statusCode,
      ms: reply.elapsedTime,
      bytes: Math.max(0, (request.raw.socket.bytesWritten ?? 0) - request.sentBefore),
      isStream: String(reply.getHeader("content-type")).startsWith("text/event-stream"),
      by: request.caller,
      from: request.raw.socket.remoteAddress ?? "",
    };
    for (const watch of watches) watch.answered(answered);
  });
}

function begunOf(request: FastifyRequest): BegunRequest {
  const { traceparent } = request.headers;
  return {
    method: request.method,
    route: request.is404 ? NO_ROUTE : routeOf(request),
    traceparent: typeof traceparent === "string" ? traceparent : undefined,
    correlation: request.correlation,
  };
}

const routeOf = ({ routeOptions }: FastifyRequest): string =>
  routeOptions.config?.template ?? routeOptions.url ?? NO_ROUTE;
