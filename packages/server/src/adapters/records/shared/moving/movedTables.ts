// Which tables are part of a workspace, and what their columns are: the form in which records move between stores. A test holds this
// list to the schema, so that no table and no column is forgotten.

/** Tables whose rows have a number of their own, by which others refer to them. */
export const NUMBERED = [
  "experiments",
  "runs",
  "models",
  "model_versions",
  "logged_models",
  "assets",
  "datastores",
  "environments",
  "environment_versions",
  "metrics",
] as const;
export type Numbered = (typeof NUMBERED)[number];

/**
 * What a column holds: `no`, the row's own number; `workspace`, that of the workspace; `>table`, that of a row of that table; `sealed`, a
 * text that only the data folder's own key opens. A question mark: or null.
 */
export type Column =
  | "no"
  | "workspace"
  | `>${Numbered}`
  | `>${Numbered}?`
  | "integer"
  | "integer?"
  | "real"
  | "real?"
  | "text"
  | "text?"
  | "json"
  | "json?"
  | "sealed?";

export type MovedTable = {
  readonly name: string;
  readonly columns: Readonly<Record<string, Column>>;
  /** In which order it goes; the primary key, so that what is written lies where it is looked for. */
  readonly order: readonly string[];
  /** Where the rows of a workspace are, as `c`; without it, by their own `workspace_no`. The first table has it as `w`. */
  readonly from?: string;
  /** Single rows may be large: few at a time. */
  readonly isHeavy?: boolean;
};

const OF_RUN = (table: string) => `runs as w cross join ${table} as c where c.run_no = w.no and`;
const OF = (parent: string, table: string, column: string) =>
  `${parent} as w cross join ${table} as c where c.${column} = w.no and`;

const textOf = <K extends string>(...names: K[]): Record<K, "text"> =>
  Object.fromEntries(names.map((name) => [name, "text"])) as Record<K, "text">;

