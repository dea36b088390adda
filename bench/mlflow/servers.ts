// The two servers that are compared, each in processes of its own, and the programs that drive them.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { until } from "../../e2e/support/service.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const run = promisify(execFile);

/** A tracking server as a client sees it. */
export type Tracked = { readonly name: string; readonly uri: string; readonly token?: string };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** `mlflow server` as its documentation starts it, with its records in one SQLite file. */
export class MlflowServer implements AsyncDisposable {
  readonly database: string;
  readonly #python: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;
  uri = "";

  constructor(python: string, folder: string) {
    this.#python = python;
    this.#folder = folder;
    this.database = join(folder, "mlflow.db");
  }

  async start(): Promise<void> {
    const port = await freePort();
    this.uri = `http://127.0.0.1:${port}`;
    const args = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", String(port)];
    args.push("--backend-store-uri", `sqlite:///${this.database}`);
    args.push("--artifacts-destination", join(this.#folder, "artifacts"));
    this.#process = spawn(this.#python, args, { stdio: "ignore", cwd: this.#folder, detached: true });
    const healthy = () =>
      fetch(`${this.uri}/health`).then(
        (answer) => answer.ok,
        () => false,
      );
    await until("mlflow server to be up", healthy, 120_000);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    process.kill(-child.pid, "SIGTERM");
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 5_000).unref())]);
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // All of its processes have ended.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

const environment = ({ uri, token }: Tracked) => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  MLFLOW_TRACKING_URI: uri,
  MLFLOW_DISABLE_TELEMETRY: "true",
  DO_NOT_TRACK: "true",
  ...(token === undefined ? {} : { MLFLOW_TRACKING_TOKEN: token }),
});

/** Runs load.py once; what it prints as JSON. */
export async function load(
  python: string,
  server: Tracked,
  kind: string,
  count: number,
  experiment: string,
): Promise<{ readonly seconds: number; readonly run: string }> {
  const { stdout } = await run(python, [join(HERE, "load.py"), kind, String(count), experiment], {
    env: environment(server),
  });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

/** Several clients at once, in processes of their own: all calls in a second. */
export async function parallel(
  python: string,
  server: Tracked,
  clients: number,
  count: number,
  experiment: string,
): Promise<number> {
  const children = Array.from({ length: clients }, () => {
    const child = spawn(python, [join(HERE, "load.py"), "parallel", String(count), experiment], {
      env: environment(server),
      stdio: ["pipe", "pipe", "inherit"],
    });
    return { child, lines: createInterface({ input: child.stdout }) };
  });
  await Promise.all(children.map(({ lines }) => once(lines, "line")));
  const begun = performance.now();
  const ends = children.map(({ child, lines }) => {
    const told = once(lines, "line");
    child.stdin.end("go\n");
    return told;
  });
  await Promise.all(ends);
  return (clients * count) / ((performance.now() - begun) / 1000);
}

/** Fills the database of a stopped mlflow server with runs. */
export const fill = (python: string, database: string, experiment: string, count: number) =>
  run(python, [join(HERE, "fill.py"), database, experiment, String(count)]);
