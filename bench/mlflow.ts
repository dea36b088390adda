// Tracking by MLflow's own client: this service against `mlflow server` with SQLite, in turn, on the same machine; and against a
// server that answers at once, which is what the client itself needs.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { installed } from "../e2e/clients/install.ts";
import { entryOf } from "../e2e/clients/matrix.ts";
import { Service, workspacePath } from "../e2e/support/service.ts";
import { median, print } from "./figures.ts";
import { AtOnce } from "./mlflow/atOnce.ts";
import { Client, Clients, PATIENCE_SECONDS } from "./mlflow/clients.ts";
import { fillRecords } from "./mlflow/fill.ts";
import { analyze, fill, MlflowServer, type Tracked } from "./mlflow/servers.ts";

const MANY = 100_000;
const POINTS = 100_000;
const CLIENTS = 8;
const BEGIN = 1_700_000_000_000;
const ROUNDS = 5;
/** What takes a server longer is its figure after one call. */
const SLOW_SECONDS = 10;

/** A server with the experiment that holds the runs, the run that holds the history, and a client of it. */
type Measured = {
  readonly server: Tracked;
  readonly experiment: string;
  readonly run: string;
  readonly client: Client;
};

/** Seconds of a call; undefined where there was no answer within the client's patience. */
type Taken = { readonly seconds: number | undefined; readonly calls: number };

type Bench = {
  readonly python: string;
  readonly peer: MlflowServer;
  readonly ours: Measured;
  readonly theirs: Measured;
  /** A server that answers at once. */
  readonly alone: Measured;
};

/** The figures by the words that choose them. */
const FIGURES: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  single: (bench) => ask(bench, "log_metric, one client", "single", 60),
  batch: (bench) => ask(bench, "log_batch, 1,000 values of 10 metrics", "batch", 10),
  names: (bench) => ask(bench, "log_batch, 1,000 metrics", "names", 10),
  parallel,
  newest: (bench) => ask(bench, `newest 100 of ${MANY} runs`, "newest", 6),
  history: (bench) => ask(bench, `history of ${POINTS} points`, "history", 1, "run"),
  search,
};

/** Prints the figures of these words, or all. Ratios are rates: ours over theirs. */
export async function mlflow(words: readonly string[] = []): Promise<void> {
  const unknown = words.filter((word) => !Object.hasOwn(FIGURES, word));
  if (unknown.length > 0)
    throw new Error(
      `There is no figure ${unknown.join(", ")} of mlflow. There are: ${Object.keys(FIGURES).join(", ")}.`,
    );
  const python = installed(entryOf("mlflow-3.15"));
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  try {
    mkdirSync(join(folder, "theirs"));
    await using peer = new MlflowServer(python, join(folder, "theirs"));
    const filled = await filledServer(python, peer);
    await using service = await Service.start();
    // A signal ends this program without disposing of anything.
    process.once("exit", () => service.pid !== undefined && stop(service.pid));
    const own = await filledService(python, service);
    await using nothing = new AtOnce(own.server);
    const server = await nothing.start();
    await using ourClient = new Client(python, own.server);
    await using theirClient = new Client(python, filled.server);
    await using aloneClient = new Client(python, server);
    const bench: Bench = {
      python,
      peer,
      ours: { ...own, client: ourClient },
      theirs: { ...filled, client: theirClient },
      alone: { ...own, server, client: aloneClient },
    };
    for (const [word, figure] of Object.entries(FIGURES))
      if (words.length === 0 || words.includes(word)) await figure(bench);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ask(
  bench: Bench,
  figure: string,
  kind: string,
  count: number,
  of: "experiment" | "run" = "experiment",
): Promise<void> {
  const taken = await inTurn([bench.ours, bench.theirs, bench.alone], async (one, first) => {
    const { seconds } = await one.client.ask(kind, first ? 1 : count, one[of]);
    return seconds ?? undefined;
  });
  show(figure, taken);
}

async function parallel({ python, ours, theirs, alone }: Bench): Promise<void> {
  const start = ({ server, experiment }: Measured) => Clients.start(python, server, CLIENTS, experiment);
  await using our = await start(ours);
  await using their = await start(theirs);
  await using client = await start(alone);
  const taken = await inTurn([our, their, client], (clients, first) => clients.log(first ? 5 : 40));
  show(`log_metric, ${CLIENTS} clients at once`, taken);
}

/** Last of all: statistics change how SQLite reads the other server's tables. */
async function search(bench: Bench): Promise<void> {
  const figure = `100 of ${MANY} runs by metric and param, ordered by metric`;
  await ask(bench, figure, "search", 6);
  // What nobody waits for any more would take the processor from what comes next.
  await bench.peer.stop();
  await analyze(bench.python, bench.peer.database);
  await bench.peer.start();
  await ask(bench, `${figure}, after ANALYZE of the other's tables`, "search", 6);
}

function stop(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It has ended.
  }
}

/**
 * Seconds that each takes, in turn: the median of the rounds. The first call of each warms up; where it is not answered, or slow, it
 * is all there is.
 */
async function inTurn<T>(
  all: readonly T[],
  act: (one: T, first: boolean) => Promise<number | undefined>,
): Promise<readonly Taken[]> {
  const slow = new Map<T, Taken>();
  for (const one of all) {
    const seconds = await act(one, true);
    if (seconds === undefined || seconds > SLOW_SECONDS) slow.set(one, { seconds, calls: 1 });
  }
  const taken = all.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [i, one] of all.entries())
      if (!slow.has(one)) taken[i]?.push((await act(one, false)) ?? Number.NaN);
  return all.map((one, i) => slow.get(one) ?? { seconds: median(taken[i] ?? []), calls: ROUNDS });
}

/** `serverRatio` leaves the client's own time out on both sides: it is the client's, whichever server it talks to. */
function show(figure: string, [ours, theirs, alone]: readonly Taken[]): void {
  const [our, their, client] = [ours, theirs, alone].map((taken) => taken?.seconds);
  if (our === undefined || client === undefined)
    throw new Error(`This service has not answered within ${PATIENCE_SECONDS} s (${figure}).`);
  // Without an answer, the time that was waited for it: the ratios are lower bounds then.
  const least = their ?? PATIENCE_SECONDS;
  print({
    figure: `mlflow: ${figure}`,
    value: 1 / our,
    unit: "calls/s",
    against: "mlflow server",
    [their === undefined ? "ratioAbove" : "ratio"]: least / our,
    aim: "ratio at least 10",
    serverRatio: our > client ? (least - client) / (our - client) : "ours is not to be told from none",
    ourMs: our * 1000,
    theirMs: their === undefined ? `no answer within ${PATIENCE_SECONDS} s` : their * 1000,
    ...(theirs?.calls === 1 ? { theirCalls: 1 } : {}),
    clientMs: client * 1000,
    mostRatio: least / client,
    load: loadavg()[0],
  });
}

type Filled = Omit<Measured, "client">;

async function filledServer(python: string, server: MlflowServer): Promise<Filled> {
  await server.start();
  const experiment = await experimentOf({ name: "mlflow server", uri: server.uri });
  const run = await fill(python, server.database, experiment, MANY, POINTS);
  return { server: { name: "mlflow server", uri: server.uri }, experiment, run };
}

async function filledService(python: string, service: Service): Promise<Filled> {
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
  await using client = new Client(python, server);
  const { run: withHistory = "" } = await client.ask("makeHistory", POINTS, experiment);
  return { server, experiment, run: withHistory };
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
