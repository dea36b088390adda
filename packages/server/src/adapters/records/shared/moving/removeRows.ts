// Removes all rows of a workspace that nobody sees, in short transactions.
import { CompiledQuery } from "kysely";
import { NUMBERED } from "./movedTables.ts";
import type { RecordsIn } from "./recordsIn.ts";

const RUNS_AT_ONCE = 200;
const ROWS_AT_ONCE = 1_000;

/** What belongs to runs, before them. */
const OF_RUNS = [
  "run_labels",
  "run_texts",
  "run_bodies",
  "run_story",
  "run_params",
  "run_datasets",
  "run_models",
  "run_files",
];
/** What belongs to others, before them: the table, its column, whose it is. */
const OF_OTHERS = [
  ["environment_labels", "environment_no", "environments"],
  ["environment_versions", "environment_no", "environments"],
  ["model_aliases", "model_no", "models"],
  ["model_versions", "model_no", "models"],
  ["logged_model_metrics", "model_no", "logged_models"],
] as const;
const WITH_WORKSPACE = [
  "environments",
  "models",
  "logged_models",
  "assets",
  "datastores",
  "run_counts",
  "datastore_defaults",
  "removed_runs",
  "kept_files",
  "kept_sums",
  "experiments",
];

/** All tables whose rows go; the test holds them to those that an import fills. */
export const REMOVED: readonly string[] = [
  ...["runs", "metrics", "metric_points", ...OF_RUNS, ...WITH_WORKSPACE],
  ...OF_OTHERS.map(([table]) => table),
];

/** May be repeated. Whole numbers alone go into the statements. */
export async function removeRows(into: RecordsIn, workspaceNo: number): Promise<void> {
  const { db } = into;
  const numbers = async (text: string): Promise<number[]> =>
    (await db.lists(CompiledQuery.raw(text))).map(([no]) => Number(no));
  const run = async (text: string): Promise<void> => {
    await db.each(text, [[]]);
  };
  /** Until there are none left. */
  const inTurns = async (select: string, remove: (list: string) => Promise<void>): Promise<void> => {
    for (let more = true; more; )
      more = await into.transact(async () => {
        const found = await numbers(select);
        if (found.length > 0) await remove(found.join(", "));
        return found.length > 0;
      });
  };
  const mine = `workspace_no = ${workspaceNo}`;
  await inTurns(`select no from runs where ${mine} limit ${RUNS_AT_ONCE}`, async (list) => {
    const metrics = (await numbers(`select no from metrics where run_no in (${list})`)).join(", ");
    if (metrics !== "") {
      await run(`delete from metric_points where metric_no in (${metrics})`);
      await run(`delete from metrics where no in (${metrics})`);
    }
    for (const table of OF_RUNS) await run(`delete from ${table} where run_no in (${list})`);
    await run(`delete from runs where no in (${list})`);
  });
  for (const [table, column, parent] of OF_OTHERS)
    await into.transact(() =>
      run(`delete from ${table} where ${column} in (select no from ${parent} where ${mine})`),
    );
  for (const table of WITH_WORKSPACE) {
    if ((NUMBERED as readonly string[]).includes(table))
      await inTurns(`select no from ${table} where ${mine} limit ${ROWS_AT_ONCE}`, (list) =>
        run(`delete from ${table} where no in (${list})`),
      );
    else await into.transact(() => run(`delete from ${table} where ${mine}`));
  }
}
