// The server that is compared with, in processes of its own.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
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

  /** On the port that it had before, if it had one. */
  async start(): Promise<void> {
    if (this.uri === "") this.uri = `http://127.0.0.1:${await freePort()}`;
    const { port } = new URL(this.uri);
    const args = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", port];
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

  /** Whatever it was still working on is over then. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
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

/** Gives SQLite statistics of what the tables hold, which the server itself never does. */
export async function analyze(python: string, database: string): Promise<void> {
  const program =
    "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('analyze'); db.commit()";
  await run(python, ["-c", program, database]);
}
