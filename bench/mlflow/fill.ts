// Fills the records of a service that is not running with runs: copies of one that came through its API. Far quicker than asking
// for each, and the same rows.
import { DatabaseSync } from "node:sqlite";

/** So many runs in all, started one after the other, with the values that fill.py gives. */
export function fillRecords(file: string, runId: string, count: number, begin: number): void {
  const db = new DatabaseSync(file);
  const first = db.prepare("select no, experiment_no as experiment from runs where id = ?").get(runId);
  const no = Number(first?.no);
  const metric = Number(db.prepare("select no from metrics where run_no = ?").get(no)?.no);
  const columns = (table: string) =>
    db
      .prepare(`select name from pragma_table_info('${table}')`)
      .all()
      .map(({ name }) => String(name));
  const copy = (table: string, when: string, changed: Readonly<Record<string, string>>) => {
    const chosen = columns(table).map((name) => changed[name] ?? `t.${name}`);
    db.exec(`with recursive s (i) as (select 1 union all select i + 1 from s where i < ${count - 1})
      insert into ${table} select ${chosen.join(", ")} from s cross join ${table} as t where ${when}`);
  };
  const id = "printf('%032x', s.i)";
  const model = "'m' || (s.i % 10)";
  const loss = `(s.i * 7919 % ${count}) / ${count}.0`;
  const own = { run_no: `${no} + s.i`, created_at: `t.created_at + s.i` };
  db.exec("pragma synchronous = off; begin");
  copy("runs", `t.no = ${no}`, {
    no: `${no} + s.i`,
    number: "t.number + s.i",
    id,
    root_id: id,
    container_id: `'dcid.' || ${id}`,
    created_at: own.created_at,
    started_at: `${begin} + s.i`,
    ended_at: `${begin} + s.i + 1`,
    display_name: "'run-' || s.i",
    about: "json_set(t.about, '$.displayName', 'run-' || s.i)",
    life: `json_set(t.life, '$.startedAt', ${begin} + s.i, '$.endedAt', ${begin} + s.i + 1)`,
  });
  for (const table of ["run_bodies", "run_story", "run_work"]) copy(table, `t.run_no = ${no}`, own);
  copy("run_labels", `t.run_no = ${no} and t.kind <> 'params'`, own);
  copy("run_labels", `t.run_no = ${no} and t.kind = 'params'`, { ...own, value: model });
  copy("run_params", `t.run_no = ${no}`, { ...own, value: model });
  copy("metrics", `t.no = ${metric}`, {
    ...own,
    no: `${metric} + s.i`,
    latest_value: loss,
    latest_order: loss,
    latest_at: `${begin} + s.i`,
    first_at: `${begin} + s.i`,
    last_at: `${begin} + s.i`,
  });
  copy("metric_points", `t.metric_no = ${metric}`, {
    metric_no: `${metric} + s.i`,
    value: loss,
    at: `${begin} + s.i`,
  });
  db.exec(`update experiments set last_number = ${count} where no = ${Number(first?.experiment)}; commit`);
  db.close();
}
