// Lists of runs: every filter and order as matches.ts says, page by page, while runs come and change.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import {
  type Filter,
  isMalachiteError,
  type Order,
  parseFilter,
  parseOrder,
  RUN_FIELDS,
  type Run,
  type RunsAsk,
  type Scope,
} from "@malachite/core";
import fc from "fast-check";
import { byOrder, matches } from "./matches.ts";
import { anyFilter, anyOrder, randomRuns } from "./randomRuns.ts";
import { create, entryOf, freshScope, newRun, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const NEWEST: readonly Order[] = [{ field: { of: "field", name: "createdutc" }, descending: true }];

export function runListsSuite(bench: RecordsBench): void {
  /** All pages of a list. */
  async function pages(ask: Omit<RunsAsk, "limit">, limit: number): Promise<readonly Run[]> {
    const found: Run[] = [];
    let after: string | undefined;
    do {
      const page = await bench.records.runs.list({ ...ask, limit, after });
      assert.ok(page.values.length <= limit);
      assert.ok(page.next === undefined || page.values.length === limit);
      found.push(...page.values);
      after = page.next;
    } while (after !== undefined);
    return found;
  }
  const idsOf = (runs: readonly Run[]) => runs.map(({ id }) => id);
  const filterOf = (text: string): Filter | undefined => parseFilter(text, RUN_FIELDS);

  describe("list by tags", () => {
    it("finds a tag without a value as one that is there and says nothing", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(
        runs,
        newRun(scope, "made", { about: { tags: { k: null, other: "1" }, properties: {}, warnings: [] } }),
      );
      await create(runs, newRun(scope, "later"));
      await runs.describe(scope, "later", { tags: { k: null } }, 2);
      await create(runs, newRun(scope, "without"));
      for (const id of ["made", "later"]) assert.equal((await runs.get(scope, id))?.about.tags.k, null);
      const having = async (text: string) => idsOf(await pages({ scope, filter: filterOf(text) }, 5)).sort();
      assert.deepEqual(await having("Tags/k ne null"), ["later", "made"]);
      assert.deepEqual(await having("Tags/k eq ''"), ["later", "made"]);
      assert.deepEqual(await having("Tags/k ne null and not (Tags/other eq '1')"), ["later"]);
      assert.deepEqual(await having("Tags/k eq null"), ["without"]);
      await runs.describe(scope, "later", { tags: { k: "v" } }, 3);
      assert.deepEqual(await having("Tags/k eq v"), ["later"]);
      await runs.describe(scope, "later", { removeTags: ["k"] }, 4);
      assert.deepEqual(await having("Tags/k ne null"), ["made"]);
    });
  });

  describe("list by status", () => {
    it("shows a run whose heartbeats have stopped as NotResponding, and only while they have", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const heartbeat = { at: 1_000, timeToLiveMs: 500 };
      for (const [id, status, more] of [
        ["silent", "Running", { heartbeat }],
        ["plain", "Running", {}],
        ["ended", "Completed", { heartbeat, endedAt: 1_200 }],
      ] as const) {
        const run = await create(runs, newRun(scope, id, { origin: "external" }));
        await runs.apply(run, withStatus(run, status, more), []);
      }
      const having = async (status: string, at?: number, op: "eq" | "ne" = "eq") => {
        const filter: Filter = { op, field: { of: "field", name: "status" }, literal: { value: status } };
        return idsOf((await runs.list({ scope, limit: 9, filter, at })).values).sort();
      };
      assert.deepEqual(await having("NotResponding", 1_500), []);
      assert.deepEqual(await having("Running", 1_500), ["plain", "silent"]);
      assert.deepEqual(await having("NotResponding", 1_501), ["silent"]);
      assert.deepEqual(await having("Running", 1_501), ["plain"]);
      assert.deepEqual(await having("Completed", 9_999), ["ended"]);
      assert.deepEqual(await having("NotResponding", 9_999, "ne"), ["ended", "plain"]);
      assert.deepEqual(await having("NotResponding"), []);
      const either = filterOf("status eq NotResponding or status eq Completed");
      assert.deepEqual(
        idsOf((await runs.list({ scope, limit: 9, filter: either, at: 2_000 })).values).sort(),
        ["ended", "silent"],
      );
    });
  });

  describe("list of any filter and order", () => {
    const scope: Scope = freshScope();
    let all: readonly Run[] = [];
    before(async () => {
      const { runs } = bench.records;
      const made = await Promise.all(
        randomRuns(scope, 300).map(async ({ run, life }) => {
          const created = await create(runs, run);
          return (life && (await runs.apply(created, life, []))) ?? created;
        }),
      );
      await create(runs, newRun(freshScope(), "elsewhere"));
      all = made;
    });

    it("is what the filter and the order mean", async () => {
      const place = new Map(all.map((run, i) => [run.id, i]));
      const placeOf = (run: Run) => place.get(run.id) ?? -1;
      await fc.assert(
        fc.asyncProperty(
          anyFilter(all),
          anyOrder(),
          fc.integer({ min: 7, max: 400 }),
          fc.boolean(),
          async (filter, order, limit, inOne) => {
            const experimentName = inOne ? "e1" : undefined;
            const within = all
              .filter((run) => !inOne || run.experimentName === "e1")
              .filter((run) => matches(run, filter));
            const sorted = within.toSorted(byOrder(order.length ? order : NEWEST, placeOf));
            const found = await pages({ scope, filter, order, experimentName }, limit);
            assert.deepEqual(idsOf(found), idsOf(sorted));
          },
        ),
        { numRuns: 250 },
      );
    });

    it("shows what a get shows, but for the heavy parts", async () => {
      const [listed] = await pages({ scope }, 1_000);
      assert.ok(listed);
      const whole = await bench.records.runs.get(scope, listed.id);
      assert.ok(whole);
      const {
        definition: _,
        sent: __,
        life: { plan: ___, ...life },
        ...rest
      } = whole;
      assert.deepEqual(listed, { ...rest, life });
    });

    it("is empty for experiments and workspaces that are not there", async () => {
      const { runs } = bench.records;
      assert.deepEqual(await runs.list({ scope: freshScope(), limit: 5 }), { values: [] });
      assert.deepEqual(await runs.list({ scope, experimentName: "nowhere", limit: 5 }), { values: [] });
      assert.deepEqual(await runs.list({ scope, experimentId: "nowhere", limit: 5 }), { values: [] });
      const id = all.find((run) => run.experimentName === "e1")?.experimentId;
      assert.deepEqual(await runs.list({ scope, experimentId: id, experimentName: "e2", limit: 5 }), {
        values: [],
      });
      assert.ok(
        (await runs.list({ scope, experimentId: id, experimentName: "e1", limit: 5 })).values.length > 0,
      );
    });

    it("answers the filters that clients send", async () => {
      const expect = async (text: string) => {
        const filter = filterOf(text) as Filter;
        const found = idsOf(await pages({ scope, filter }, 100));
        assert.deepEqual(new Set(found), new Set(idsOf(all.filter((run) => matches(run, filter)))), text);
        return found.length;
      };
      assert.ok((await expect("(ParentRunId eq null)")) > 0);
      assert.ok((await expect("(Status eq Completed)")) > 0);
      assert.ok((await expect("status eq 'Running' or status eq 'Queued'")) > 0);
      assert.ok((await expect("(Tags/colour ne null or Tags/colour eq null)")) > 0);
      assert.ok(
        (await expect(
          '(RunType eq azureml.scriptrun or Properties/azureml.runsource eq "azureml.scriptrun")',
        )) > 0,
      );
      assert.ok((await expect("(ParentRunId eq null and RootRunId ne r1 and not (Tags/colour eq red))")) > 0);
      assert.ok((await expect(all.map((run) => `RunId eq ${run.id}`).join(" or "))) === all.length);
    });

    it("lists the children of a run", async () => {
      const child = all.find((run) => run.parentRunId);
      assert.ok(child);
      const found = await pages({ scope, parentRunId: child.parentRunId }, 3);
      assert.deepEqual(
        new Set(idsOf(found)),
        new Set(idsOf(all.filter((run) => run.parentRunId === child.parentRunId))),
      );
    });

    it("refuses fields it does not know", async () => {
      const filter: Filter = { op: "eq", field: { of: "field", name: "colour" }, literal: { value: "red" } };
      const refused = (error: unknown) => isMalachiteError(error) && error.code === "BadFilter";
      await assert.rejects(bench.records.runs.list({ scope, filter, limit: 1 }), refused);
      const order = [{ field: { of: "tags", key: "colour" }, descending: false }] as const;
      await assert.rejects(bench.records.runs.list({ scope, order, limit: 1 }), refused);
    });

    it("answers at least one run a page and at most 1,000, whatever the limit", async () => {
      for (const limit of [0, -5, Number.NaN])
        assert.equal((await bench.records.runs.list({ scope, limit })).values.length, 1);
      assert.equal((await bench.records.runs.list({ scope, limit: 1e9 })).values.length, all.length);
    });
  });

  describe("pages", () => {
    const ORDERS = ["", "startTimeUtc desc", "startTimeUtc", "displayName, createdUtc desc"];
    for (const [order, inOne] of ORDERS.flatMap(
      (order) =>
        [
          [order, false],
          [order, true],
        ] as const,
    )) {
      it(`${inOne ? "of an experiment " : ""}ordered by '${order}' miss and repeat nothing while runs arrive and change`, async () => {
        const { runs } = bench.records;
        const scope = freshScope();
        for (let i = 0; i < 40; i += 1) {
          const run = await create(runs, newRun(scope, `old${i}`, { createdAt: 1_000 + (i % 4) }));
          if (i % 3) await runs.apply(run, withStatus(run, "Running", { startedAt: 5_000 + (i % 5) }), []);
        }
        const seen: string[] = [];
        let after: string | undefined;
        let arrived = 0;
        do {
          const within = inOne ? { scope, experimentName: "experiment" } : { scope };
          const page = await runs.list({ ...within, order: parseOrder(order, RUN_FIELDS), limit: 7, after });
          seen.push(...idsOf(page.values));
          after = page.next;
          for (let i = 0; i < 5; i += 1) {
            arrived += 1;
            await create(runs, newRun(scope, `new${arrived}`, { createdAt: 900 + i * 100 }));
          }
          await runs.describe(scope, `old${arrived % 40}`, { tags: { touched: "yes" } }, 1);
        } while (after !== undefined && arrived < 500);
        const old = seen.filter((id) => id.startsWith("old"));
        assert.equal(new Set(seen).size, seen.length);
        assert.equal(old.length, 40);
      });
    }

    it("refuse a token that another list made, or nobody", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      for (let i = 0; i < 5; i += 1) await create(runs, newRun(scope, `r${i}`));
      const { next } = await runs.list({ scope, limit: 2 });
      assert.ok(next);
      const refused = (error: unknown) => isMalachiteError(error) && error.code === "BadContinuationToken";
      const changed = Buffer.from(next, "base64url").toString();
      const asks: readonly Partial<RunsAsk>[] = [
        { filter: filterOf("status eq Running") },
        { order: parseOrder("runId", RUN_FIELDS) },
        { experimentName: "experiment" },
        { scope: freshScope() },
        { parentRunId: "r1" },
        ...["", "x", "W10", Buffer.from("null").toString("base64url"), `${next}A`].map((after) => ({
          after,
        })),
        { after: Buffer.from(changed.replace(/\d+\]$/, '"1"]')).toString("base64url") },
        { after: Buffer.from(changed.replace(/\d+\]$/, "{}]")).toString("base64url") },
        { after: Buffer.from(changed.replace("]", ",1]")).toString("base64url") },
      ];
      for (const ask of asks)
        await assert.rejects(
          runs.list({ scope, limit: 2, after: next, ...ask }),
          refused,
          JSON.stringify(ask),
        );
      assert.equal((await runs.list({ scope, limit: 3, after: next })).values.length, 3);
    });

    it("keep their place when the run they ended with has changed", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      for (let i = 0; i < 6; i += 1) await create(runs, newRun(scope, `r${i}`, { createdAt: 10 + i }));
      const filter = filterOf("status eq NotStarted");
      const first = await runs.list({ scope, filter, limit: 3 });
      for (const run of first.values) await runs.apply(run, withStatus(run, "Running"), [entryOf("started")]);
      const second = await runs.list({ scope, filter, limit: 3, after: first.next });
      assert.deepEqual(idsOf(second.values), ["r2", "r1", "r0"]);
    });
  });
}
