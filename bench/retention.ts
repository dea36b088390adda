// What policies let go among very many runs, with a real service: how long it takes, what it holds in memory, and how soon it answers
// meanwhile. Each run has a definition, eight events, five labels, a metric of five points and a file. `npm run bench -- retention [RUNS DUE]`.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { Service } from "../e2e/support/service.ts";
import { workspaceFolder } from "../packages/server/src/adapters/blobs/folder/index.ts";
import { median, print, quantile, timed } from "./figures.ts";
import { fillRecords } from "./moving.ts";

const SUBSCRIPTION = "5f1b0c6e-0000-4000-8000-000000000000";
const SCOPE = { subscriptionId: SUBSCRIPTION, resourceGroup: "g", workspace: "w" };
const WORKSPACE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w`;
const HISTORY = `/history/v1.0${WORKSPACE}`;
const FILE = Buffer.alloc(1000, "x");
const ASK_EVERY_MS = 50;

type Page = { readonly values: readonly { readonly keptBy?: string }[]; readonly next?: string };

export async function retention([asked = "100000", askedDue = "90000"]: readonly string[]): Promise<void> {
  const [runs, due] = [Number(asked), Number(askedDue)];
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-retention-"));
  // Threads of the stores keep no process alive by themselves.
  const alive = setInterval(() => {}, 1000);
  try {
    const settings = join(folder, "malachite.yaml");
    writeFileSync(settings, "retention:\n  - {keepDays: 30, remove: run}\n");
    await using service = await Service.start({ flags: ["--settings", settings] });
    await service.kill();
    await fill(service.data, runs, due);
    await service.start();
    const young = `run_${runs}`;
    const asks = {
      "one run": () => service.json("GET", `${HISTORY}/runs/${young}`),
      "the newest 100": () => service.json("POST", `/malachite/v1.0${WORKSPACE}/runs:query`, { top: 100 }),
      "a tag, durable": () =>
        service.json("PATCH", `${HISTORY}/experiments/e/runs/${young}`, {
          tags: { at: String(performance.now()) },
        }),
    };
    const answered = async (when: string, until: Promise<unknown>): Promise<void> => {
      const taken: Record<string, number[]> = {};
      const done = { is: false };
      void until.finally(() => {
        done.is = true;
      });
      while (!done.is) {
        for (const [what, ask] of Object.entries(asks)) {
          taken[what] ??= [];
          taken[what].push(await timed(ask));
        }
        await pause(ASK_EVERY_MS);
      }
      for (const [what, ms] of Object.entries(taken))
        print({
          figure: `${what}, ${when}`,
          value: median(ms),
          p95: quantile(ms, 0.95),
          longest: Math.max(...ms),
          unit: "ms",
        });
    };
    await answered("before", pause(5_000));
    print({ figure: "memory at most, before", value: peakMb(service.pid), unit: "MB" });
    const told = await collect(service, true);
    print({
      figure: `a dry run over ${runs} runs, ${told.gone} of them due`,
      value: told.ms / 1000,
      unit: "s",
    });
    const collecting = collect(service, false);
    await answered("while they go", collecting);
    const { gone, ms } = await collecting;
    if (gone !== due) throw new Error(`${gone} runs went, and ${due} were due.`);
    print({
      figure: `${gone} of ${runs} runs gone, with their files`,
      value: ms / 1000,
      unit: "s",
      perSecond: gone / (ms / 1000),
    });
    print({ figure: "memory at most, after", value: peakMb(service.pid), unit: "MB" });
  } finally {
    clearInterval(alive);
    rmSync(folder, { recursive: true });
  }
}

async function fill(data: string, runs: number, due: number): Promise<void> {
  const file = join(data, "records.sqlite");
  for (const end of ["", "-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
  await fillRecords(file, runs);
  using db = new DatabaseSync(file);
  // The service has just had its own turn: what is timed is one collector alone.
  db.exec(`update workspaces set key = '${SUBSCRIPTION}/g/w', subscription_id = '${SUBSCRIPTION}';
    insert into turns (name, owner, held_until, done_at) values ('gc', 'bench', 0, ${Date.now()});
    update runs set ended_at = ${Date.now()} where no > ${due}`);
  const workspace = join(data, "blobs", "artifacts", workspaceFolder(SCOPE));
  for (let i = 1; i <= runs; i += 1) {
    const container = join(workspace, `dcid.run_${i}`);
    mkdirSync(join(container, "outputs"), { recursive: true });
    writeFileSync(join(container, "outputs", "model.bin"), FILE);
  }
}

/** All pages, as `malachite gc` asks for them. */
async function collect(
  service: Service,
  dryRun: boolean,
): Promise<{ readonly gone: number; readonly ms: number }> {
  let gone = 0;
  let after: string | undefined;
  const ms = await timed(async () => {
    do {
      const page: Page = await service.json("POST", "/malachite/v1.0/service/gc", {
        dryRun,
        ...(after === undefined ? {} : { after }),
      });
      gone += page.values.filter(({ keptBy }) => keptBy === undefined).length;
      after = page.next;
    } while (after !== undefined);
  });
  return { gone, ms };
}

/** The most that it ever held. */
const peakMb = (pid: number | undefined): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
