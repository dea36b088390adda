// In whose hands a run is that somebody has to go on with, and why its last try was refused.
import { type Hands, type Run, workspaceKey } from "@malachite/core";
import type { Executor } from "./executor.ts";
import { statement } from "./statement.ts";

const handsOf = statement<{ key: string; id: string }>()((q, p) =>
  q
    .selectFrom("run_work as k")
    .innerJoin("runs as r", "r.no", "k.run_no")
    .innerJoin("workspaces as w", "w.no", "r.workspace_no")
    .select([
      "k.machine",
      "k.lease_token",
      "k.lease_until",
      "k.refusal",
      "k.refusal_version",
      "r.life_version",
    ])
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.id)
    .where("k.stage", "in", ["claimed", "working", "owed"]),
);

/** See `RunStore.hands`. */
export async function hands(
  db: Executor,
  { scope, id }: Pick<Run, "scope" | "id">,
  at: number,
): Promise<Hands | undefined> {
  const [row] = await handsOf(db, { key: workspaceKey(scope), id });
  if (row === undefined) return undefined;
  const until = row.lease_until;
  const isHeld = row.lease_token !== null && (until === null || until > at);
  // What was refused to an earlier step says nothing of the one that it is at now.
  const refusal = row.refusal_version === row.life_version ? row.refusal : null;
  return {
    isHeld,
    ...(row.machine === null ? {} : { machine: row.machine }),
    ...(isHeld || until === null ? {} : { since: until }),
    ...(refusal === null ? {} : { refusal }),
  };
}

const writeRefusal = statement<{ token: string; reason: string }>()((q, p) =>
  q
    .updateTable("run_work")
    .set((eb) => ({
      refusal: p.reason,
      refusal_version: eb
        .selectFrom("runs")
        .select("life_version")
        .whereRef("runs.no", "=", "run_work.run_no"),
    }))
    .where("lease_token", "=", p.token),
);

/** See `RunStore.noteRefusal`. */
export const noteRefusal = async (db: Executor, token: string, reason: string): Promise<void> => {
  await writeRefusal(db, { token, reason });
};
