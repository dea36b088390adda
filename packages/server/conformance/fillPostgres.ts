// Very many runs in a PostgreSQL schema, quicker than one by one: copies of one run that the service made itself.
import { parseAddress } from "../src/adapters/records/postgres/address.ts";
import type { PostgresRecords } from "../src/adapters/records/postgres/postgresRecords.ts";
import { Session } from "../src/adapters/records/postgres/session.ts";
import { create, freshScope, newRun } from "./recordsUnderTest.ts";

/**
 * In one experiment: every thousandth has failed, every tenth is a child of the one before it, every five-hundredth has a tag that is
 * rare. Each has a metric.
 */
export async function fillPostgres(records: PostgresRecords, url: string, runs: number) {
  const scope = freshScope();
  const about = { tags: { k: "v" }, properties: {}, warnings: [] };
  await create(records.runs, newRun(scope, "seed", { about }));
  const session = await Session.open(parseAddress(url), "write", 600_000);
  await session.simple(`
    insert into runs (workspace_no, experiment_no, number, id, origin, parent_id, root_id, created_at, created_by, user_id,
      tenant_id, target, pool, container_id, version, life_version, changed_at, change_no, status, started_at, hidden,
      display_name, script_name, life, about)
      select workspace_no, experiment_no, 1 + g, 'r' || g, origin, case when g % 10 = 0 then 'r' || (g - 1) end,
        'r' || (g - case when g % 10 = 0 then 1 else 0 end), created_at + g * 10, created_by, user_id, tenant_id, target, pool,
        container_id, 1, 1, created_at + g * 10, change_no + g, case when g % 1000 = 0 then 'Failed' else 'Completed' end,
        created_at + g * 10 + 5, 0, 'run ' || g, 'train.py', life, about
      from runs, generate_series(1, ${runs}) as g where id = 'seed';
    insert into run_bodies (run_no) select no from runs where id <> 'seed';
    insert into run_labels select workspace_no, 'tags', 'k', case when number % 500 = 0 then 'rare' else 'v' end, created_at, no
      from runs where id <> 'seed';
    insert into run_texts select workspace_no, created_at, no, experiment_no, id || ' run train.py ada' from runs where id <> 'seed';
    insert into run_counts select workspace_no, experiment_no, status, hidden, count(*), max(changed_at) from runs
      where id <> 'seed' group by 1, 2, 3, 4;
    update experiments set last_number = ${runs} + 1;
    insert into metrics (run_no, namespace, name, columns, points, last_seq, data_bytes, lowest_step, highest_step, first_at,
      last_at, has_latest, latest_value, latest_step, latest_at, experiment_no, latest_order)
      select no, '', 'loss', '{"loss":"double"}', 1, 1, 0, 0, 0, 1, 1, 1, (no % 1000) / 1000.0, 0, 1, experiment_no,
        (no % 1000) / 1000.0 from runs;
    analyze`);
  await session.close();
  return scope;
}
