// Metrics over HTTP, by a client that does nothing but send: single values, batches of 1,000, eight callers at once, a history of
// 100,000 points; and how much a point is on disk. bench/mlflow.ts compares with mlflow server, by the real client.
import { statSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { Service, workspacePath } from "../e2e/support/service.ts";
import { median, print, quantile } from "./figures.ts";

const BEGIN = Date.UTC(2026, 0, 1);
const SINGLES = 1_000;
const BATCHES = 60;
const BATCH = 1_000;
const CALLERS = 8;
const HISTORY = 100_000;

type Send = (method: string, path: string, body?: unknown) => Promise<string>;

/** A client that keeps its connections. */
function sender(url: string): Send {
  const agent = new Agent({ keepAlive: true });
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = { authorization: "Bearer dev", "content-type": "application/json" };
      const sent = request(new URL(path, url), { agent, method, headers }, (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => {
          const text = Buffer.concat(parts).toString();
          if (answer.statusCode === 200) resolve(text);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`));
        });
      });
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

/** Values of one metric as the SDK posts them, each with an id of its own. */
const values = (name: string, from: number, count: number) => ({
  values: [
    {
      name,
      columns: { [name]: "double" },
      value: Array.from({ length: count }, (_, i) => ({
        metricId: crypto.randomUUID(),
        createdUtc: new Date(BEGIN + from + i).toISOString(),
        step: from + i,
        data: { [name]: 1 / (from + i + 1) },
      })),
      properties: { uxMetricType: "azureml.v1.scalar" },
    },
  ],
  reportErrors: true,
});

/** As many metrics of one value each. */
const manyNames = (from: number, count: number) => ({
  values: Array.from({ length: count }, (_, i) => values(`metric ${i}`, from, 1).values[0]),
  reportErrors: true,
});

export async function metrics(): Promise<void> {
  await using service = await Service.start();
  const send = sender(service.url);
  const run = async (id: string) => {
    await send("PATCH", `/history/v1.0${workspacePath}/experiments/bench/runs/${id}`, { runId: id });
    return `/metric/v2.0${workspacePath}/runs/${id}`;
  };
  await singles(send, await run("single"));
  await batches(send, await run("batch"), "of one metric", (i) => values("loss", i * BATCH, BATCH));
  await batches(send, await run("names"), "of as many metrics", (i) => manyNames(i, BATCH));
  await callers(send, run);
  await history(send, await run("history"), join(service.data, "records.sqlite"));
}

async function timesOf(count: number, work: (i: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const began = performance.now();
    await work(i);
    times.push(performance.now() - began);
  }
  return times;
}

async function singles(send: Send, run: string): Promise<void> {
  const times = await timesOf(SINGLES, (i) => send("POST", `${run}/batch`, values("loss", i, 1)));
  print({
    figure: "one value posted, durable, one caller",
    value: median(times),
    unit: "ms",
    p95: quantile(times, 0.95),
    perSecond: 1000 / median(times),
  });
}

async function batches(send: Send, run: string, what: string, make: (i: number) => unknown): Promise<void> {
  const bodies = Array.from({ length: BATCHES }, (_, i) => make(i));
  const times = await timesOf(BATCHES, (i) => send("POST", `${run}/batch`, bodies[i]));
  print({
    figure: `${BATCH} values ${what} in a post, durable`,
    value: median(times),
    unit: "ms",
    p95: quantile(times, 0.95),
    valuesPerSecond: (BATCH * 1000) / median(times),
  });
}

async function callers(send: Send, run: (id: string) => Promise<string>): Promise<void> {
  const runs = await Promise.all(Array.from({ length: CALLERS }, (_, i) => run(`caller-${i}`)));
  const began = performance.now();
  await Promise.all(
    runs.map((path) => timesOf(SINGLES, (i) => send("POST", `${path}/batch`, values("loss", i, 1)))),
  );
  const seconds = (performance.now() - began) / 1000;
  print({
    figure: `single values posted, ${CALLERS} callers`,
    value: (CALLERS * SINGLES) / seconds,
    unit: "per second",
  });
}

async function history(send: Send, run: string, file: string): Promise<void> {
  const before = statSync(file).size;
  for (let from = 0; from < HISTORY; from += BATCH)
    await send("POST", `${run}/batch`, values("loss", from, BATCH));
  const times = await timesOf(5, async () => {
    let continuationToken: string | null = null;
    let read = 0;
    do {
      const page = JSON.parse(
        await send("POST", `${run}/full`, {
          metricName: "loss",
          ...(continuationToken ? { continuationToken } : {}),
        }),
      );
      read += page.value.length;
      continuationToken = page.continuationToken;
    } while (continuationToken !== null);
    if (read !== HISTORY) throw new Error(`${read} of ${HISTORY} points were read.`);
  });
  print({ figure: `history of ${HISTORY} points, read whole`, value: median(times), unit: "ms" });
  const grown = statSync(file).size - before;
  if (grown > 0) print({ figure: "a point with an id, on disk", value: grown / HISTORY, unit: "bytes" });
}
