// A server that does nothing: what is written it takes and forgets, what is read it has asked another server once and remembers.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Tracked } from "./servers.ts";

const RUN = JSON.stringify({
  run: {
    info: { run_id: "r", run_uuid: "r", experiment_id: "0", status: "RUNNING", lifecycle_stage: "active" },
    data: {},
  },
});

export class AtOnce implements AsyncDisposable {
  readonly #other: Tracked;
  readonly #known = new Map<string, Buffer>();
  readonly #server: Server;

  constructor(other: Tracked) {
    this.#other = other;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
  }

  async start(): Promise<Tracked> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return { name: "nothing", uri: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = "", method = "GET" } = request;
    response.setHeader("content-type", "application/json");
    if (method === "GET" || url.endsWith("/runs/search")) {
      const body = await text(request);
      const asked = `${url} ${body}`;
      const known = this.#known.get(asked) ?? (await this.#ask(url, method, body));
      this.#known.set(asked, known);
      response.end(known);
      return;
    }
    request.resume().on("end", () => response.end(url.endsWith("/runs/create") ? RUN : "{}"));
  }

  async #ask(url: string, method: string, body: string): Promise<Buffer> {
    const { uri, token } = this.#other;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(`${uri}${url}`, { method, headers, ...(method === "GET" ? {} : { body }) });
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
