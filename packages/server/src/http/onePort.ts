// HTTP and TLS on one port: the first byte of a connection says which it is. One HTTP server answers both, so routes, limits,
// keep-alive and closing are the same. Opens nothing by itself.
import { createServer, type Server, type ServerOptions } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { FastifyServerFactory } from "fastify";
import { answerConnect } from "./azureHost.ts";
import type { CertificateSource, HttpParts } from "./edge.ts";

/** The first byte of a TLS handshake; no HTTP request begins so. */
const TLS_HANDSHAKE = 0x16;

export type OnePort = {
  /** For fastify. A service that listens on two addresses asks for two servers. */
  readonly serverFactory: FastifyServerFactory;
  /** Cuts connections that have sent nothing yet. */
  cutSilent(): void;
  /** Cuts connections over TLS, whether their handshake is done or not, and those that are passed on. */
  cutTls(): void;
};

export type Limits = {
  /** A connection must say by then what it is, and end its handshake within as much again. */
  readonly withinMs: number;
  readonly keepAliveMs: number;
  /** Whether it is a proxy to any host (azureHost.ts). */
  readonly passesOn: boolean;
  readonly isOfRuns: HttpParts["isOfRuns"];
  readonly http: ServerOptions;
};

export function createOnePort(certificates: CertificateSource, limits: Limits): OnePort {
  const { withinMs } = limits;
  const silent = new Set<Socket>();
  const secured = new Set<Duplex>();
  const proxies = new Set<{ cut(): void }>();
  return {
    serverFactory(handler) {
      const server = createServer(limits.http, handler);
      server.keepAliveTimeout = limits.keepAliveMs;
      server.requestTimeout = 0;
      const answer = takeOver(server);
      const tls = createTlsServer({
        ...shown(certificates.current()),
        minVersion: "TLSv1.2",
        ALPNProtocols: ["http/1.1"],
        handshakeTimeout: withinMs,
      });
      tls.on("secureConnection", answer);
      // Scanners, and clients that do not trust the certificate: theirs to know, not ours.
      tls.on("tlsClientError", (_error, socket) => socket.destroy());
      certificates.onRenewal((pair) => tls.setSecureContext(shown(pair)));
      const secure = (socket: Duplex) => {
        secured.add(socket);
        socket.once("close", () => secured.delete(socket));
        tls.emit("connection", socket);
      };
      proxies.add(
        answerConnect(server, { take: secure, passesOn: limits.passesOn, isOfRuns: limits.isOfRuns }),
      );
      server.on("connection", (socket: Socket) => {
        silent.add(socket);
        const forget = () => silent.delete(socket);
        const cut = () => socket.destroy();
        const decide = (first: Buffer) => {
          socket.pause();
          socket.unshift(first);
          socket.setTimeout(0);
          forget();
          for (const [event, listener] of waiting) socket.off(event, listener);
          if (first[0] === TLS_HANDSHAKE) {
            socket.on("error", cut);
            secure(socket);
          } else {
            answer(socket);
            socket.resume();
          }
        };
        const waiting = [
          ["data", decide],
          ["timeout", cut],
          ["end", cut],
          ["error", cut],
          ["close", forget],
        ] as const;
        for (const [event, listener] of waiting) socket.on(event, listener);
        socket.setTimeout(withinMs);
      });
      return server;
    },
    cutSilent() {
      for (const socket of silent) socket.destroy();
    },
    cutTls() {
      for (const proxy of proxies) proxy.cut();
      for (const socket of secured) socket.destroy();
    },
  };
}

/** Takes the server's connections away from it; gives what hands one back. */
function takeOver(server: Server): (socket: Socket | TLSSocket) => void {
  const listeners = server.listeners("connection");
  server.removeAllListeners("connection");
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

const shown = ({ key, certificate }: ReturnType<CertificateSource["current"]>) => ({
  key,
  cert: certificate,
});
