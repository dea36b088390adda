// What the pages are measured with: a service among a million runs, one of which writes a log of 1 GB and goes on writing, and one of
// which has a metric of a million values.
import { join } from "node:path";
import { ended, experiment, submit } from "../e2e/support/runs.ts";
import { Service, until, workspacePath } from "../e2e/support/service.ts";
import { EXPERIMENTS, fillRuns } from "./manyRuns.ts";

export type Sizes = { readonly runs: number; readonly logMb: number; readonly points: number };
export type WebData = {
  readonly service: Service;
  /** It runs, and writes a line with the time of its writing ten times a second. */
  readonly logRun: string;
  /** The same, without a long log before. */
  readonly shortRun: string;
  readonly metricRun: string;
};

const CHUNK_LINES = 9_000;
const POST = 1_000;
/** How the lines begin that say when they were written, in milliseconds. */
export const TICK = "tick";

const script = (megabytes: number) => `
import sys, time
line, at = 0, 0
out = sys.stdout
while at < ${megabytes} * 1_000_000:
    chunk = "".join(f"2026-01-01 12:00:00,{(line + i) % 1000:03} INFO step {line + i} \\x1b[32mloss\\x1b[0m={1 / (line + i + 1):.9f} lr=0.0001 epoch {(line + i) // 5000}: all is well, and goes on being so\\n" for i in range(${CHUNK_LINES}))
    out.write(chunk)
    line += ${CHUNK_LINES}
    at += len(chunk)
print("needle: the only line of its kind", flush=True)
while True:
    print("${TICK}", time.time_ns() // 1_000_000, flush=True)
    time.sleep(0.1)
`;

/** Makes all of it; the log is whole when this returns. */
export async function makeWebData({ runs, logMb, points }: Sizes): Promise<WebData> {
  const service = await Service.start({ flags: ["--runs-at-once", "4", "--grace-seconds", "1"] });
  try {
    await ended(service, await submit(service, { files: { "main.py": "print(1)\n" } }));
    for (let i = 0; i < EXPERIMENTS; i += 1)
      await service.json("PATCH", `/history/v1.0${experiment(`experiment-${i}`)}/runs/begin-${i}`, {
        tags: { kind: "train" },
      });
    await service.kill("SIGTERM");
    fillRuns(join(service.data, "records.sqlite"), runs, { waiting: false });
    await service.start();
    const metricRun = "a-million-values";
    await service.json("PATCH", `/history/v1.0${experiment()}/runs/${metricRun}`, { status: "Running" });
    for (let from = 0; from < points; from += POST)
      await service.json("POST", `/metric/v2.0${workspacePath}/runs/${metricRun}/batch`, losses(from));
    const [logRun, shortRun] = [
      await submit(service, { files: { "main.py": script(logMb) }, runId: "a-long-log" }),
      await submit(service, { files: { "main.py": script(0) }, runId: "a-short-log" }),
    ];
    await until("the long log", () => hasNeedle(service, logRun), 600_000);
    return { service, logRun, shortRun, metricRun };
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  }
}

async function hasNeedle(service: Service, runId: string): Promise<boolean> {
  const asked = `/malachite/v1.0${workspacePath}/runs/${runId}/log/lines?line=-1`;
  const answer = await service.call("GET", asked);
  if (!answer.ok) return false;
  const { values } = (await answer.json()) as { values: { text: string }[] };
  return values.at(-1)?.text.startsWith(TICK) === true;
}

const losses = (from: number) => ({
  values: [
    {
      name: "loss",
      columns: { loss: "double" },
      value: Array.from({ length: POST }, (_, i) => ({
        metricId: crypto.randomUUID(),
        createdUtc: new Date(Date.UTC(2026, 0, 1) + (from + i) * 10).toISOString(),
        step: from + i,
        data: { loss: Math.exp(-(from + i) / 2e5) + 0.1 * Math.random() },
      })),
      properties: { uxMetricType: "azureml.v1.scalar" },
    },
  ],
  reportErrors: true,
});
