// The address under which this service is called, for the URLs in its answers.

import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import { isAzureHost } from "./azureHost.ts";
import type { HttpSettings } from "./edge.ts";

/** Without a slash at its end. The Host header has been checked before (plugins/origin.ts). */
export const baseUrl = (request: FastifyRequest, settings: Pick<HttpSettings, "publicUrl">): string =>
  settings.publicUrl?.replace(/\/+$/, "") ??
  `${request.protocol}://${isAzureHost(request.hostname) ? ownAddress(request.raw.socket) : request.host}`;

/** Where the connection came in, for a client that knows this service by another's name. */
const ownAddress = ({ localAddress = "127.0.0.1", localPort, localFamily }: Socket): string => {
  const address = localAddress.replace(/^::ffff:/, "");
  return `${localFamily === "IPv6" && address.includes(":") ? `[${address}]` : address}:${localPort}`;
};

/** The same over TLS, which this service speaks on the same port: clients send tokens and files nowhere else. */
export const secureBase = (base: string): string => base.replace(/^http:/i, "https:");
