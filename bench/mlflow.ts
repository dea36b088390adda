// Tracking by MLflow's own client: this service against `mlflow server` with SQLite, in turn, on the same machine; and against a
// server that answers at once, which is what the client itself needs.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed } from "../e2e/clients/install.ts";
import { entryOf } from "../e2e/clients/matrix.ts";
import { Service, workspacePath } from "../e2e/support/service.ts";
import { print } from "./figures.ts";
import { AtOnce } from "./mlflow/atOnce.ts";
import { fillRecords } from "./mlflow/fill.ts";
import { fill, load, MlflowServer, parallel, type Tracked } from "./mlflow/servers.ts";

const MANY = 100_000;
const POINTS = 100_000;
const CLIENTS = 8;
const BEGIN = 1_700_000_000_000;

/** A server with the experiment that holds the runs, and the run that holds the history. */
type Measured = { readonly server: Tracked; readonly experiment: string; readonly run: string };

/** Prints the figures. Ratios are rates: ours over theirs. */
export async function mlflow(rounds = 3): Promise<void> {
  const python = installed(entryOf("mlflow-3.15"));
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  try {
    mkdirSync(join(folder, "theirs"));
    await using server = new MlflowServer(python, join(folder, "theirs"));
    const theirs = await filledServer(python, server);
    await using service = await Service.start();
    // A signal ends this program without disposing of anything.
    process.once("exit", () => service.pid !== undefined && stop(service.pid));
    const ours = await filledService(python, service);
    await using nothing = new AtOnce(ours.server);
    const alone = { ...ours, server: await nothing.start() };

    const seconds = (kind: string, count: number, of: "experiment" | "run" = "experiment") =>
      inTurn(rounds, [ours, theirs, alone], async (one) => {
        return (await load(python, one.server, kind, count, one[of])).seconds;
      });
    show("mlflow: log_metric, one client", "at least 10", await seconds("single", 200));
    show("mlflow: log_batch, 1,000 values of 10 metrics", "at least 10", await seconds("batch", 20));
    show("mlflow: log_batch, 1,000 metrics", "at least 10", await seconds("names", 10));
    show(
      `mlflow: log_metric, ${CLIENTS} clients at once`,
      "at least 10",
      await inTurn(rounds, [ours, theirs, alone], async (one) => {
        return 1 / (await parallel(python, one.server, CLIENTS, 60, one.experiment));
      }),
    );
    show(`mlflow: newest 100 of ${MANY} runs`, "at least 5", await seconds("newest", 10));
    show(
      `mlflow: 100 of ${MANY} runs by metric and param, ordered by metric`,
      "at least 5",
      await seconds("search", 10),
    );
    show(`mlflow: history of ${POINTS} points`, "at least 5", await seconds("history", 2, "run"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function stop(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It has ended.
  }
}

/**
 * Seconds that each takes, in turn. Of several rounds the shortest: what else the machine does only ever adds, and the client's own
 * time could not be told from it otherwise. The first round warms up.
 */
async function inTurn(
  rounds: number,
  all: readonly Measured[],
  act: (one: Measured) => Promise<number>,
): Promise<readonly number[]> {
  const taken = all.map((): number[] => []);
  for (let round = -1; round < rounds; round += 1)
    for (const [i, one] of all.entries()) {
      const seconds = await act(one);
      if (round >= 0) taken[i]?.push(seconds);
    }
  return taken.map((seconds) => Math.min(...seconds));
}

/** `serverRatio` leaves the client's own time out on both sides: it is the client's, whichever server it talks to. */
function show(figure: string, aim: string, [our = 0, their = 0, client = 0]: readonly number[]): void {
  print({
    figure,
    value: 1 / our,
    unit: "calls/s",
    against: "mlflow server",
    ratio: their / our,
    aim: `ratio ${aim}`,
    serverRatio: our > client ? (their - client) / (our - client) : "ours is not to be told from none",
    ourMs: our * 1000,
    theirMs: their * 1000,
    clientMs: client * 1000,
    mostRatio: their / client,
  });
}

async function filledServer(python: string, server: MlflowServer): Promise<Measured> {
  await server.start();
  const experiment = await experimentOf({ name: "mlflow server", uri: server.uri });
  const run = await fill(python, server.database, experiment, MANY, POINTS);
  return { server: { name: "mlflow server", uri: server.uri }, experiment, run };
}

async function filledService(python: string, service: Service): Promise<Measured> {
  const uri = `${service.url}/mlflow/v1.0${workspacePath}`;
  const server: Tracked = { name: "malachite", uri, token: "dev" };
  const experiment = await experimentOf(server);
  const { run } = await call<{ run: { info: { run_id: string } } }>(server, "runs/create", {
    experiment_id: experiment,
    start_time: BEGIN,
    run_name: "run-0",
  });
  const run_id = run.info.run_id;
  await call(server, "runs/log-batch", {
    run_id,
    metrics: [{ key: "loss", value: 0, timestamp: BEGIN, step: 0 }],
    params: [{ key: "model", value: "m0" }],
  });
  await call(server, "runs/update", { run_id, status: "FINISHED", end_time: BEGIN + 1 });
  await service.kill("SIGTERM");
  fillRecords(join(service.data, "records.sqlite"), run_id, MANY, BEGIN);
  await service.start();
  const history = await load(python, server, "history-make", 0, experiment);
  return { server, experiment, run: history.run };
}

async function call<T>({ uri, token }: Tracked, operation: string, body: unknown): Promise<T> {
  const answer = await fetch(`${uri}/api/2.0/mlflow/${operation}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${operation} → ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

const experimentOf = async (server: Tracked): Promise<string> =>
  (await call<{ experiment_id: string }>(server, "experiments/create", { name: "bench" })).experiment_id;
