// The plans of lists: each of them gives the same answer, and the big lists are read from an index in order.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type Order,
  parseFilter,
  parseOrder,
  RUN_FIELDS,
  type Run,
  type RunsAsk,
  type Scope,
} from "@malachite/core";
import fc from "fast-check";
import { CompiledQuery } from "kysely";
import { byOrder, matches } from "../../../../conformance/matches.ts";
import { anyFilter, anyOrder, randomRuns } from "../../../../conformance/randomRuns.ts";
import { entryOf, freshScope } from "../../../../conformance/recordsUnderTest.ts";
import { applyLife } from "../shared/changeRuns.ts";
import { createRun } from "../shared/createRun.ts";
import type { Executor } from "../shared/executor.ts";
import { FEW, listRuns } from "../shared/listRuns.ts";
import { migrate } from "../shared/migrations/migrate.ts";
import { SqliteDatabase } from "./sqliteDatabase.ts";

const NEWEST: readonly Order[] = [{ field: { of: "field", name: "createdutc" }, descending: true }];

describe("plans of run lists", () => {
  const scope: Scope = freshScope();
  const all: Run[] = [];
  let folder = "";
  let db: SqliteDatabase;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "malachite-plans-"));
    db = new SqliteDatabase(join(folder, "records.sqlite"), "writer");
    await migrate(db, (work) => work(), 1);
    db.exec("begin");
    for (const { run, life } of randomRuns(scope, 200)) {
      const { run: made } = await createRun(db, run, entryOf("submitted"));
      const change = { scope, runId: run.id, version: 1, entries: [], at: 5 };
      all.push((life && (await applyLife(db, { ...change, life }))) ?? made);
    }
    db.exec("commit");
  });
  after(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  const ask = (more: { filter?: string; order?: string; in?: string; limit?: number }): RunsAsk => ({
    scope,
    limit: more.limit ?? 10,
    ...(more.in === undefined ? {} : { experimentName: more.in }),
    filter: parseFilter(more.filter ?? "", RUN_FIELDS),
    order: parseOrder(more.order ?? "", RUN_FIELDS),
  });

  for (const few of [0, 8, FEW]) {
    it(`give the same answer when ${few} runs are few`, async () => {
      const place = new Map(all.map((run, i) => [run.id, i]));
      const newest = fc.boolean().map((descending) => [{ ...(NEWEST[0] as Order), descending }]);
      const order = fc.oneof(newest, anyOrder());
      await fc.assert(
        fc.asyncProperty(
          anyFilter(all),
          order,
          fc.integer({ min: 3, max: 90 }),
          fc.boolean(),
          async (filter, orders, limit, inOne) => {
            const found: string[] = [];
            let next: string | undefined;
            do {
              const experiment = inOne ? { experimentName: "e2" } : {};
              const page = await listRuns(
                db,
                { scope, filter, order: orders, limit, after: next, ...experiment },
                few,
              );
              found.push(...page.values.map(({ id }) => id));
              next = page.next;
            } while (next !== undefined);
            const expected = all
              .filter((run) => (!inOne || run.experimentName === "e2") && matches(run, filter))
              .toSorted(byOrder(orders.length ? orders : NEWEST, (run) => place.get(run.id) ?? -1));
            assert.deepEqual(
              found,
              expected.map(({ id }) => id),
            );
          },
        ),
        { numRuns: 300 },
      );
    });
  }

  /** What SQLite says about how it reads the page: its second to last word when nothing is few. */
  async function planOf(list: RunsAsk): Promise<string> {
    const queries: CompiledQuery[] = [];
    const spy: Executor = {
      build: db.build,
      dialect: db.dialect,
      lists: (query) => db.lists(query),
      scan: (query, columns, take) => db.scan(query, columns, take),
      each: (text, parameters) => db.each(text, parameters),
      all: (query) => {
        queries.push(query);
        return db.all(query);
      },
    };
    const { next } = await listRuns(spy, { ...list, limit: 3 }, 0);
    if (next !== undefined) await listRuns(spy, { ...list, limit: 3, after: next }, 0);
    const last = queries.at(-1) as CompiledQuery;
    const rows = await db.all<{ detail: string }>(
      CompiledQuery.raw(`explain query plan ${last.sql}`, [...last.parameters]),
    );
    return rows.map(({ detail }) => detail).join("\n");
  }

  /** Only the rows of the page itself are sorted again. */
  function assertNoSort(plan: string): void {
    const walk = plan.slice(0, plan.indexOf("SCAN picked"));
    assert.ok(plan.includes("SCAN picked"), plan);
    assert.doesNotMatch(walk, /TEMP B-TREE FOR (?:LAST TERM OF )?ORDER BY/, plan);
    assert.doesNotMatch(plan, /SCAN [rei]\b|AUTOMATIC/, plan);
  }

  const WALKS: readonly (readonly [string, RunsAsk, RegExp])[] = [
    [
      "newest of a workspace",
      ask({}),
      /SEARCH r USING (?:COVERING )?INDEX runs_newest \(workspace_no=\? AND created_at<\?\)/,
    ],
    [
      "oldest of a workspace",
      ask({ order: "createdUtc" }),
      /SEARCH r USING (?:COVERING )?INDEX runs_newest \(workspace_no=\? AND created_at>\?/,
    ],
    [
      "newest of an experiment",
      ask({ in: "e1" }),
      /SEARCH r USING (?:COVERING )?INDEX runs_newest_of_experiment \(experiment_no=\? AND c/,
    ],
    [
      "newest of a workspace that meet something rare",
      ask({ filter: "target eq local" }),
      /INDEX runs_newest \(w/,
    ],
    [
      "by start",
      ask({ order: "startTimeUtc desc" }),
      /SEARCH r USING (?:COVERING )?INDEX runs_by_start \(workspace_no=\? AND started_at</,
    ],
    [
      "by start in an experiment",
      ask({ in: "e1", order: "startTimeUtc desc" }),
      /INDEX runs_by_start_of_experiment \(experiment_no=\? AND s/,
    ],
    [
      "by start, one status",
      ask({ filter: "status eq Completed", order: "startTimeUtc desc" }),
      /INDEX runs_by_start \(/,
    ],
  ];
  for (const [name, list, index] of WALKS) {
    it(`walks an index in order: ${name}`, async () => {
      const plan = await planOf(list);
      assert.match(plan, index);
      assertNoSort(plan);
    });
  }

  const WAYS: readonly (readonly [string, RunsAsk, RegExp])[] = [
    [
      "by status",
      ask({ filter: "status eq Completed" }),
      /i USING COVERING INDEX runs_by_status \(workspace_no=\? AND status=\? AND c/,
    ],
    [
      "by status in an experiment",
      ask({ in: "e1", filter: "status eq Completed" }),
      /COVERING INDEX runs_by_status_of_experiment \(experiment_no=\? AND status=\?/,
    ],
    [
      "by parent",
      ask({ filter: "parentRunId eq r1" }),
      /COVERING INDEX runs_by_parent \(workspace_no=\? AND parent_id=\?/,
    ],
    [
      "by root",
      ask({ filter: "rootRunId eq r1" }),
      /COVERING INDEX runs_by_root \(workspace_no=\? AND root_id=\?/,
    ],
    ["without a parent", ask({ filter: "parentRunId eq null" }), /INDEX runs_on_top \(workspace_no=\? AND c/],
    [
      "without a parent in an experiment",
      ask({ in: "e1", filter: "parentRunId eq null" }),
      /INDEX runs_on_top_of_experiment \(experiment_no=\? AND c/,
    ],
    [
      "by tag",
      ask({ filter: "tags/colour eq red" }),
      /SEARCH l USING PRIMARY KEY \(workspace_no=\? AND kind=\? AND key=\? AND value=\? AND \(c/,
    ],
  ];
  for (const [name, list, index] of WAYS) {
    it(`reads only what it shows: ${name}`, async () => {
      const plan = await planOf(list);
      assert.match(plan, index);
      assertNoSort(plan);
    });
  }

  it("reads an experiment that the filter names by its id as one that the address names", async () => {
    const plan = await planOf(ask({ filter: `experimentId eq ${all[0]?.experimentId}` }));
    assert.match(plan, /COVERING INDEX runs_newest_of_experiment \(experiment_no=\? AND c/);
  });

  it("reads several values side by side", async () => {
    const plan = await planOf(ask({ filter: "status eq Running or status eq Queued" }));
    assert.equal(
      plan.match(/COVERING INDEX runs_by_status \(workspace_no=\? AND status=\?/g)?.length,
      2,
      plan,
    );
  });
});
