// The run records: durable creates, point reads, and lists of 100 among a million runs by every index.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type NewRun,
  parseFilter,
  parseOrder,
  RUN_FIELDS,
  RUN_TABLE_FIELDS,
  type Scope,
} from "@malachite/core";
import {
  openSqliteRecords,
  type SqliteRecords,
} from "../packages/server/src/adapters/records/sqlite/sqliteRecords.ts";
import { median, print, quantile, timed } from "./figures.ts";
import { BEGIN, EXPERIMENTS, fillRuns } from "./manyRuns.ts";

const SCOPE: Scope = {
  subscriptionId: "5f1b0c6e-0000-4000-8000-000000000000",
  resourceGroup: "bench",
  workspace: "bench",
};

const newRun = (i: number): NewRun => ({
  scope: SCOPE,
  id: `train_${BEGIN + i}_0a1b2c3d`,
  experimentName: `experiment-${i % EXPERIMENTS}`,
  origin: "hosted",
  fingerprint: "0".repeat(64),
  createdAt: BEGIN + i,
  createdBy: { name: "Ada", objectId: "object", tenantId: "tenant" },
  target: "local",
  pool: "local",
  definition: { configuration: { script: "train.py", arguments: ["--rate", "0.1"], target: "local" } },
  sent: { configuration: { script: "train.py", arguments: ["--rate", "0.1"], target: "local" } },
  snapshotId: "0".repeat(36),
  dataContainerId: `dcid.train_${BEGIN + i}`,
  life: { status: "NotStarted", attempt: 0 },
  about: {
    displayName: "train",
    runType: "azureml.scriptrun",
    scriptName: "train.py",
    tags: { kind: "train" },
    properties: { "azureml.runsource": "azureml.scriptrun", ContentSnapshotId: "0".repeat(36) },
    warnings: [],
  },
});

/** Prints the figures. `many` is how many runs the lists are taken from. */
export async function records(many = 1_000_000): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  const file = join(folder, "records.sqlite");
  try {
    const fresh = await openSqliteRecords({ file });
    await creates(fresh, 10_000);
    await reads(fresh);
    await fresh.close();
    fillRuns(file, many, { waiting: true });
    const full = await openSqliteRecords({ file });
    await lists(full, many);
    await tables(full, many);
    await claims(full, many);
    await full.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function creates(records: SqliteRecords, count: number): Promise<void> {
  const submit = (i: number) =>
    records.runs.create(newRun(i), { at: BEGIN + i, event: "submitted", status: "NotStarted", actor: "Ada" });
  for (let i = 0; i < EXPERIMENTS; i += 1) await submit(i);
  const each: number[] = [];
  const left = Array.from({ length: count }, (_, i) => i + EXPERIMENTS).values();
  const ms = await timed(() =>
    Promise.all(
      Array.from({ length: 32 }, async () => {
        for (const i of left) each.push(await timed(() => submit(i)));
      }),
    ),
  );
  print({
    figure: "records: durable creates",
    value: count / (ms / 1000),
    unit: "runs/s",
    callers: 32,
    p50Ms: median(each),
    p99Ms: quantile(each, 0.99),
  });
  const alone = await many(200, (i) => submit(count + EXPERIMENTS + i));
  print({ figure: "records: durable create, one caller", value: median(alone), unit: "ms" });
}

async function reads(records: SqliteRecords): Promise<void> {
  const gets = await many(2_000, (i) => records.runs.get(SCOPE, newRun(i).id));
  print({ figure: "records: get", value: median(gets), unit: "ms", p99Ms: quantile(gets, 0.99) });
  const run = await records.runs.get(SCOPE, newRun(9_000).id);
  if (!run) throw new Error("The run is not there.");
  const waiting = await records.runs.waiting("local");
  const ahead = await many(500, () => records.runs.standing(run, { places: 2 }));
  print({
    figure: `records: place in a line of ${waiting}`,
    value: median(ahead),
    unit: "ms",
    p99Ms: quantile(ahead, 0.99),
  });
}

/** What a table of all the runs asks: pages anywhere, searches, counts, and the runs that changed. */
async function tables({ tables: of }: SqliteRecords, count: number): Promise<void> {
  const table = (more: { search?: string; filter?: string; order?: string; offset?: number }) => ({
    scope: SCOPE,
    limit: 100,
    ...more,
    filter: parseFilter(more.filter ?? "", RUN_TABLE_FIELDS),
    order: parseOrder(more.order ?? "", RUN_TABLE_FIELDS),
  });
  const cases: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["page 9/10 down", () => of.page(table({ offset: Math.trunc(count * 0.9) }))],
    [
      "page 9/10 down, by status, most",
      () => of.page(table({ offset: Math.trunc(count * 0.8), filter: "status eq Completed" })),
    ],
    ["page 10000 down, by start", () => of.page(table({ offset: 10_000, order: "startTimeUtc desc" }))],
    ["search for a word of all", () => of.page(table({ search: "train" }))],
    ["search for a word of 50", () => of.page(table({ search: "rare=yes" }))],
    ["search for a word of none", () => of.page(table({ search: "nowhere" }))],
    ["search for an id", () => of.page(table({ search: `run_${Math.trunc(count / 2)}` }))],
    ["contains, 1 in 1000", () => of.page(table({ filter: "contains(runId,'999')" }))],
    ["by tag, in order of a tag", () => of.page(table({ filter: "tags/rare eq yes", order: "tags/kind" }))],
    ["count of all", () => of.count({ scope: SCOPE })],
    [
      "count by status and experiment",
      () => of.count(table({ filter: "status in (Failed,Running) and experimentName eq 'experiment-3'" })),
    ],
    ["count by tag, 1 in 2", () => of.count(table({ filter: "tags/kind eq train" }))],
    ["count of a search, 50", () => of.count(table({ search: "rare=yes" }))],
    ["count of a search, all", () => of.count(table({ search: "train" }))],
    [
      "experiments",
      () =>
        of.experiments(SCOPE, {
          order: "lastActivity",
          descending: true,
          view: "All",
          limit: 100,
          offset: 0,
        }),
    ],
    ["newest change", () => of.newestChange(SCOPE)],
    ["200 changes", () => of.changesAfter(SCOPE, count - 300, 200, 2000)],
  ];
  for (const [name, ask] of cases) {
    await ask();
    const ms = await many(10, ask);
    print({
      figure: `tables: among ${count}, ${name}`,
      value: median(ms),
      unit: "ms",
      p99Ms: quantile(ms, 0.99),
    });
  }
}

