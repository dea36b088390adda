// A registry that holds nothing, and writes down who asked: what the engine sends of a definition's credentials is seen here.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type PrivateRegistry = AsyncDisposable & {
  readonly address: string;
  /** `user:password` of every request that named one. */
  readonly asked: readonly string[];
};

export async function startPrivateRegistry(): Promise<PrivateRegistry> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const [, login] = /^Basic (.+)$/.exec(request.headers.authorization ?? "") ?? [];
    if (login === undefined) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="private"' });
      response.end(
        JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] }),
      );
      return;
    }
    asked.push(Buffer.from(login, "base64").toString());
    const isPing = request.url === "/v2/";
    response.writeHead(isPing ? 200 : 404, { "content-type": "application/json" });
    response.end(
      JSON.stringify(isPing ? {} : { errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
