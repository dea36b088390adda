// A server that lets its callers wait until the test opens it: what is under way meanwhile can be looked at, or killed.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Gate = AsyncDisposable & {
  readonly address: string;
  /** Callers that wait now. */
  waiting(): number;
  /** Lets all pass, from now on. */
  open(): void;
};

/** `answer` is what a caller gets who has passed. */
export async function startGate(
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end("go"),
): Promise<Gate> {
  const waiting = new Set<() => void>();
  let isOpen = false;
  const server = createServer((request, response) => {
    const pass = () => {
      waiting.delete(pass);
      answer(request, response);
    };
    if (isOpen) return pass();
    waiting.add(pass);
    response.once("close", () => waiting.delete(pass));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    waiting: () => waiting.size,
    open() {
      isOpen = true;
      for (const pass of waiting) pass();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
