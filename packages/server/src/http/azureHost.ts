// Clients before azureml-core 1.40 ask fixed hosts about resources and for tokens, whatever the environment says, and the first
// ones send blobs to the public cloud, whatever host a link names. A shell that makes this service their proxy for https
// (`malachite env --old-sdk`) leads them here all the same: CONNECT to those hosts is answered by this service itself. Not a proxy
// for anything else, except on a service that only this machine's own users reach.
import type { IncomingMessage, Server } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { STORAGE_ACCOUNT } from "./auth/sas.ts";

/** Azure Resource Manager and the sign-in of the public cloud, and where this service's links would lead if it were there. */
export const AZURE_HOSTS: readonly string[] = [
  "management.azure.com",
  "login.microsoftonline.com",
  `${STORAGE_ACCOUNT}.blob.core.windows.net`,
];

/** A name with a dot at its end is the same one: the token of such a client must not leave either. */
export const isAzureHost = (name: string): boolean =>
  AZURE_HOSTS.includes(name.toLowerCase().replace(/\.$/, ""));

export type ProxyRules = {
  /** Takes a connection for a fixed host, from its first byte on. */
  readonly take: (socket: Duplex) => void;
  /** Whether connections to other hosts are passed on: whoever reaches a loopback address could make them anyway. */
  readonly passesOn: boolean;
  /** Whether the connection is one that only runs are to use: it is never passed on. */
  readonly isOfRuns?: ((socket: { readonly remotePort?: number | undefined }) => boolean) | undefined;
};

/** Answers CONNECT. Gives what cuts the connections that are passed on. */
export function answerConnect(server: Server, { take, passesOn, isOfRuns }: ProxyRules): { cut(): void } {
  const passed = new Set<Duplex>();
  server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    // Browsers let no page send CONNECT. Should one ever: it names its origin.
    if (request.headers.origin !== undefined || request.headers["sec-fetch-site"] !== undefined)
      return refuse(socket, 403, "Pages in a browser may not use this proxy.");
    const asked = targetOf(request.url ?? "");
    if (asked === undefined) return refuse(socket, 400, "CONNECT takes HOST:PORT.");
    if (isAzureHost(asked.host) && asked.port === 443) {
      socket.write(ESTABLISHED);
      if (head.length > 0) socket.unshift(head);
      return take(socket);
    }
    if (!passesOn || isOfRuns?.(request.socket))
      return refuse(
        socket,
        403,
        `This service is a proxy for ${AZURE_HOSTS.join(" and ")} alone. Name other hosts in NO_PROXY.`,
      );
    passed.add(socket);
    socket.once("close", () => passed.delete(socket));
    passOn(asked, socket, head);
  });
  return {
    cut() {
      for (const socket of passed) socket.destroy();
    },
  };
}

const ESTABLISHED = "HTTP/1.1 200 Connection Established\r\n\r\n";

function targetOf(authority: string): { readonly host: string; readonly port: number } | undefined {
  const [, address, name, digits] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(authority) ?? [];
  const host = address ?? name;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function passOn(to: { readonly host: string; readonly port: number }, socket: Duplex, head: Buffer): void {
  const other: Socket = connect({ ...to, noDelay: true });
  other.once("connect", () => {
    socket.write(ESTABLISHED);
    other.write(head);
    socket.pipe(other).pipe(socket);
  });
  other.on("error", (error) => {
    if (other.connecting || other.bytesRead === 0)
      refuse(socket, 502, `${to.host} cannot be reached: ${error.message}`);
    else socket.destroy();
  });
  other.once("close", () => socket.end());
  socket.once("close", () => other.destroy());
}

function refuse(socket: Duplex, status: number, text: string): void {
  const body = `${text}\n`;
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
