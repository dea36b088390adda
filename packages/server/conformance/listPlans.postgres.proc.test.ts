// The lists of runs among 100,000 on PostgreSQL: a page must read little more than it shows, whatever the planner thinks.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Field, Filter, RunsAsk, Scope } from "@malachite/core";
import type { CompiledQuery } from "kysely";
import { parseAddress } from "../src/adapters/records/postgres/address.ts";
import { openPostgresRecords } from "../src/adapters/records/postgres/postgresRecords.ts";
import { Session } from "../src/adapters/records/postgres/session.ts";
import type { Executor } from "../src/adapters/records/shared/executor.ts";
import { listRuns } from "../src/adapters/records/shared/listRuns.ts";
import { runTable } from "../src/adapters/records/shared/runTable.ts";
import { fillPostgres } from "./fillPostgres.ts";
import { type PostgresUnderTest, startPostgres, withoutPostgres } from "./postgresServer.ts";

const RUNS = 100_000;
/** Rows that the database touches for a page of 50, its counts of what is rare included. */
const MOST_ROWS = 16_000;

type Plan = {
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Plan[];
};

/** What the scans at the ends of a plan have read. */
const rowsOf = (plan: Plan): number =>
  plan.Plans && plan.Plans.length > 0
    ? plan.Plans.reduce((sum, part) => sum + rowsOf(part), 0)
    : (plan["Actual Rows"] + (plan["Rows Removed by Filter"] ?? 0)) * plan["Actual Loops"];

describe("lists of runs on PostgreSQL", { skip: withoutPostgres() ?? false }, () => {
  let server: PostgresUnderTest;
  let session: Session;
  let scope: Scope;
  before(async () => {
    server = await startPostgres();
    const url = server.freshUrl();
    const records = await openPostgresRecords({ url });
    scope = await fillPostgres(records, url, RUNS);
    await records.close();
    session = await Session.open(parseAddress(url), "read", 120_000);
  });
  after(async () => {
    await session?.close();
    await server[Symbol.asyncDispose]();
  });

  /** Runs the work and tells how many rows its statements have read. */
  async function rowsRead(work: (db: Executor) => Promise<unknown>): Promise<number> {
    let rows = 0;
    const counting: Executor = {
      build: session.build,
      dialect: session.dialect,
      lists: (query) => session.lists(query),
      scan: (query, columns, take) => session.scan(query, columns, take),
      each: (text, parameters) => session.each(text, parameters),
      async all<T>(query: CompiledQuery<T>) {
        const explain = { ...query, sql: `explain (analyze, timing off, format json) ${query.sql}` };
        const [told] = await session.all(explain as CompiledQuery<{ "QUERY PLAN": string }>);
        // The plan repeats what stands for NUL, which is read as such.
        const [{ Plan }] = JSON.parse((told?.["QUERY PLAN"] ?? "[]").replaceAll("\0", "")) as [
          { Plan: Plan },
        ];
        rows += rowsOf(Plan);
        return session.all(query);
      },
    };
    await work(counting);
    return rows;
  }

  const field = (name: string): Field => ({ of: "field", name });
  const eq = (on: Field, value: string | null): Filter => ({ op: "eq", field: on, literal: { value } });
  const LISTS: Readonly<Record<string, Omit<RunsAsk, "scope" | "limit">>> = {
    "newest first": {},
    "newest of an experiment": { experimentName: "experiment" },
    "of a status": { filter: eq(field("status"), "Failed") },
    "of a status in an experiment": { experimentName: "experiment", filter: eq(field("status"), "Failed") },
    "in order of their start": { order: [{ field: field("starttimeutc"), descending: true }] },
    "below a run": { parentRunId: "r99" },
    "below no run": { filter: eq(field("parentrunid"), null) },
    "of a root": { filter: eq(field("rootrunid"), "r509") },
    "with a rare tag": { filter: eq({ of: "tags", key: "k" }, "rare") },
    "with a tag that all have": { filter: eq({ of: "tags", key: "k" }, "v") },
    "with a metric in a range": {
      experimentName: "experiment",
      filter: { op: "lt", field: { of: "metrics", key: "loss" }, literal: { value: 0.01 } },
    },
  };
  for (const [name, ask] of Object.entries(LISTS))
    it(`${name} read few rows`, async () => {
      const rows = await rowsRead((db) => listRuns(db, { scope, limit: 50, ...ask }));
      assert.ok(rows <= MOST_ROWS, `${rows} rows were read`);
    });

  it("on a later page read few rows", async () => {
    const { next } = await listRuns(session, { scope, limit: 50 });
    assert.ok(next);
    const rows = await rowsRead((db) => listRuns(db, { scope, limit: 50, after: next }));
    assert.ok(rows <= MOST_ROWS, `${rows} rows were read`);
  });

  it("found by a word that all have, or ordered by a metric, read few rows", async () => {
    const order = [{ field: { of: "metrics", key: "loss" } as const, descending: true }];
    for (const ask of [{ search: "train" }, { experimentName: "experiment", order }]) {
      const rows = await rowsRead((db) => runTable(db, { scope, limit: 50, ...ask }));
      // Whether all were looked at is asked once more, of an index.
      assert.ok(rows <= MOST_ROWS, `${rows} rows were read for ${JSON.stringify(ask)}`);
    }
  });
});
