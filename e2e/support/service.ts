// A real service in a process of its own, for end-to-end tests: started by the user's command, killed as hard as a test wants.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { killRunsOf } from "./leftovers.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const MALACHITE = join(ROOT, "packages/cli/bin/malachite.js");
export const SOURCE = ["--conditions=malachite-src", "--disable-warning=ExperimentalWarning"];

/** The workspace that every data folder begins with. */
export const WORKSPACE = {
  subscriptionId: "11111111-1111-1111-1111-111111111111",
  resourceGroup: "rg",
  workspace: "ws1",
};
export const workspacePath = `/subscriptions/${WORKSPACE.subscriptionId}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws1`;

/** Of two cores that a dozen processes share, none may get much for a minute: what comes in the end is no failure. */
const PATIENCE_MS = 120_000;

/**
 * Waits until `look` gives something, and says what was waited for when it never does. Where what is waited for may have failed, `look`
 * throws: nobody waits for what cannot come any more.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  deadlineMs = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`Waited ${deadlineMs / 1000} s for ${what}.`);
    await sleep(20);
  }
}

/** `E2E_DATABASE=postgres://…`: every service keeps its records there, each data folder in a schema of its own. */
const recordsOf = (data: string): { readonly MALACHITE_DATABASE?: string } => {
  const database = process.env.E2E_DATABASE;
  if (database === undefined) return {};
  const schema = basename(dirname(data)).toLowerCase().replaceAll("-", "_");
  return { MALACHITE_DATABASE: `${database}?schema=${schema}` };
};

export type ServiceOptions = {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another program than the user's command, for faults. */
  readonly program?: readonly string[];
  /** Another user than the test's, which must be root then. */
  readonly user?: { readonly uid: number; readonly gid: number };
};

/** One data folder and the server processes that serve it, one after the other. */
export class Service implements AsyncDisposable {
  readonly data: string;
  url = "";
  #options: ServiceOptions;
  #process: ChildProcess | undefined;
  output = "";

  private constructor(data: string, options: ServiceOptions) {
    this.data = data;
    this.#options = options;
  }

  static async start(options: ServiceOptions = {}): Promise<Service> {
    const folder = mkdtempSync(join(tmpdir(), "malachite-e2e-"));
    if (options.user) chownSync(folder, options.user.uid, options.user.gid);
    const service = new Service(join(folder, "data"), options);
    await service.start();
    return service;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts a server on the folder, on the port it had before if it had one, and waits until it takes work. */
  async start(options: ServiceOptions = this.#options): Promise<void> {
    const port = this.url === "" ? "0" : new URL(this.url).port;
    const program = options.program ?? [...SOURCE, MALACHITE, "up"];
    this.output = "";
    rmSync(join(this.data, "server.json"), { force: true });
    const child = spawn(
      process.execPath,
      [...program, "--port", port, "--data", this.data, ...(options.flags ?? [])],
      {
        stdio: ["ignore", "pipe", "pipe"],
        ...options.user,
        env: {
          PATH: process.env.PATH,
          HOME: join(this.data, ".."),
          TMPDIR: process.env.TMPDIR,
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
          ...recordsOf(this.data),
          ...options.env,
        },
      },
    );
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (this.output += chunk));
    let ended = false;
    let fault: Error | undefined;
    child.once("exit", () => (ended = true));
    child.once("error", (error) => (fault = error));
    await until(
      "the server to announce itself",
      () => ended || fault !== undefined || existsSync(join(this.data, "server.json")),
    );
    if (fault !== undefined) throw fault;
    if (ended) return;
    this.url = (JSON.parse(readFileSync(join(this.data, "server.json"), "utf8")) as { url: string }).url;
    await until(
      "the server to take work",
      async () =>
        ended ||
        (await fetch(`${this.url}/readyz`)
          .then((answer) => answer.ok)
          .catch(() => false)),
    );
  }

  /** kill -9, and waits until the process is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  /** Resolves when the server has died by itself. */
  async died(): Promise<void> {
    const child = this.#process;
    await until("the server to die", () => !child || child.exitCode !== null || child.signalCode !== null);
  }

  /** A request with the development token. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: "Bearer dev",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  /** The JSON of a good answer; throws with the text of any other. */
  async json<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} → ${answer.status} ${text}`);
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("SIGTERM");
    killRunsOf(this.data);
    rmSync(join(this.data, ".."), { recursive: true, force: true, maxRetries: 5 });
  }
}
