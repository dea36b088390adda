// What the service holds in memory at rest and with 10,000 waiting runs, and how long it takes to start again with live records.
import { readFileSync } from "node:fs";
import { definitionOf, ended, experiment, submit } from "../e2e/support/runs.ts";
import { Service } from "../e2e/support/service.ts";
import { print, timed } from "./figures.ts";
import { manyAtOnce } from "./manyAtOnce.ts";

const AT_REST_MS = 20_000;

const residentMb = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

export async function memory(waiting = 10_000, live = 1000): Promise<void> {
  await using service = await Service.start({ flags: ["--runs-at-once", "1", "--grace-seconds", "1"] });
  // At rest is some seconds after the last work: what the start itself took has been given back by then.
  await new Promise((resolve) => setTimeout(resolve, AT_REST_MS));
  print({ figure: "memory at rest", value: residentMb(service.pid), unit: "MB", aim: "at most 120 MB" });
  const { properties } = await ended(
    service,
    await submit(service, {
      files: { "main.py": "import time\ntime.sleep(3600)\n", "quick.py": "print(1)\n" },
      configuration: { script: "quick.py" },
    }),
  );
  const definition = definitionOf({ snapshotId: properties.ContentSnapshotId });
  const post = () =>
    service.json<{ runId: string }>("POST", `/execution/v1.0${experiment()}/snapshotrun`, definition);
  const submitMs = await timed(() => manyAtOnce(waiting, 32, post));
  print({ figure: "runs accepted durably", value: waiting / (submitMs / 1000), unit: "runs/s", callers: 32 });
  print({ figure: `memory with ${waiting} waiting runs`, value: residentMb(service.pid), unit: "MB" });
  await service.kill();
  print({
    figure: `start with ${waiting} waiting runs`,
    value: await timed(() => service.start()),
    unit: "ms",
  });
  await service.kill();

  await using busy = await Service.start({ flags: ["--runs-at-once", String(live), "--grace-seconds", "0"] });
  const begun = await ended(
    busy,
    await submit(busy, {
      files: { "main.py": "import time\ntime.sleep(3600)\n", "quick.py": "print(1)\n" },
      configuration: { script: "quick.py" },
    }),
  );
  const sleeping = definitionOf({ snapshotId: begun.properties.ContentSnapshotId });
  const ids: string[] = [];
  await manyAtOnce(live, 16, async () => {
    ids.push(
      (await busy.json<{ runId: string }>("POST", `/execution/v1.0${experiment()}/snapshotrun`, sleeping))
        .runId,
    );
  });
  await busy.kill();
  print({
    figure: `restart with ${live} live records, kill -9 to taking work`,
    value: await timed(() => busy.start()),
    unit: "ms",
    aim: "at most 2000 ms for 10,000",
  });
  await manyAtOnce(ids.length, 32, async (i) => {
    await busy.json("POST", `/execution/v1.0${experiment()}/runId/${ids[i]}/cancel`);
  });
  for (const id of ids) await ended(busy, id, 300_000);
}
