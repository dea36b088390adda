// The address under which this service is called, for the URLs in its answers.
import type { FastifyRequest } from "fastify";
import type { HttpSettings } from "./edge.ts";

/** Without a slash at its end. The Host header has been checked before (plugins/origin.ts). */
export const baseUrl = (request: FastifyRequest, settings: Pick<HttpSettings, "publicUrl">): string =>
  settings.publicUrl?.replace(/\/+$/, "") ?? `${request.protocol}://${request.host}`;

/** The same over TLS, which this service speaks on the same port: clients send tokens and files nowhere else. */
export const secureBase = (base: string): string => base.replace(/^http:/i, "https:");
