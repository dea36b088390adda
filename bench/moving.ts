// A workspace of very many runs on its way out of a data folder and into another one, and into PostgreSQL where that can be started. Each run
// has a definition, eight events, five labels and a metric of five points. `npm run bench -- moving [RUNS]`.
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { exportWorkspace, importWorkspace, readSettings } from "@malachite/server";
import { startPostgres, withoutPostgres } from "../packages/server/conformance/postgresServer.ts";
import { openSqliteRecords } from "../packages/server/src/adapters/records/sqlite/sqliteRecords.ts";
import { openDataFolder } from "../packages/server/src/dataFolder.ts";
import { print, timed } from "./figures.ts";

const WORKSPACE = { subscriptionId: "s", resourceGroup: "g", workspace: "w" };

export async function moving([asked = "100000"]: readonly string[]): Promise<void> {
  const runs = Number(asked);
  const home = mkdtempSync(join(tmpdir(), "malachite-bench-moving-"));
  // Threads of the stores keep no process alive by themselves.
  const alive = setInterval(() => {}, 1000);
  const settingsOf = (name: string, database?: string) =>
    readSettings({ data: join(home, name), ...(database === undefined ? {} : { database }) }, {});
  const measured = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const seconds = (await timed(work)) / 1000;
    const memoryMB = process.resourceUsage().maxRSS / 1024;
    print({
      figure: `${what}, ${runs} runs`,
      value: seconds,
      unit: "s",
      perSecond: runs / seconds,
      memoryMB,
    });
  };
  try {
    await fill(settingsOf("from").data, runs);
    const file = join(home, "archive");
    await measured("export from SQLite", () =>
      exportWorkspace({ settings: settingsOf("from"), workspace: WORKSPACE, file }),
    );
    print({ figure: "the archive", value: statSync(file).size / 1e6, unit: "MB" });
    await measured("import into SQLite", () => importWorkspace({ settings: settingsOf("to"), file }));
    const missing = withoutPostgres();
    if (missing !== undefined) return void process.stderr.write(`${missing}\n`);
    await using server = await startPostgres();
    await measured("import into PostgreSQL", () =>
      importWorkspace({ settings: settingsOf("pg", server.freshUrl()), file }),
    );
  } finally {
    clearInterval(alive);
    rmSync(home, { recursive: true });
  }
}

async function fill(data: string, runs: number): Promise<void> {
  mkdirSync(data);
  openDataFolder(data)[Symbol.dispose]();
  await fillRecords(join(data, "records.sqlite"), runs);
}

/** Runs `run_1` to `run_RUNS` of the workspace `s/g/w`, which ended in 2023. */
export async function fillRecords(file: string, runs: number): Promise<void> {
  await (await openSqliteRecords({ file })).close();
  using db = new DatabaseSync(file);
  const words = JSON.stringify({ configuration: { script: "train.py", text: "x".repeat(1_500) } });
  db.exec(`pragma foreign_keys = off; begin;
    create temp table n as with recursive n(i) as (select 1 union all select i + 1 from n where i < ${runs}) select i from n;
    insert into workspaces values (1, 's/g/w', 's', 'g', 'w', 1);
    insert into experiments (no, workspace_no, id, name, created_at, tags, last_number) values (1, 1, 'e', 'e', 1, '{}', ${runs});
    insert into runs (no, workspace_no, experiment_no, number, id, origin, root_id, created_at, created_by, user_id, tenant_id, target,
      container_id, version, life_version, changed_at, status, started_at, hidden, life, about)
      select i, 1, 1, i, 'run_' || i, 'hosted', 'run_' || i, 1700000000000 + i, 'Ada', 'o', 't', 'local', 'dcid.run_' || i, 1, 1, 1, 'Completed', 1,
        0, '{"status":"Completed","attempt":1}', '{"tags":{"k":"v"},"properties":{},"warnings":[]}' from n;
    insert into run_bodies (run_no, definition) select i, '${words}' from n;
    insert into run_texts select 1, 1700000000000 + i, i, 1, 'run_' || i || ' train.py ada' from n;
    insert into run_labels select 1, 'tags', 'k' || k.i, 'v' || n.i, 1700000000000 + n.i, n.i from n, (select i from n limit 5) as k;
    insert into run_story select n.i, k.i, 1700000000000, 'started', 'Running', 'service', null, '{"attempt":1}' from n,
      (select i from n limit 8) as k;
    insert into run_counts values (1, 1, 'Completed', 0, ${runs}, 1);
    insert into metrics (no, run_no, namespace, name, columns, points, last_seq, data_bytes, lowest_step, highest_step, first_at, last_at,
      has_latest, latest_value, latest_step, latest_at, experiment_no, latest_order)
      select i, i, '', 'loss', '{"loss":"double"}', 5, 5, 0, 1, 5, 1, 5, 1, 0.5, 5, 5, 1, 0.5 from n;
    insert into metric_points select n.i, k.i, k.i, k.i, 1, 0.5, null, null from n, (select i from n limit 5) as k;
    commit`);
}
