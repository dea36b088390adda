// Writes into the audit log who did what, before the answer is sent: what was answered is in the log.
import type { AuditedAct, AuditLog, Clock, Log } from "@malachite/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isAudited } from "../auth/audited.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** What a route says of an act beside the names of its address: whatever makes one of its operation another thing. */
    audited: Readonly<Record<string, string>> | undefined;
  }
}

/** Parameters of paths are bounded by the contract; this only keeps a line a line. */
const LONGEST_PARAMETER = 1024;

export function addAudit(
  app: FastifyInstance,
  { audit, clock, log }: { readonly audit: AuditLog; readonly clock: Clock; readonly log: Log },
): void {
  app.decorateRequest("audited");
  app.addHook("onSend", async (request, reply, payload) => {
    const act = actOf(request, reply, payload, clock);
    if (act === undefined) return payload;
    try {
      await audit.add(act);
    } catch (error) {
      // It has been done by now: to say that it has failed would be untrue.
      log.error("auditFailed", error, { operation: act.operation, correlation: act.correlation });
    }
    return payload;
  });
}

function actOf(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  clock: Clock,
): AuditedAct | undefined {
  const { caller, correlation, routeOptions } = request;
  const operation = routeOptions.config?.operation;
  const byRun = caller?.run !== undefined;
  if (operation === undefined || !isAudited(operation, byRun)) return undefined;
  // Somebody without a good token has done nothing, however often he tries.
  if (reply.statusCode === 401) return undefined;
  const { name = "", objectId = "", tenantId = "", run } = caller ?? {};
  const params = Object.entries((request.params ?? {}) as Record<string, unknown>);
  return {
    at: new Date(clock.now()).toISOString(),
    operation: operation.id,
    who: { name, objectId, tenantId, ...(run === undefined ? {} : { run: run.runId }) },
    from: request.raw.socket.remoteAddress ?? "",
    of: {
      ...Object.fromEntries(params.map(([key, value]) => [key, String(value).slice(0, LONGEST_PARAMETER)])),
      ...request.audited,
      ...madeRun(payload),
    },
    status: reply.statusCode,
    correlation: correlation.operation,
  };
}

/** The run that a submission has made is the first that its answer says. */
function madeRun(payload: unknown): Readonly<Record<string, string>> {
  const made = typeof payload === "string" ? /^\{"runId":"([\w-]{1,256})"/.exec(payload)?.[1] : undefined;
  return made === undefined ? {} : { runId: made };
}
