// The port of its own on which Prometheus asks. It answers whoever reaches it, so it is bound to loopback unless told otherwise.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type MetricsServer = AsyncDisposable & {
  /** Resolves with the port. */
  listen(at: { readonly host: string; readonly port: number }): Promise<number>;
};

type Told = { readonly contentType: string; readonly text: string };

/** Who asks while an answer is being made gets the same one. */
export function createMetricsServer(tell: () => Promise<Told>): MetricsServer {
  let telling: Promise<Told> | undefined;
  const told = (): Promise<Told> => {
    telling ??= tell().finally(() => {
      telling = undefined;
    });
    return telling;
  };
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    if ((request.url ?? "").split("?", 1)[0] !== "/metrics")
      return refuse(response, 404, "Ask for /metrics.");
    if (request.method !== "GET" && request.method !== "HEAD")
      return refuse(response, 405, "This address takes GET.");
    told().then(
      ({ contentType, text }) => {
        response.writeHead(200, { "content-type": contentType, "cache-control": "no-store" });
        response.end(request.method === "HEAD" ? undefined : text);
      },
      () => refuse(response, 500, "The metrics cannot be told now."),
    );
  });
  return {
    async listen({ host, port }) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once("error", reject).listen(port, host, resolve);
      await promise.catch((cause: Error) => {
        throw new Error(
          `Metrics cannot be told on ${host}:${port}: ${cause.message}. Give another --metrics-port.`,
          { cause },
        );
      });
      server.unref();
      return (server.address() as AddressInfo).port;
    },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      await promise;
    },
  };
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
}
