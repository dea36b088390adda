// What a search of runs looks into: one short text a run, in lower case and in the order of the newest-first list, so that looking at
// all of a million is a walk over a small table.
import type { About } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Executor } from "./executor.ts";
import { statement } from "./statement.ts";

/** A text longer than this is cut: its end is not found. */
const LONGEST = 4_000;
/** More words than these have no say. */
const MOST_WORDS = 8;
/** So many of the newest runs are looked at for words that few have. */
export const MOST_SEARCHED = 2_000_000;
/** So many experiments are taken by their names; more say nothing that a filter would not say better. */
const MOST_EXPERIMENTS = 1_000;

type Key = { workspace: number; at: number; run: number };

const insert = statement<Key & { experiment: number; words: string }>()((q, p) =>
  q.insertInto("run_texts").values({
    workspace_no: p.workspace,
    created_at: p.at,
    run_no: p.run,
    experiment_no: p.experiment,
    words: p.words,
  }),
);
const update = statement<Key & { words: string }>()((q, p) =>
  q
    .updateTable("run_texts")
    .set({ words: p.words })
    .where("workspace_no", "=", p.workspace)
    .where("created_at", "=", p.at)
    .where("run_no", "=", p.run),
);

export function wordsOf(id: string, by: string, { name, displayName, scriptName, tags }: About): string {
  const labels = Object.entries(tags).map(([key, value]) => `${key}=${value ?? ""}`);
  const parts = [id, name ?? "", displayName ?? "", scriptName ?? "", by, ...labels];
  return parts.join("\n").toLowerCase().slice(0, LONGEST);
}

export const addText = async (
  db: Executor,
  text: Key & { readonly experiment: number; readonly words: string },
): Promise<void> => {
  await insert(db, text);
};

export async function changeText(db: Executor, key: Key, before: string, after: string): Promise<void> {
  if (before !== after) await update(db, { ...key, words: after });
}

/** A search: all words that it has. Undefined for one without any. */
export type Search = {
  /** Holds for rows of `run_texts as t`. */
  readonly holds: RawBuilder<SqlBool>;
};

/** Each word is looked for in the text of a run, and in the name of its experiment. */
export async function searchOf(
  db: Executor,
  workspace: number,
  text: string | undefined,
): Promise<Search | undefined> {
  const words = [...new Set((text ?? "").toLowerCase().split(/\s+/))].filter((word) => word !== "");
  const tests: RawBuilder<SqlBool>[] = [];
  for (const word of words.slice(0, MOST_WORDS)) {
    const named = await experimentsNamed(db, workspace, word);
    const inText = db.dialect.test("contains", sql.ref<string>("t.words"), word);
    tests.push(
      named.length === 0 ? inText : sql<SqlBool>`(${inText} or t.experiment_no in (${sql.join(named)}))`,
    );
  }
  return tests.length === 0 ? undefined : { holds: sql<SqlBool>`${sql.join(tests, sql` and `)}` };
}

async function experimentsNamed(db: Executor, workspace: number, word: string): Promise<readonly number[]> {
  const name = sql<string>`lower(e.name)`;
  const query = sql<{ no: number }>`select e.no from experiments as e
    where e.workspace_no = ${workspace} and ${db.dialect.test("contains", name, word)} limit ${MOST_EXPERIMENTS}`;
  return (await db.all(query.compile(db.build))).map(({ no }) => no);
}

/** The newest runs that a search finds, at most `limit`; and whether all runs were looked at that had to be. */
export async function newestFound(
  db: Executor,
  range: { readonly workspace: number; readonly experiment?: number },
  { holds }: Search,
  limit: number,
  most = MOST_SEARCHED,
): Promise<{ readonly numbers: readonly number[]; readonly isExact: boolean }> {
  const inExperiment =
    range.experiment === undefined ? sql`` : sql` and t.experiment_no = ${range.experiment}`;
  const query = sql<{ no: number }>`select t.run_no as no from (
      select * from run_texts where workspace_no = ${range.workspace} order by created_at desc, run_no desc limit ${most}
    ) as t where ${holds}${inExperiment} limit ${limit}`;
  const numbers = (await db.all(query.compile(db.build))).map(({ no }) => no);
  if (numbers.length >= limit) return { numbers, isExact: true };
  const beyond = sql<{
    no: number;
  }>`select run_no as no from run_texts where workspace_no = ${range.workspace}
    order by created_at desc, run_no desc limit 1 offset ${most}`;
  return { numbers, isExact: (await db.all(beyond.compile(db.build))).length === 0 };
}

/** The search as a condition on `runs as r`. */
export const isFound = ({ holds }: Search): RawBuilder<SqlBool> =>
  // Not as `exists`, which a planner may turn into a join that reads all runs: there is at most one.
  sql<SqlBool>`(select 1 from run_texts as t where t.workspace_no = r.workspace_no
    and t.created_at = r.created_at and t.run_no = r.no and ${holds}) = 1`;
