// Tracking by MLflow's own client: this service against `mlflow server` with SQLite, in turn, on the same machine.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed } from "../e2e/clients/install.ts";
import { entryOf } from "../e2e/clients/matrix.ts";
import { Service, workspacePath } from "../e2e/support/service.ts";
import { inTurn, median, print } from "./figures.ts";
import { fill, load, MlflowServer, parallel, type Tracked } from "./mlflow/servers.ts";

const MANY = Number(process.env.MANY ?? 100_000);
const CLIENTS = 8;

/** Prints the figures. Ratios are rates: ours over theirs. */
export async function mlflow(rounds = 3): Promise<void> {
  const python = installed(entryOf("mlflow-3.15"));
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  try {
    mkdirSync(join(folder, "theirs"));
    await using server = new MlflowServer(python, join(folder, "theirs"));
    await server.start();
    const theirExperiment = await experimentOf({ name: "mlflow server", uri: server.uri });
    await server.stop();
    await fill(python, server.database, theirExperiment, MANY);
    await server.start();
    const theirs: Tracked = { name: "mlflow server", uri: server.uri };

    await using service = await Service.start();
    const ours: Tracked = {
      name: "malachite",
      uri: `${service.url}/mlflow/v1.0${workspacePath}`,
      token: "dev",
    };
    const ourExperiment = await experimentOf(ours);
    await fillOurs(ours, ourExperiment);

    const compare = async (figure: string, kind: string, count: number, aim: string, each = 1) => {
      const { a, b } = await inTurn(
        rounds,
        () => load(python, ours, kind, count, ourExperiment),
        () => load(python, theirs, kind, count, theirExperiment),
      );
      const [our, their] = [a, b].map((taken) => median(taken.map(({ seconds }) => seconds))) as [
        number,
        number,
      ];
      print({
        figure,
        value: each / our,
        unit: each === 1 ? "calls/s" : "values/s",
        against: theirs.name,
        ratio: their / our,
        aim,
        theirs: each / their,
        ourMs: our * 1000,
        theirMs: their * 1000,
      });
    };
    await compare("mlflow: log_metric, one client", "single", 100, "ratio at least 10");
    await compare("mlflow: log_batch of 1,000", "batch", 5, "ratio at least 10", 1000);
    const { a, b } = await inTurn(
      rounds,
      () => parallel(python, ours, CLIENTS, 25, ourExperiment),
      () => parallel(python, theirs, CLIENTS, 25, theirExperiment),
    );
    print({
      figure: `mlflow: log_metric, ${CLIENTS} clients at once`,
      value: median(a),
      unit: "calls/s",
      against: theirs.name,
      ratio: median(a) / median(b),
      aim: "ratio at least 10",
      theirs: median(b),
    });
    await compare(`mlflow: newest 100 of ${MANY} runs`, "newest", 10, "ratio at least 5");
    await compare(
      `mlflow: 100 of ${MANY} runs by metric and param, ordered by metric`,
      "search",
      10,
      "ratio at least 5",
    );
    const our = (await load(python, ours, "history-make", 0, ourExperiment)).run;
    const their = (await load(python, theirs, "history-make", 0, theirExperiment)).run;
    const history = await inTurn(
      rounds,
      () => load(python, ours, "history", 3, our),
      () => load(python, theirs, "history", 3, their),
    );
    const [ourS, theirS] = [history.a, history.b].map((taken) =>
      median(taken.map(({ seconds }) => seconds)),
    ) as [number, number];
    print({
      figure: "mlflow: history of 100,000 points",
      value: 1 / ourS,
      unit: "calls/s",
      against: theirs.name,
      ratio: theirS / ourS,
      aim: "ratio at least 5",
      ourMs: ourS * 1000,
      theirMs: theirS * 1000,
    });
    await floor(python);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the client itself needs for a call: the same calls to a server that answers at once and does nothing. */
async function floor(python: string): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end(request.url?.includes("runs/create") ? RUN : "{}");
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const nothing = { name: "nothing", uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const single = await load(python, nothing, "single", 100, "0");
  const batch = await load(python, nothing, "batch", 5, "0");
  print({
    figure: "mlflow: the client alone, log_metric",
    value: 1 / single.seconds,
    unit: "calls/s",
    against: "a server that does nothing",
    batchMs: batch.seconds * 1000,
    singleMs: single.seconds * 1000,
  });
  server.closeAllConnections();
  server.close();
}

const RUN = JSON.stringify({
  run: {
    info: { run_id: "r", run_uuid: "r", experiment_id: "0", status: "RUNNING", lifecycle_stage: "active" },
    data: {},
  },
});

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

/** As many runs as the other server is filled with, with the same values, through the API. */
async function fillOurs(server: Tracked, experiment: string): Promise<void> {
  const begin = 1_700_000_000_000;
  const left = Array.from({ length: MANY }, (_, i) => i).values();
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      for (const i of left) {
        const { run } = await call<{ run: { info: { run_id: string } } }>(server, "runs/create", {
          experiment_id: experiment,
          start_time: begin + i,
          run_name: `run-${i}`,
        });
        const run_id = run.info.run_id;
        await call(server, "runs/log-batch", {
          run_id,
          metrics: [{ key: "loss", value: ((i * 7919) % MANY) / MANY, timestamp: begin + i, step: 0 }],
          params: [{ key: "model", value: `m${i % 10}` }],
        });
        await call(server, "runs/update", { run_id, status: "FINISHED", end_time: begin + i + 1 });
      }
    }),
  );
}
