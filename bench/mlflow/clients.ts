// Programs that drive a tracking server by MLflow's own client, each in a process of its own that stays for many questions.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Tracked } from "./servers.ts";

const LOAD = fileURLToPath(new URL("load.py", import.meta.url));

/** So long a client waits for one answer of a server. */
export const PATIENCE_SECONDS = 60;

export type Loaded = { readonly seconds?: number | null; readonly run?: string };

export class Client implements AsyncDisposable {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(python: string, { uri, token }: Tracked) {
    this.#process = spawn(python, [LOAD], {
      stdio: ["pipe", "pipe", "inherit"],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        MLFLOW_TRACKING_URI: uri,
        MLFLOW_HTTP_REQUEST_TIMEOUT: String(PATIENCE_SECONDS),
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: "0",
        MLFLOW_DISABLE_TELEMETRY: "true",
        DO_NOT_TRACK: "true",
        ...(token === undefined ? {} : { MLFLOW_TRACKING_TOKEN: token }),
      },
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** What load.py answers. One question at a time. */
  async ask(kind: string, count: number, of: string): Promise<Loaded> {
    this.#process.stdin.write(`${JSON.stringify({ kind, count, of })}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`The client has ended before it answered (${kind}).`);
    return JSON.parse(value) as Loaded;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
  }
}

/** Several clients at once, each in a run of its own. */
export class Clients implements AsyncDisposable {
  readonly #all: readonly Client[];

  private constructor(all: readonly Client[]) {
    this.#all = all;
  }

  static async start(python: string, server: Tracked, clients: number, experiment: string): Promise<Clients> {
    const all = Array.from({ length: clients }, () => new Client(python, server));
    await Promise.all(all.map((client) => client.ask("prepare", 0, experiment)));
    return new Clients(all);
  }

  /** Seconds for a call, of all calls of all together. */
  async log(count: number): Promise<number> {
    const begun = performance.now();
    await Promise.all(this.#all.map((client) => client.ask("parallel", count, "")));
    return (performance.now() - begun) / 1000 / (this.#all.length * count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((client) => client[Symbol.asyncDispose]()));
  }
}
