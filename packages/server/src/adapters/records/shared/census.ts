// Unfinished runs by pool, target and status. Reads the work that is there and none of the history.
import type { CensusRow, RunStatus } from "@malachite/core";
import type { Executor } from "./executor.ts";
import { statement } from "./statement.ts";

const counted = statement<Record<never, never>>()((q) =>
  q
    .selectFrom("run_work")
    .innerJoin("runs", "runs.no", "run_work.run_no")
    .select((eb) => [
      "runs.pool as pool",
      "runs.target as target",
      "runs.status as status",
      eb.fn.countAll<number>().as("runs"),
      eb.fn.min<number>("runs.created_at").as("oldestAt"),
    ])
    .where("run_work.stage", "<>", "letGo")
    .groupBy(["runs.pool", "runs.target", "runs.status"]),
);

/** See `RunStore.census`. */
export const census = async (db: Executor): Promise<readonly CensusRow[]> =>
  (await counted(db, {})).map((row) => ({ ...row, pool: row.pool ?? "", status: row.status as RunStatus }));
