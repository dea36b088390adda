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

/** No measurement takes so long. */
const DEADLINE_MS = 300_000;

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
    const child = spawn(this.#python, args, {
      stdio: "ignore",
      cwd: this.#folder,
      detached: true,
      // Consumers of jobs that nothing here asks for would only take the processor from it.
      env: { ...process.env, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false", MLFLOW_DISABLE_TELEMETRY: "true" },
    });
    this.#process = child;
    // It has processes of its own, which outlive it: they go whichever way this program ends.
    process.once("exit", () => killGroup(child));
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
    killGroup(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // All of its processes have ended.
  }
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

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
    timeout: DEADLINE_MS,
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
      timeout: DEADLINE_MS,
    });
    const lines = createInterface({ input: child.stdout });
    const line = async () => {
      const told = await Promise.race([once(lines, "line"), once(lines, "close").then(() => undefined)]);
      if (told === undefined) throw new Error("A client has ended before it was done.");
    };
    return { child, line };
  });
  await Promise.all(children.map(({ line }) => line()));
  const begun = performance.now();
  const ends = children.map(({ child, line }) => {
    const told = line();
    child.stdin.end("go\n");
    return told;
  });
  await Promise.all(ends);
  return (clients * count) / ((performance.now() - begun) / 1000);
}

/** Fills the database of an mlflow server with runs, and one of them with a history: that one's id. */
export async function fill(
  python: string,
  database: string,
  experiment: string,
  count: number,
  points: number,
): Promise<string> {
  const { stdout } = await run(python, [
    join(HERE, "fill.py"),
    database,
    experiment,
    String(count),
    String(points),
  ]);
  return (JSON.parse(stdout) as { run: string }).run;
}
