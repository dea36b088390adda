// How many runs each experiment has of each status, kept up with every change: a count among a million is then a sum of a few rows.
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { statement } from "./statement.ts";

type Place = { workspace: number; experiment: number; status: string; hidden: number; at: number };

const add = statement<Place>()((q, p) =>
  q
    .insertInto("run_counts")
    .values({
      workspace_no: p.workspace,
      experiment_no: p.experiment,
      status: p.status,
      hidden: p.hidden,
      runs: 1,
      changed_at: p.at,
    })
    .onConflict((oc) =>
      oc
        .columns(["workspace_no", "experiment_no", "status", "hidden"])
        .doUpdateSet({ runs: sql<number>`run_counts.runs + 1`, changed_at: p.at }),
    ),
);

const take = statement<Place>()((q, p) =>
  q
    .updateTable("run_counts")
    .set({ runs: sql<number>`runs - 1`, changed_at: p.at })
    .where("workspace_no", "=", p.workspace)
    .where("experiment_no", "=", p.experiment)
    .where("status", "=", p.status)
    .where("hidden", "=", p.hidden),
);

export const countNew = async (db: Executor, place: Place): Promise<void> => {
  await add(db, place);
};

/** The run is gone. */
export const countGone = async (db: Executor, place: Place): Promise<void> => {
  await take(db, place);
};

/** The run has another status, or is hidden or shown now. */
export async function countMoved(
  db: Executor,
  before: Omit<Place, "at">,
  after: Partial<Pick<Place, "status" | "hidden">>,
  at: number,
): Promise<void> {
  const now = { ...before, ...after, at };
  if (now.status === before.status && now.hidden === before.hidden) return;
  await take(db, { ...before, at });
  await add(db, now);
}