/** In an order in which no row refers to one that comes later. */
export const MOVED: readonly MovedTable[] = [
  {
    name: "experiments",
    columns: {
      no: "no",
      workspace_no: "workspace",
      ...textOf("id", "name"),
      created_at: "integer",
      description: "text?",
      tags: "json",
      archived_at: "integer?",
      changed_at: "integer?",
      last_number: "integer",
      latest_run_id: "text?",
      latest_run_at: "integer?",
    },
    order: ["no"],
  },
  {
    name: "runs",
    columns: {
      no: "no",
      workspace_no: "workspace",
      experiment_no: ">experiments",
      number: "integer",
      ...textOf("id", "origin"),
      fingerprint: "text?",
      parent_id: "text?",
      root_id: "text",
      created_at: "integer",
      ...textOf("created_by", "user_id", "tenant_id", "target"),
      pool: "text?",
      snapshot_id: "text?",
      container_id: "text",
      version: "integer",
      life_version: "integer",
      changed_at: "integer",
      change_no: "integer",
      status: "text",
      started_at: "integer",
      ended_at: "integer?",
      hidden: "integer",
      name: "text?",
      display_name: "text?",
      run_type: "text?",
      orchestrator: "text?",
      script_name: "text?",
      life: "json",
      about: "json",
    },
    order: ["no"],
  },
  {
    name: "run_bodies",
    columns: {
      run_no: ">runs",
      definition: "json?",
      sent: "json?",
      plan: "json?",
      sealed_password: "sealed?",
    },
    order: ["run_no"],
    from: OF_RUN("run_bodies"),
    isHeavy: true,
  },
  {
    name: "run_counts",
    columns: {
      workspace_no: "workspace",
      experiment_no: ">experiments",
      status: "text",
      hidden: "integer",
      runs: "integer",
      changed_at: "integer",
    },
    order: ["experiment_no", "status", "hidden"],
  },
  {
    name: "run_texts",
    columns: {
      workspace_no: "workspace",
      created_at: "integer",
      run_no: ">runs",
      experiment_no: ">experiments",
      words: "text",
    },
    order: ["created_at", "run_no"],
  },
  {
    name: "run_labels",
    columns: {
      workspace_no: "workspace",
      ...textOf("kind", "key", "value"),
      created_at: "integer",
      run_no: ">runs",
    },
    order: ["kind", "key", "value", "created_at", "run_no"],
  },
  {
    name: "run_story",
    columns: {
      run_no: ">runs",
      n: "integer",
      at: "integer",
      ...textOf("event", "status", "actor"),
      cause: "text?",
      detail: "json?",
    },
    order: ["run_no", "n"],
    from: OF_RUN("run_story"),
  },
  {
    name: "run_params",
    columns: { run_no: ">runs", key: "text", value: "text" },
    order: ["run_no", "key"],
    from: OF_RUN("run_params"),
  },
  {
    name: "run_datasets",
    columns: { run_no: ">runs", ...textOf("name", "digest"), context: "text?", body: "json" },
    order: ["run_no", "name", "digest"],
    from: OF_RUN("run_datasets"),
    isHeavy: true,
  },
  {
    name: "run_models",
    columns: { run_no: ">runs", way: "text", model_id: "text", step: "integer" },
    order: ["run_no", "way", "model_id", "step"],
    from: OF_RUN("run_models"),
  },
  {
    name: "metrics",
    columns: {
      no: "no",
      run_no: ">runs",
      ...textOf("namespace", "name"),
      columns: "json",
      ux_type: "text?",
      points: "integer",
      last_seq: "integer",
      data_bytes: "integer",
      lowest_step: "integer",
      highest_step: "integer",
      first_at: "real",
      last_at: "real",
      has_latest: "integer",
      latest_value: "real?",
      latest_step: "integer",
      latest_at: "real",
      experiment_no: ">experiments?",
      latest_order: "real?",
    },
    order: ["no"],
    from: OF_RUN("metrics"),
  },
  {
    name: "metric_points",
    columns: {
      metric_no: ">metrics",
      at: "real",
      step: "integer",
      seq: "integer",
      stepped: "integer",
      value: "real?",
      id: "text?",
      data: "text?",
    },
    order: ["metric_no", "at", "step", "seq"],
    from: "metrics as m cross join runs as w cross join metric_points as c where w.no = m.run_no and c.metric_no = m.no and",
    isHeavy: true,
  },
  {
    name: "models",
    columns: {
      no: "no",
      workspace_no: "workspace",
      name: "text",
      created_at: "integer",
      changed_at: "integer",
      revision: "integer",
      last_version: "integer",
      description: "text?",
      tags: "json",
    },
    order: ["no"],
  },
  {
    name: "model_versions",
    columns: {
      no: "no",
      workspace_no: "workspace",
      model_no: ">models",
      version: "integer",
      created_at: "integer",
      changed_at: "integer",
      revision: "integer",
      description: "text?",
      stage: "text",
      framework: "text?",
      run_id: "text?",
      source: "text?",
      tags: "json",
      properties: "json",
      origin: "json",
      more: "json",
    },
    order: ["no"],
  },
  {
    name: "model_aliases",
    columns: { model_no: ">models", alias: "text", version: "integer" },
    order: ["model_no", "alias"],
    from: OF("models", "model_aliases", "model_no"),
  },
  {
    name: "logged_models",
    columns: {
      no: "no",
      workspace_no: "workspace",
      experiment_no: ">experiments",
      ...textOf("id", "name"),
      type: "text?",
      source_run_id: "text?",
      state: "text",
      created_at: "integer",
      changed_at: "integer",
      deleted: "integer",
      params: "json",
      tags: "json",
    },
    order: ["no"],
  },
  {
    name: "logged_model_metrics",
    columns: {
      model_no: ">logged_models",
      ...textOf("name", "dataset_name", "dataset_digest", "run_id"),
      value: "real?",
      step: "integer",
      at: "integer",
    },
    order: ["model_no", "name", "dataset_name", "dataset_digest", "run_id"],
    from: OF("logged_models", "logged_model_metrics", "model_no"),
  },
  {
    name: "assets",
    columns: {
      no: "no",
      workspace_no: "workspace",
      ...textOf("id", "name"),
      created_at: "integer",
      changed_at: "integer",
      revision: "integer",
      type: "text?",
      description: "text?",
      run_id: "text?",
      files: "json",
      tags: "json",
      properties: "json",
      meta: "json",
    },
    order: ["no"],
  },
  {
    name: "datastores",
    columns: {
      no: "no",
      workspace_no: "workspace",
      ...textOf("name", "type"),
      created_at: "integer",
      changed_at: "integer",
      tags: "json",
      section: "json",
      sealed: "sealed?",
    },
    order: ["no"],
  },
  {
    name: "datastore_defaults",
    columns: { workspace_no: "workspace", name: "text" },
    order: ["workspace_no"],
  },
  {
    name: "environments",
    columns: {
      no: "no",
      workspace_no: "workspace",
      name: "text",
      last_number: "integer",
      newest_no: ">environment_versions?",
    },
    order: ["no"],
  },
  {
    name: "environment_versions",
    columns: {
      no: "no",
      environment_no: ">environments",
      version: "text",
      created_at: "integer",
      fingerprint: "text",
      definition: "json",
    },
    order: ["no"],
    from: OF("environments", "environment_versions", "environment_no"),
    isHeavy: true,
  },
  {
    name: "environment_labels",
    columns: { environment_no: ">environments", label: "text", version_no: ">environment_versions" },
    order: ["environment_no", "label"],
    from: OF("environments", "environment_labels", "environment_no"),
  },
  {
    name: "removed_runs",
    columns: {
      workspace_no: "workspace",
      id: "text",
      container_id: "text",
      removed_at: "integer",
      owed: "integer",
    },
    order: ["id"],
  },
  {
    name: "run_files",
    columns: { run_no: ">runs", bytes: "integer", state: "integer" },
    order: ["run_no"],
    from: OF_RUN("run_files"),
  },
  {
    name: "kept_files",
    columns: {
      workspace_no: "workspace",
      ...textOf("container_id", "user_id"),
      bytes: "integer",
      pending: "integer",
      touched: "integer",
      due_at: "integer?",
    },
    order: ["container_id"],
  },
  {
    name: "kept_sums",
    columns: { workspace_no: "workspace", user_id: "text", bytes: "integer" },
    order: ["user_id"],
  },
];

/** Tables that no archive holds, and why. */
export const NOT_MOVED: Readonly<Record<string, string>> = {
  schema_migrations: "of the database",
  records_id: "of the database",
  workspaces: "the workspace itself is the head of the archive",
  run_work: "who works on a run is a matter of the service that it is on: see endUnfinished.ts",
  servers: "servers of the service",
  imports: "of the service that imports",
  kept_writes: "writes that are under way in the service",
  turns: "what servers of the service do in turn",
};

/** The statement that reads a workspace's rows; its one parameter is the workspace's number. */
export function readingOf(
  { name, from, order }: MovedTable,
  columns: readonly string[],
  gap: string,
): string {
  const list = columns.map((column) => `c.${column}`).join(", ");
  const where = from === undefined ? `${name} as c where c.workspace_no` : `${from} w.workspace_no`;
  return `select ${list} from ${where} = ${gap} order by ${order.map((column) => `c.${column}`).join(", ")}`;
}
