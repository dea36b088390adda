// The tables of the run records, as kysely sees them. migrations/ makes them; docs of a column stand here.
import type { Generated } from "kysely";

/** Where a hosted run stands between the queue and the end. No row: it waits for nothing and owes nothing. */
export type Stage =
  /** In the line of its pool. */
  | "waiting"
  /** Taken from the line, still NotStarted: a lease that is given back puts it into the line again, at its old place. */
  | "claimed"
  | "working"
  /** Ended, but what its launch made is not yet released. */
  | "owed"
  /** Ended, and its machine is waited for no longer: nobody claims it, and it holds nothing. */
  | "letGo";

export type Database = {
  schema_migrations: { number: number; name: string; applied_at: number };
  workspaces: {
    no: Generated<number>;
    /** `workspaceKey` of the scope. */
    key: string;
    /** The spelling of its first use. */
    subscription_id: string;
    resource_group: string;
    name: string;
    created_at: number;
  };
  experiments: {
    no: Generated<number>;
    workspace_no: number;
    id: string;
    name: string;
    created_at: number;
    description: string | null;
    /** JSON object of texts. */
    tags: string;
    archived_at: number | null;
    changed_at: number | null;
    /** The number of its youngest run; 0 for none. */
    last_number: number;
    latest_run_id: string | null;
    latest_run_at: number | null;
  };
  /** What lists show. `life` and `about` are the truth; columns beside them repeat what is filtered and ordered by. */
  runs: {
    /** In order of commit, so it is also the place in the line. */
    no: Generated<number>;
    workspace_no: number;
    experiment_no: number;
    number: number;
    id: string;
    origin: "hosted" | "external";
    fingerprint: string | null;
    parent_id: string | null;
    root_id: string;
    created_at: number;
    created_by: string;
    user_id: string;
    tenant_id: string;
    target: string;
    pool: string | null;
    snapshot_id: string | null;
    container_id: string;
    /** Rises with every change. */
    version: number;
    /** The version at the last change of `life`: what `apply` is guarded by. */
    life_version: number;
    changed_at: number;
    /** Rises in the workspace with each change that lists show; 0 for what has not changed since there are such numbers. */
    change_no: Generated<number>;
    status: string;
    /** NOT_STARTED_AT stands for none, so that an index alone can answer lists in this order. */
    started_at: number;
    ended_at: number | null;
    hidden: number;
    name: string | null;
    display_name: string | null;
    run_type: string | null;
    orchestrator: string | null;
    script_name: string | null;
    /** JSON of `Life` without its plan. */
    life: string;
    /** JSON of `About`. */
    about: string;
  };
  /** How many runs an experiment has of a status, hidden or not; and when the last of them came or went. */
  run_counts: {
    workspace_no: number;
    experiment_no: number;
    status: string;
    hidden: number;
    runs: number;
    changed_at: number;
  };
  /** What a search looks into, see runTexts.ts. */
  run_texts: {
    workspace_no: number;
    created_at: number;
    run_no: number;
    experiment_no: number;
    words: string;
  };
  /** The heavy parts of a run, which lists never touch. JSON. */
  run_bodies: {
    run_no: number;
    definition: string | null;
    sent: string | null;
    plan: string | null;
    sealed_password: string | null;
  };
  /**
   * Tags, properties and parameters as an index; `runs.about` and `run_params` are the truth. Keys and values pass through
   * `labelText`.
   */
  run_labels: {
    workspace_no: number;
    kind: "tags" | "properties" | "params";
    key: string;
    value: string;
    created_at: number;
    run_no: number;
  };
  run_story: {
    run_no: number;
    /** From 1, in the run. */
    n: number;
    at: number;
    event: string;
    status: string;
    actor: string;
    cause: string | null;
    detail: string | null;
  };
  models: {
    no: Generated<number>;
    workspace_no: number;
    name: string;
    created_at: number;
    changed_at: number;
    /** Rises with every change of description, tags or name. */
    revision: number;
    /** The highest number ever given to a version: none is given twice. */
    last_version: number;
    description: string | null;
    /** JSON object of texts. */
    tags: string;
  };
  model_versions: {
    no: Generated<number>;
    workspace_no: number;
    model_no: number;
    version: number;
    created_at: number;
    changed_at: number;
    revision: number;
    description: string | null;
    stage: string;
    framework: string | null;
    run_id: string | null;
    source: string | null;
    /** JSON objects of texts. */
    tags: string;
    properties: string;
    /** JSON of what else is settled when it is made, and of what else may change. */
    origin: string;
    more: string;
  };
  run_params: { run_no: number; key: string; value: string };
  /** Datasets that a run used, by name and digest. */
  run_datasets: {
    run_no: number;
    name: string;
    digest: string;
    /** The role of its tags, for searches. */
    context: string | null;
    /** JSON of what else is known of it, and of its tags. */
    body: string;
  };
  /** Logged models that a run read or made. */
  run_models: { run_no: number; way: "input" | "output"; model_id: string; step: number };
  logged_models: {
    no: Generated<number>;
    workspace_no: number;
    experiment_no: number;
    id: string;
    name: string;
    type: string | null;
    source_run_id: string | null;
    state: "PENDING" | "READY" | "FAILED";
    created_at: number;
    changed_at: number;
    deleted: number;
    /** JSON objects of texts. */
    params: string;
    tags: string;
  };
  /** The newest value of each. Empty texts for no dataset. */
  logged_model_metrics: {
    model_no: number;
    name: string;
    dataset_name: string;
    dataset_digest: string;
    run_id: string;
    /** Null for NaN. */
    value: number | null;
    step: number;
    at: number;
  };
  model_aliases: { model_no: number; alias: string; version: number };
  assets: {
    no: Generated<number>;
    workspace_no: number;
    id: string;
    name: string;
    created_at: number;
    changed_at: number;
    revision: number;
    type: string | null;
    description: string | null;
    run_id: string | null;
    /** JSON list. */
    files: string;
    /** JSON objects of texts. */
    tags: string;
    properties: string;
    meta: string;
  };
  datastores: {
    no: Generated<number>;
    workspace_no: number;
    /** In lower case. */
    name: string;
    type: string;
    created_at: number;
    changed_at: number;
    /** JSON. */
    tags: string;
    section: string;
    /** What no reader of this file may know; see SecretBox. */
    sealed: string | null;
  };
  datastore_defaults: { workspace_no: number; name: string };
  environments: {
    no: Generated<number>;
    workspace_no: number;
    name: string;
    /** The highest version that is a number. */
    last_number: number;
    /** Of environment_versions. */
    newest_no: number | null;
  };
  environment_versions: {
    no: Generated<number>;
    environment_no: number;
    version: string;
    created_at: number;
    fingerprint: string;
    /** JSON. */
    definition: string;
  };
  environment_labels: { environment_no: number; label: string; version_no: number };
  /** Hosted runs that somebody has to work on. Small, whatever the history: the line and the leases are read from here. */
  run_work: {
    run_no: number;
    pool: string | null;
    stage: Stage;
    lease_token: string | null;
    lease_owner: string | null;
    lease_until: number | null;
    /** What it takes while it is at work, see `Needs` of the domain; `wants_gpus` is 1 where `gpus` is more than 0. */
    priority: Generated<number>;
    nodes: Generated<number>;
    gpus: Generated<number>;
    wants_gpus: Generated<number>;
    /** GPUs that its engine gives out: of no account in the line, only for quotas. */
    engine_gpus: Generated<number>;
    /** Whose the run is; null in rows of a program that did not count them. */
    workspace_no: number | null;
    user_id: string | null;
    /** The GPUs it has been given, joined by commas; null where nobody counts them. */
    gpu_ids: string | null;
    /** The machine whose processes it is of, from its claim on; null where its target is the same for all servers. */
    machine: string | null;
    /** Why the last try of a step was refused, and the `life_version` that the run had then. */
    refusal: string | null;
    refusal_version: number | null;
    /** A text that has the names of all containers of runs which the definition names; null where it names none. */
    names: string | null;
  };
  /** Ids of runs that were removed: none is given again. `owed` is 1 until their files are gone. */
  removed_runs: { workspace_no: number; id: string; container_id: string; removed_at: number; owed: number };
  /** Whose files are going or gone; `state` is one of `FILES`. `bytes` is of no account. */
  run_files: { run_no: number; bytes: number; state: number };
  /** What the files of a container hold. */
  kept_files: {
    workspace_no: number;
    container_id: string;
    /** Whose run it is of; empty for a container that is no run's. */
    user_id: string;
    /** When it was last counted, and what was added since at most. */
    bytes: number;
    pending: number;
    /** How often it was changed. */
    touched: number;
    /** It is to be counted from then on; null when it was. */
    due_at: number | null;
  };
  /** The sums of `bytes` and `pending`. */
  kept_sums: { workspace_no: number; user_id: string; bytes: number };
  /** Writes into containers that are under way. */
  kept_writes: { id: string; owner: string; workspace_no: number; container_id: string };
  /** What one of several servers does every so often: who does it until when, and when it was last done. */
  turns: { name: string; owner: string; held_until: number; done_at: number };
  /** One row: the name that these records have had since they were made. */
  records_id: { id: string };
  /** Servers that share these records. */
  servers: {
    owner: string;
    machine: string;
    /** Two servers of one machine see the same processes; this says which these are. */
    sight: string;
    url: string;
    started_at: number;
    /** Not heard of until then, it is taken for dead. */
    seen_until: number;
  };
  /** Workspaces that are being imported: nobody makes one of that name meanwhile. */
  imports: {
    /** `workspaceKey` of the scope. */
    workspace_key: string;
    /** The hash of the archive. */
    archive: string;
    /** Of the workspace that has what came so far, under a key that is no workspace's. */
    workspace_no: number;
    begun_at: number;
  };
  /** A metric of a run, with its newest value for lists that are ordered by it. */
  metrics: {
    no: Generated<number>;
    /** None: it was removed, and its points are still to go. */
    run_no: number | null;
    /** Empty for none. */
    namespace: string;
    name: string;
    /** JSON object of types. */
    columns: string;
    ux_type: string | null;
    points: number;
    /** The arrival number of its youngest point; never given twice. */
    last_seq: number;
    /** How much its points hold in `data`: pages of large ones must be short. */
    data_bytes: number;
    lowest_step: number;
    highest_step: number;
    first_at: number;
    last_at: number;
    /** 1 when there is a newest value: a point that is one number. */
    has_latest: number;
    /** Null for NaN: no database orders it alike. */
    latest_value: number | null;
    latest_step: number;
    latest_at: number;
    /** The experiment of its run. */
    experiment_no: number | null;
    /** The newest value for the index of those: no infinities; null for NaN, and for metrics that searches do not see. */
    latest_order: number | null;
  };
  metric_points: {
    metric_no: number;
    /** Milliseconds since 1970, with a fraction. */
    at: number;
    /** 0 for none. */
    step: number;
    /** From 1, in the metric. */
    seq: number;
    /** Whether it came with a step. */
    stepped: number;
    /** The cell of a point that is one number, under the metric's own name; null for NaN, and where there is `data`. */
    value: number | null;
    /** As `packId` writes it. */
    id: string | null;
    /** JSON of the cells, as `packCells` writes it. */
    data: string | null;
  };
};

/** Before the first instant that a Date can hold. */
export const NOT_STARTED_AT = -8_640_000_000_000_001;
