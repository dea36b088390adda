// A small proxy in front of the service: counts what passes, and cuts answers off where a test says.
import { once } from "node:events";
import { createServer, type IncomingMessage, request as send } from "node:http";
import type { AddressInfo } from "node:net";

export type Passed = { readonly method: string; readonly path: string; bytesUp: number };

export type Proxy = AsyncDisposable & {
  readonly url: string;
  /** Every request so far, in order. */
  readonly passed: Passed[];
};

/** `cutAfter` tells after how many bytes an answer's connection is destroyed; undefined lets it pass whole. */
export async function proxyTo(
  url: string,
  cutAfter: (path: string) => number | undefined = () => undefined,
): Promise<Proxy> {
  const { hostname, port } = new URL(url);
  const passed: Passed[] = [];
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "/";
    const entry: Passed = { method: incoming.method ?? "", path, bytesUp: 0 };
    passed.push(entry);
    incoming.on("data", (chunk: Buffer) => (entry.bytesUp += chunk.length));
    const { method, headers } = incoming;
    const forward = send({ hostname, port, path, method, headers, agent: false });
    incoming.pipe(forward);
    forward.on("response", (answer: IncomingMessage) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      outgoing.flushHeaders();
      const cut = cutAfter(path);
      if (cut === undefined) {
        answer.pipe(outgoing);
        return;
      }
      let left = cut;
      answer.on("data", (chunk: Buffer) => {
        if (left < 0) return;
        left -= chunk.length;
        if (left >= 0) return void outgoing.write(chunk);
        // What came before the cut is on its way to the client before the connection goes.
        const part = chunk.subarray(0, chunk.length + left);
        outgoing.write(part, () => outgoing.socket?.destroy());
      });
      answer.on("end", () => left >= 0 && outgoing.end());
      answer.on("error", () => outgoing.destroy());
    });
    forward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forward.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
