// One server with 1,000 running and 10,000 waiting runs: what it holds in memory, how soon a free place is taken, how soon it answers.
// `npm run bench -- scale [RUNNING WAITING]`.
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { definitionOf, ended, experiment, story, submit } from "../e2e/support/runs.ts";
import { Service, until, workspacePath } from "../e2e/support/service.ts";
import { median, print, quantile, timed } from "./figures.ts";
import { manyAtOnce } from "./manyAtOnce.ts";

const ROUNDS = 30;
/** Small, and ends when it is told to. */
const SLEEPS = "import time\ntime.sleep(36000)\n";

const statusOf = (pid: number | undefined) => readFileSync(`/proc/${pid}/status`, "utf8");
const residentMb = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+)/.exec(statusOf(pid))?.[1]) / 1024;
/** Processor time of all its threads, in ms. */
const processorMs = (pid: number | undefined): number => {
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = fields.split(" ").slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
};

export async function scale([running = "1000", waiting = "10000"]: readonly string[]): Promise<void> {
  const [places, line] = [Number(running), Number(waiting)];
  await using service = await Service.start({ flags: ["--runs-at-once", running, "--grace-seconds", "0"] });
  const first = await submit(service, {
    files: { "main.py": SLEEPS, "quick.py": "print(1)\n" },
    configuration: { script: "quick.py" },
  });
  const { properties } = await ended(service, first);
  const definition = definitionOf({ snapshotId: properties.ContentSnapshotId });
  const ids: string[] = [];
  const post = async () => {
    const answer = await service.json<{ runId: string }>(
      "POST",
      `/execution/v1.0${experiment()}/snapshotrun`,
      definition,
    );
    ids.push(answer.runId);
    return answer.runId;
  };
  const begun = performance.now();
  await manyAtOnce(places, 16, post);
  const counted = async () => {
    const path = `/malachite/v1.0${workspacePath}/experiments:query`;
    const page = await service.json<{ value: { byStatus: Record<string, number> }[] }>("POST", path, {});
    return page.value[0];
  };
  await until("all to run", async () => ((await counted())?.byStatus.Running ?? 0) >= places, 900_000);
  const startedMs = performance.now() - begun;
  print({
    figure: `${places} runs submitted and running`,
    value: places / (startedMs / 1000),
    unit: "runs/s",
  });
  print({ figure: `memory with ${places} running runs`, value: residentMb(service.pid), unit: "MB" });
  const acceptMs = await timed(() => manyAtOnce(line, 32, post));
  print({
    figure: "further runs accepted, durable",
    value: line / (acceptMs / 1000),
    unit: "runs/s",
    callers: 32,
  });
  print({
    figure: `memory with ${places} running and ${line} waiting runs`,
    value: residentMb(service.pid),
    unit: "MB",
  });

  const before = processorMs(service.pid);
  const idle = await timed(() => pause(10_000));
  print({
    figure: "processor time while nothing changes",
    value: (processorMs(service.pid) - before) / idle,
    unit: "of a core",
  });

  const asks = {
    "a run is submitted": post,
    "the newest 100 runs": () => service.json("GET", `/history/v1.0${experiment()}/runs?$top=100`),
    "one run": () => service.json("GET", `/history/v1.0${workspacePath}/runs/${ids[places - 1]}`),
    "who works and who waits": () =>
      service.json("GET", `/malachite/v1.0${workspacePath}/targets/local/queue`),
  };
  for (const [what, ask] of Object.entries(asks)) {
    const taken: number[] = [];
    for (let round = 0; round < ROUNDS; round++) taken.push(await timed(ask));
    print({
      figure: `${what}, answered`,
      value: median(taken),
      unit: "ms",
      p95: quantile(taken, 0.95),
      rounds: ROUNDS,
    });
  }

  const decisions: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [ends, next] = [ids[round] ?? "", ids[places + round] ?? ""];
    await service.json("POST", `/execution/v1.0${experiment()}/runId/${ends}/cancel`);
    const told = await until("the next to be claimed", async () =>
      (await story(service, next)).find(({ event }) => event === "claimed"),
    );
    const freed = (await story(service, ends)).find(({ event }) => event === "released") ?? { at: told.at };
    decisions.push(Date.parse(told.at) - Date.parse(freed.at));
  }
  print({
    figure: "a place is free to the next run is taken",
    value: median(decisions),
    unit: "ms",
    p95: quantile(decisions, 0.95),
    rounds: ROUNDS,
  });
  await manyAtOnce(ids.length, 32, async (i) => {
    await service.json("POST", `/execution/v1.0${experiment()}/runId/${ids[ids.length - 1 - i]}/cancel`);
  });
  await until("all to end", async () => ((await counted())?.byStatus.Running ?? 0) === 0, 900_000);
}
