// A server for tests which does as it is told, for what a real one cannot be told to do: cuts, delays, foreign answers.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request as it came in. */
export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The query string as it came, for what is named several times. */
  readonly search: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
};

export type Answer = (request: Seen, response: ServerResponse) => void | Promise<void>;

export type Stub = AsyncDisposable & { readonly url: string; readonly seen: Seen[] };

/** Listens on a free port of this machine until it is disposed of. An answer that throws cuts the connection. */
export async function stubServer(answer: Answer): Promise<Stub> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const url = new URL(request.url ?? "/", "http://stub");
      const one: Seen = {
        method: request.method ?? "",
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        search: url.search,
        headers: request.headers,
        body: Buffer.concat(chunks),
      };
      seen.push(one);
      await answer(one, response);
    } catch {
      response.destroy();
    }
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Answers with JSON. */
export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** Answers with the contract's error envelope. */
export function fail(response: ServerResponse, status: number, code: string, message = code): void {
  json(
    response,
    { error: { code: "UserError", message, innerError: { code: "Inner", innerError: { code } } } },
    status,
  );
}

export const WORKSPACE = {
  subscriptionId: "11111111-1111-1111-1111-111111111111",
  resourceGroup: "rg",
  workspace: "ws1",
} as const;
