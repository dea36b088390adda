// A service for tests of the agent that can misbehave at will: it records what it is told and keeps the files it is sent.
// Not the service: the end-to-end tests run the same bundle against the real one.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export type StubEvent = { readonly name: string; readonly data: Record<string, unknown> };
/** `drop` closes before anything is done, `mute` does it and closes without an answer, a number is answered instead. */
export type Misbehaviour = "drop" | "mute" | "half" | number | undefined;
export type StubRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
};

const ENDS = ["Completed", "Failed", "Canceled"];
const STATUS: Record<string, string> = { Start: "Running", CancelRequested: "CancelRequested" };

export class StubService implements AsyncDisposable {
  readonly events: StubEvent[] = [];
  readonly requests: StubRequest[] = [];
  readonly files = new Map<string, Buffer>();
  status = "NotStarted";
  /** What the run's token is now, and the one that a renewal gives. */
  token = "token-1";
  nextToken: string | undefined;
  snapshot: Uint8Array | undefined;
  misbehave: (request: StubRequest) => Misbehaviour = () => undefined;
  #server;
  #scheme: string;
  #waiting = new Set<() => void>();

  constructor(tls?: { readonly key: Buffer; readonly cert: Buffer }) {
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
    this.#scheme = tls === undefined ? "http" : "https";
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return this.url;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  text(path: string): string | undefined {
    return this.files.get(path)?.toString("utf8");
  }

  /** The names of the events without heartbeats, which come when they come. */
  story(): string[] {
    return this.events.map((event) => event.name).filter((name) => name !== "Heartbeat");
  }

  event(name: string): StubEvent | undefined {
    return this.events.find((event) => event.name === name);
  }

  /** The error that was posted; throws when none was. */
  error(): { code: string; message: string; innerError?: { code: string } } {
    const posted = this.event("Error")?.data.ErrorResponse as { error: ReturnType<StubService["error"]> };
    return posted.error;
  }

  /** What somebody else does to the run. */
  becomes(status: string): void {
    this.status = status;
  }

  /** Resolves when the fact is there; throws with what is there instead at the deadline. */
  async until(what: string, fact: () => boolean, deadlineMs = 120_000): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    while (!fact()) {
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(`not in time: ${what}; status ${this.status}, ${this.story().join(" ")}`);
      await new Promise<void>((done) => {
        const timer = setTimeout(wake, left);
        const waiting = this.#waiting;
        function wake(): void {
          clearTimeout(timer);
          waiting.delete(wake);
          done();
        }
        waiting.add(wake);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://stub");
    const request: StubRequest = {
      method: incoming.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
    };
    this.requests.push(request);
    for (const wake of [...this.#waiting]) wake();
    const fault = this.misbehave(request);
    if (fault === "drop") return void incoming.socket.destroy();
    const body = await read(incoming).catch(() => undefined);
    if (body === undefined) return;
    if (typeof fault === "number") {
      return answer(response, fault, { error: { code: "X", message: `the stub says ${fault}` } });
    }
    // Half of an upload is taken, as when a connection breaks in the middle of it.
    const taken = fault === "half" ? body.subarray(0, body.length >> 1) : body;
    const send = this.#answer(request, taken);
    for (const wake of [...this.#waiting]) wake();
    if (fault !== undefined) return void incoming.socket.destroy();
    send(response);
  }

  #answer(request: StubRequest, body: Buffer): (response: ServerResponse) => void {
    const fail = (status: number, message: string) => (response: ServerResponse) =>
      answer(response, status, { error: { code: "UserError", message } });
    if (request.path.endsWith("/token")) {
      if (this.nextToken === undefined) return fail(404, "no such route");
      this.token = this.nextToken;
      return (response) =>
        answer(response, 200, { token: this.token, expiryTimeUtc: "2099-01-01T00:00:00.0000000Z" });
    }
    if (request.headers.authorization !== `Bearer ${this.token}`) return fail(401, "not this token");
    if (request.path.endsWith("/zip")) {
      const zip = this.snapshot;
      return zip === undefined ? fail(404, "no snapshot") : (response) => response.end(zip);
    }
    if (request.path.endsWith("/content")) return this.#content(request, body);
    if (request.path.endsWith("/events")) return this.#event(body);
    return (response) => answer(response, 200, { runId: "r", status: this.status });
  }

  #event(body: Buffer): (response: ServerResponse) => void {
    const { name, data } = JSON.parse(body.toString("utf8")) as StubEvent;
    const short = name.replace("Microsoft.MachineLearning.Run.", "");
    const status = ENDS.includes(short) ? short : STATUS[short];
    if (ENDS.includes(this.status) && status !== undefined && status !== this.status) {
      return (response) => answer(response, 409, { error: { code: "UserError", message: "it has ended" } });
    }
    if (status !== undefined) this.status = status;
    this.events.push({ name: short, data });
    return (response) => response.end();
  }

  #content(request: StubRequest, body: Buffer): (response: ServerResponse) => void {
    const path = request.query.get("path") ?? "";
    const there = this.files.get(path);
    if (request.method === "GET") {
      if (there === undefined) return (response) => answer(response, 404, {});
      return (response) => {
        response.writeHead(there.length === 0 ? 416 : 206, {
          "content-range": `bytes ${there.length === 0 ? "*" : "0-0"}/${there.length}`,
        });
        response.end(there.subarray(0, 1));
      };
    }
    const append = request.query.get("append") === "true";
    const places = [request.query.get("index"), request.headers["x-ms-blob-condition-appendpos"]];
    if (append && places.some((place) => place !== String(there?.length ?? 0))) {
      return (response) => answer(response, 409, { error: { message: `it ends at ${there?.length ?? 0}` } });
    }
    this.files.set(path, append && there !== undefined ? Buffer.concat([there, body]) : body);
    return (response) => answer(response, 200, { path });
  }
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of incoming) blocks.push(block as Buffer);
  return Buffer.concat(blocks);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
