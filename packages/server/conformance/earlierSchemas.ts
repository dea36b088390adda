// Data as each earlier schema held them, as statements that every database takes: what a newer program must be able to open.
import type { Dialect, Executor } from "../src/adapters/records/shared/executor.ts";
import { MIGRATIONS } from "../src/adapters/records/shared/migrations/migrate.ts";

/** Up to which schema data are made: 1, 2, … to the newest. */
export const SCHEMAS: readonly number[] = MIGRATIONS.map(({ number }) => number);

const WORKSPACE = "5f1b0c6e-0000-4000-8000-000000000000";
export const EARLIER_SCOPE = { subscriptionId: WORKSPACE, resourceGroup: "group", workspace: "old" };

const CREATED = 1_700_000_000_000;
const about = (tags: object) =>
  JSON.stringify({ tags, properties: {}, warnings: [], displayName: "An Old Run" });

/** What a program of that schema wrote, table by table as they came. The first run has ended, the second waits, the third is at work. */
const ROWS: Readonly<Record<number, readonly string[]>> = {
  1: [
    `insert into workspaces values (1, '${WORKSPACE}/group/old', '${WORKSPACE}', 'group', 'old', ${CREATED})`,
    `insert into experiments (no, workspace_no, id, name, created_at, tags, last_number, latest_run_id, latest_run_at)
      values (1, 1, 'e1', 'first experiment', ${CREATED}, '{"team":"a"}', 3, 'working', ${CREATED + 2})`,
    ...[
      ["ended", "Completed"],
      ["waiting", "NotStarted"],
      ["working", "Running"],
    ].flatMap(([id, status], i) => [
      `insert into runs (no, workspace_no, experiment_no, number, id, origin, fingerprint, root_id, created_at, created_by,
        user_id, tenant_id, target, pool, container_id, version, life_version, changed_at, status, started_at, hidden,
        display_name, life, about)
        values (${i + 1}, 1, 1, ${i + 1}, '${id}', 'hosted', 'f', '${id}', ${CREATED + i}, 'Ada', 'o', 't', 'local', 'local',
        'dcid.${id}', 1, 1, ${CREATED + i}, '${status}', -8640000000000001, 0, 'An Old Run',
        '{"status":"${status}","attempt":0}', '${about({ size: String(i) })}')`,
      `insert into run_bodies (run_no, definition) values (${i + 1}, '{"n":${i}${id === "waiting" ? ',"data":"dcid.ended/x"' : ""}}')`,
      `insert into run_labels values (1, 'tags', 'size', '${i}', ${CREATED + i}, ${i + 1})`,
      `insert into run_story values (${i + 1}, 1, ${CREATED + i}, 'submitted', 'NotStarted', 'Ada', null, null)`,
    ]),
    "insert into run_work (run_no, pool, stage) values (2, 'local', 'waiting')",
    "insert into run_work (run_no, pool, stage, lease_token, lease_owner, lease_until) values (3, 'local', 'working', 't', 'o', 1)",
  ],
  2: [
    `insert into models values (1, 1, 'net', ${CREATED}, ${CREATED}, 1, 1, null, '{}')`,
    `insert into model_versions values (1, 1, 1, 1, ${CREATED}, ${CREATED}, 1, null, 'None', null, 'ended', null, '{}', '{}', '{}', '{"more":{}}')`,
    "insert into model_aliases values (1, 'best', 1)",
  ],
  3: [
    "insert into environments values (1, 1, 'env', 1, 1)",
    `insert into environment_versions values (1, 1, '1', ${CREATED}, 'f', '{"name":"env"}')`,
    "insert into environment_labels values (1, 'prod', 1)",
  ],
  4: [
    `insert into metrics (no, run_no, namespace, name, columns, points, last_seq, data_bytes, lowest_step, highest_step,
      first_at, last_at, has_latest, latest_value, latest_step, latest_at)
      values (1, 1, '', 'loss', '{"loss":"double"}', 2, 2, 0, 0, 1, 1.5, 2.5, 1, 0.25, 1, 2.5)`,
    "insert into metric_points values (1, 1.5, 0, 1, 1, 0.5, null, null), (1, 2.5, 1, 2, 1, 0.25, null, null)",
  ],
  5: [
    `insert into assets values (1, 1, 'a1', 'net', ${CREATED}, ${CREATED}, 1, null, null, 'ended', '[]', '{}', '{}', '{}')`,
  ],
  6: ["insert into run_params values (1, 'rate', '0.1')"],
  7: [
    `insert into datastores values (1, 1, 'store', 'AzureBlob', ${CREATED}, ${CREATED}, '{}', '{"containerName":"c"}', null)`,
    "insert into datastore_defaults values (1, 'store')",
  ],
  9: ["update run_work set priority = 5 where run_no = 2"],
  14: ["update run_work set engine_gpus = 2 where run_no = 3"],
  15: [`insert into imports values ('other/group/name', 'hash', 9, ${CREATED})`],
  16: [
    `insert into removed_runs values (1, 'removed', 'dcid.removed', ${CREATED}, 1)`,
    "insert into run_files values (1, 12, 0)",
    `insert into turns values ('gc', 'o', 0, ${CREATED})`,
  ],
  18: [
    "update kept_files set bytes = 7, due_at = null",
    "insert into kept_sums values (1, 'o', 7)",
    "insert into kept_writes values ('w', 'o', 1, 'dcid.working')",
  ],
};

/** Brings an empty database to the schema as it was, with what was written on the way. */
export async function makeEarlier(
  db: Executor,
  run: (text: string) => Promise<void>,
  schema: number,
  counters: (table: string) => Promise<void> = async () => {},
): Promise<void> {
  const types: Dialect["types"] = db.dialect.types;
  await run(
    `create table schema_migrations (number ${types.integer} primary key, name ${types.text} not null, applied_at ${types.integer} not null)`,
  );
  for (const { number, name, up } of MIGRATIONS.slice(0, schema)) {
    for (const text of up(types)) await run(text);
    await run(`insert into schema_migrations values (${number}, '${name}', ${CREATED})`);
    for (const text of ROWS[number] ?? []) await run(text);
  }
  for (const [since, tables] of COUNTED)
    if (since <= schema) for (const table of tables) await counters(table);
}

/** Tables whose rows are counted up, by the schema that made them: a database that gives the numbers itself must know the last. */
const COUNTED: readonly (readonly [number, readonly string[]])[] = [
  [1, ["workspaces", "experiments", "runs"]],
  [2, ["models", "model_versions"]],
  [3, ["environments", "environment_versions"]],
  [4, ["metrics"]],
  [5, ["assets"]],
  [7, ["datastores"]],
];
