// Gives each request the ids by which it is found again, in the answer's headers and in every error.
import { randomBytes } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Correlation } from "./errors.ts";

declare module "fastify" {
  interface FastifyRequest {
    correlation: Correlation;
  }
}

/** An id of a client goes into logs and headers: only plain ones are taken over. */
const PLAIN_ID = /^[\w.:|-]{1,128}$/;

/** Ids for a request whose headers cannot be read. */
export const newCorrelation = (): Correlation => ({
  operation: randomBytes(16).toString("hex"),
  request: randomBytes(8).toString("hex"),
});

export function correlate(request: FastifyRequest, reply: FastifyReply): void {
  const fresh = newCorrelation();
  // An id of zeros alone is none, by W3C's standard: every request of such a client would have the same.
  const trace = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-/.exec(
    text(request.headers.traceparent) ?? "",
  )?.[1];
  const operation = trace ?? plain(request.headers["x-ms-correlation-request-id"]) ?? fresh.operation;
  request.correlation = { operation, request: fresh.request };
  reply.header("x-ms-request-id", fresh.request);
  reply.header("x-ms-correlation-request-id", operation);
  const client = plain(request.headers["x-ms-client-request-id"]);
  if (client !== undefined) reply.header("x-ms-client-request-id", client);
}

const text = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;
const plain = (value: string | string[] | undefined): string | undefined => {
  const one = text(value);
  return one !== undefined && PLAIN_ID.test(one) ? one : undefined;
};
