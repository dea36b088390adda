// A million runs in a records file, for figures of what is read among them.
import { DatabaseSync } from "node:sqlite";

export const EXPERIMENTS = 20;
/** When the first of them was made. */
export const BEGIN = 1_700_000_000_000;

/**
 * Copies the first run until there are so many, in the first experiments; far quicker than asking for each, and the same rows. The
 * service must not run. `waiting` puts all of them into a line of their own.
 */
export function fillRuns(file: string, count: number, { waiting }: { readonly waiting: boolean }): void {
  const db = new DatabaseSync(file);
  const columns = (table: string) =>
    db
      .prepare(`select name from pragma_table_info('${table}')`)
      .all()
      .map(({ name }) => String(name));
  const copied = (table: string, changed: Readonly<Record<string, string>>) =>
    columns(table)
      .map((name) => changed[name] ?? `t.${name}`)
      .join(", ");
  db.exec("pragma synchronous = off; begin");
  const first = Number(db.prepare("select max(no) + 1 as first from runs").get()?.first);
  const numbers = `with recursive s (i) as (select ${first} union all select i + 1 from s where i < ${count})`;
  const runs = copied("runs", {
    no: "s.i",
    experiment_no: `1 + s.i % ${EXPERIMENTS}`,
    number: "s.i",
    id: "'run_' || s.i",
    created_at: `${BEGIN} + s.i`,
    change_no: "s.i",
    status: "case when s.i % 100 = 0 then 'Running' when s.i % 20 = 1 then 'Failed' else 'Completed' end",
    started_at: `${BEGIN} + s.i * 7919 % ${count}`,
    parent_id: "case when s.i % 10 = 3 then 'run_' || (s.i / 500 * 500) end",
    root_id: "case when s.i % 10 = 3 then 'run_' || (s.i / 500 * 500) else 'run_' || s.i end",
  });
  db.exec(`${numbers} insert into runs select ${runs} from s cross join runs as t where t.no = 1`);
  db.exec(
    `${numbers} insert into run_bodies select ${copied("run_bodies", { run_no: "s.i" })} from s cross join run_bodies as t where t.run_no = 1`,
  );
  // All of them wait in a line of their own, every other one for a GPU, in five priorities.
  if (waiting)
    db.exec(
      `${numbers} insert into run_work (run_no, pool, stage, priority, gpus, wants_gpus)
     select s.i, 'million', 'waiting', s.i % 5, s.i % 2, s.i % 2 from s`,
    );
  const label = (kind: string, key: string, value: string, when = "true") =>
    db.exec(
      `${numbers} insert into run_labels select 1, '${kind}', '${key}', ${value}, ${BEGIN} + s.i, s.i from s where ${when}`,
    );
  label("tags", "kind", "case when s.i % 2 then 'train' else 'test' end");
  label("tags", "rare", "'yes'", `s.i % ${Math.trunc(count / 50)} = 7`);
  label("properties", "azureml.runsource", "'azureml.scriptrun'");
  db.exec(`update experiments set last_number = ${Math.trunc(count / EXPERIMENTS)}`);
  // The labels above are the index; what is shown and compared is in the run itself.
  db.exec(
    `update runs set about = json_set(about, '$.tags.kind', case when no % 2 then 'train' else 'test' end) where no >= ${first}`,
  );
  db.exec(
    `update runs set about = json_set(about, '$.tags.rare', 'yes') where no >= ${first} and no % ${Math.trunc(count / 50)} = 7`,
  );
  db.exec(
    `insert into run_texts select workspace_no, created_at, no, experiment_no,
       id || '\n\ntrain\ntrain.py\nada\nkind=train' || case when no % ${Math.trunc(count / 50)} = 7 then '\nrare=yes' else '' end
     from runs where no >= ${first}`,
  );
  db.exec(
    `delete from run_counts; insert into run_counts select workspace_no, experiment_no, status, hidden, count(*), max(changed_at)
     from runs group by workspace_no, experiment_no, status, hidden`,
  );
  db.exec("commit");
  db.close();
}