async function lists(records: SqliteRecords, count: number): Promise<void> {
  const cases: readonly (readonly [
    string,
    { readonly filter?: string; readonly order?: string; readonly in?: string },
  ])[] = [
    ["newest", {}],
    ["newest of an experiment", { in: "experiment-3" }],
    ["by status, 1 in 100", { filter: "status eq Running" }],
    ["by status, most", { filter: "status eq Completed" }],
    ["by two statuses", { filter: "status eq Running or status eq Failed" }],
    ["children of a run", { filter: "parentRunId eq run_500000" }],
    ["without parent", { filter: "parentRunId eq null" }],
    ["by tag, 1 in 2", { filter: "tags/kind eq train" }],
    ["by tag, 50 in all", { filter: "tags/rare eq yes" }],
    [
      "by tag and status in an experiment",
      { in: "experiment-3", filter: "tags/kind eq train and status eq Completed" },
    ],
    ["by property", { filter: "properties/azureml.runsource eq azureml.scriptrun" }],
    ["by start", { order: "startTimeUtc desc" }],
    [
      "without parent in an experiment, by start",
      { in: "experiment-3", filter: "parentRunId eq null", order: "startTimeUtc desc" },
    ],
    ["50 by tag, by start", { filter: "tags/rare eq yes", order: "startTimeUtc desc" }],
  ];
  for (const [name, { filter = "", order = "", in: experimentName }] of cases) {
    const ask = {
      scope: SCOPE,
      experimentName,
      filter: parseFilter(filter, RUN_FIELDS),
      order: parseOrder(order, RUN_FIELDS),
      limit: 100,
    };
    const first = await records.runs.list(ask);
    let after = first.next;
    for (let i = 0; i < 20 && after !== undefined; i += 1)
      after = (await records.runs.list({ ...ask, after })).next;
    const ms = await many(50, () => records.runs.list(ask));
    const deep =
      after === undefined ? undefined : median(await many(20, () => records.runs.list({ ...ask, after })));
    print({
      figure: `records: 100 among ${count}, ${name}`,
      value: median(ms),
      unit: "ms",
      p99Ms: quantile(ms, 0.99),
      rows: first.values.length,
      ...(deep === undefined ? {} : { page20Ms: deep }),
      aim: "at most 10 ms",
    });
  }
}

/** One run a claim, first with GPUs for all, then with every GPU taken and half of the line waiting for one. */
async function claims({ runs }: SqliteRecords, count: number): Promise<void> {
  for (const [name, free] of [
    ["and GPUs free", 200],
    ["no GPU free", 0],
  ] as const) {
    const begun = (await runs.holding("million")).length;
    const held = (await runs.holding("million")).flatMap(({ gpus }) => gpus);
    const gpus = [
      ...held,
      ...Array.from({ length: Math.max(free, held.length ? 0 : 1) }, (_, i) => 10_000 + i),
    ];
    const ms = await many(100, async (i) => {
      const capacity = { places: begun + i + 1, gpus };
      const claimed = await runs.claimQueued({
        pool: "million",
        capacity,
        owner: "bench",
        at: BEGIN,
        until: BEGIN,
      });
      if (claimed.length !== 1) throw new Error(`${claimed.length} runs were claimed.`);
    });
    print({
      figure: `records: claim of one among ${count} waiting, ${name}`,
      value: median(ms),
      unit: "ms",
      p99Ms: quantile(ms, 0.99),
    });
  }
  const capacity = { places: 1, gpus: [] };
  const [middle] = (
    await runs.list({
      scope: SCOPE,
      limit: 1,
      filter: parseFilter(`runId eq run_${Math.trunc(count / 2)}`, RUN_FIELDS),
    })
  ).values;
  if (!middle) throw new Error("The run is not there.");
  const why = await many(10, () => runs.standing(middle, capacity));
  print({ figure: `records: why, in the middle of ${count} waiting`, value: median(why), unit: "ms" });
}

async function many(times: number, act: (i: number) => Promise<unknown>): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let i = 0; i < times; i += 1) taken.push(await timed(() => act(i)));
  return taken;
}
