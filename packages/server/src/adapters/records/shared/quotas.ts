// Holds new runs to the quotas of the settings, in the transaction that records them. Counts no further than the quota is.
import {
  keptText,
  MalachiteError,
  type NewRun,
  PLAIN_NEEDS,
  type Quotas,
  quotaText,
  SHARED,
  tooLargeText,
  wantsOf,
} from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { keptRoom } from "./retention/keptRoom.ts";
import { statement } from "./statement.ts";

type Of = { workspace: number; user: string };
const MINUTE_MS = 60_000;

const unfinished = (ofUser: boolean) =>
  statement<Of & { most: number }>()((q, p) => {
    const rows = q
      .selectFrom("run_work")
      .select("run_no")
      .where("workspace_no", "=", p.workspace)
      .where("stage", "not in", ["owed", "letGo"]);
    return (ofUser ? rows.where("user_id", "=", p.user) : rows).limit(p.most);
  });
const recent = (ofUser: boolean) =>
  statement<Of & { since: number; most: number }>()((q, p) => {
    const rows = q
      .selectFrom("runs")
      .select("no")
      .where("workspace_no", "=", p.workspace)
      .where("created_at", ">", p.since)
      .where("origin", "=", sql<"hosted">`'hosted'`);
    return (ofUser ? rows.where("user_id", "=", p.user) : rows).limit(p.most);
  });
const UNFINISHED = { workspace: unfinished(false), user: unfinished(true) };
const RECENT = { workspace: recent(false), user: recent(true) };

/** Throws QuotaExceeded, QuotaTooSmall, KeptBytesExceeded. `isOfWork`: it is below a run that has not ended. */
export async function holdToQuotas(
  db: Executor,
  run: NewRun,
  workspace: number,
  quotas: Quotas,
  isOfWork: () => Promise<boolean>,
): Promise<void> {
  await holdToKept(db, run, workspace, quotas, isOfWork);
  if (run.origin !== "hosted") return;
  const of = { workspace, user: run.createdBy.objectId };
  for (const whose of ["workspace", "user"] as const) {
    const { unfinishedRuns, runsPerMinute } = quotas[whose] ?? {};
    const wants = wantsOf(run.life.needs ?? PLAIN_NEEDS);
    for (const name of SHARED) {
      const most = quotas[whose]?.[name];
      if (most !== undefined && wants[name] > most)
        throw new MalachiteError("QuotaTooSmall", tooLargeText(whose, name, wants[name], most, whoOf(run)));
    }
    if (unfinishedRuns !== undefined) {
      const found = await UNFINISHED[whose](db, { ...of, most: unfinishedRuns });
      if (found.length >= unfinishedRuns) throw exceeded(run, whose, "unfinishedRuns", unfinishedRuns);
    }
    if (runsPerMinute !== undefined) {
      const found = await RECENT[whose](db, { ...of, since: run.createdAt - MINUTE_MS, most: runsPerMinute });
      if (found.length >= runsPerMinute) throw exceeded(run, whose, "runsPerMinute", runsPerMinute);
    }
  }
}

/** Runs that others execute keep files too; those that a run at work makes of itself are part of it, and it loses nothing. */
async function holdToKept(
  db: Executor,
  run: NewRun,
  workspace: number,
  quotas: Quotas,
  isOfWork: () => Promise<boolean>,
): Promise<void> {
  const { name, objectId: id } = run.createdBy;
  const room = await keptRoom(db, { no: workspace, name: run.scope.workspace }, { id, name }, quotas);
  if (room === undefined || room.left > 0) return;
  if (run.origin !== "hosted" && (await isOfWork())) return;
  throw new MalachiteError("KeptBytesExceeded", keptText(room, "no more runs are taken in."));
}

const exceeded = (
  run: NewRun,
  of: keyof Quotas,
  name: "unfinishedRuns" | "runsPerMinute",
  most: number,
): MalachiteError => new MalachiteError("QuotaExceeded", quotaText(of, name, most, whoOf(run)));

const whoOf = (run: NewRun) => ({ workspace: run.scope.workspace, user: run.createdBy.name });
