// Runs that waited or were at work when their workspace was exported. Whoever works on them is another service, which may still do so; here
// they are ended, and say why. Runs that others execute go on: whoever executes them tells this service from now on.
import { advance, isTerminal, type Life, REASONS, type RunStatus } from "@malachite/core";
import { sql } from "kysely";
import { touchKept } from "../retention/keptFiles.ts";
import { countMoved } from "../runCounts.ts";
import { lifeColumns, storyColumns } from "../runRows.ts";
import type { RecordsIn } from "./recordsIn.ts";

const AT_ONCE = 500;
const ACTOR = "import";

/** How many runs were ended, and are told on the way. What an ended run's launch has left is its old service's to free. */
export async function endUnfinished(
  into: RecordsIn,
  workspaceNo: number,
  at: number,
  told: (runs: number) => void,
): Promise<number> {
  let ended = 0;
  for (let after = 0; ; ) {
    const found = await into.transact(() => someRuns(into, workspaceNo, after));
    const last = found.at(-1);
    if (last === undefined) return ended;
    after = last.no;
    const unfinished = found.filter(({ life }) => !isTerminal((JSON.parse(life) as Life).status));
    const owing = found.filter((run) => !unfinished.includes(run));
    await into.transact(async () => {
      for (const run of unfinished) await end(into, workspaceNo, run, at);
      for (const { no, life } of owing) await write(into, no, released(JSON.parse(life) as Life));
    });
    ended += unfinished.length;
    told(ended);
  }
}

type Found = {
  readonly no: number;
  readonly life: string;
  readonly experiment_no: number;
  readonly hidden: number;
  readonly version: number;
  readonly container_id: string;
  readonly user_id: string;
};

const someRuns = ({ db }: RecordsIn, workspaceNo: number, after: number): Promise<readonly Found[]> =>
  db.all(
    db.build
      .selectFrom("runs")
      .select(["no", "life", "experiment_no", "hidden", "version", "container_id", "user_id"])
      .where("workspace_no", "=", workspaceNo)
      .where("origin", "=", "hosted")
      .where("no", ">", after)
      .where((eb) =>
        eb.or([
          eb("status", "not in", ["Completed", "Failed", "Canceled"]),
          eb("life", "like", '%"release":"owed"%'),
          eb("life", "like", '%"release":"letGo"%'),
        ]),
      )
      .orderBy("no")
      .limit(AT_ONCE)
      .compile(),
  );

const released = (life: Life): Life => (life.release === undefined ? life : { ...life, release: "paid" });

async function end({ db }: RecordsIn, workspaceNo: number, run: Found, at: number): Promise<void> {
  const before = JSON.parse(run.life) as Life;
  const event =
    before.status === "CancelRequested"
      ? ({ name: "stopped" } as const)
      : ({ name: "failed", reason: "Moved", message: REASONS.Moved.text } as const);
  const { life, entry } = advance(before, event, { at, actor: ACTOR });
  await write({ db }, run.no, released(life));
  await db.all(
    db.build
      .updateTable("runs")
      .set({ version: run.version + 1, life_version: run.version + 1, changed_at: Math.trunc(at) })
      .where("no", "=", run.no)
      .compile(),
  );
  const [last] = await db.all(
    db.build
      .selectFrom("run_story")
      .select(sql<number>`coalesce(max(n), 0)`.as("n"))
      .where("run_no", "=", run.no)
      .compile(),
  );
  await db.all(
    db.build
      .insertInto("run_story")
      .values({ run_no: run.no, n: (last?.n ?? 0) + 1, ...storyColumns(entry) })
      .compile(),
  );
  const { container_id: container, user_id: user } = run;
  await touchKept(db, { workspace: workspaceNo, container, user, bytes: 0, due: 0 });
  const place = { workspace: workspaceNo, experiment: run.experiment_no, hidden: run.hidden };
  await countMoved(
    db,
    { ...place, status: before.status },
    { status: life.status as RunStatus },
    Math.trunc(at),
  );
}

/** Without the plan, which has a place of its own and stays. */
async function write({ db }: Pick<RecordsIn, "db">, no: number, life: Life): Promise<void> {
  await db.all(db.build.updateTable("runs").set(lifeColumns(life)).where("no", "=", no).compile());
}
