// Logged models of MLflow 3.
import {
  type LoggedModel,
  type LoggedModelChange,
  MalachiteError,
  type ModelMetric,
  type NewLoggedModel,
  type Page,
  type Scope,
  type SearchKey,
  type TrackingStore,
  workspaceKey,
} from "@malachite/core";
import { type Selectable, type SqlBool, sql } from "kysely";
import type { Executor } from "../executor.ts";
import { listName, type Term, withNumber } from "../paging.ts";
import { type List, readPage } from "../readPage.ts";
import { chunks } from "../readRuns.ts";
import type { Database } from "../schema.ts";
import { statement } from "../statement.ts";
import { ensureWorkspace } from "../workspaces.ts";
import { clauseSql, finite, orderTerms, type Place } from "./searchSql.ts";

type ModelRow = Selectable<Database["logged_models"]> & { readonly experiment_id: string };
type Texts = Readonly<Record<string, string>>;

const selectById = statement<{ key: string; id: string }>()((q, p) =>
  q
    .selectFrom("workspaces as w")
    .innerJoin("logged_models as g", "g.workspace_no", "w.no")
    .innerJoin("experiments as e", "e.no", "g.experiment_no")
    .selectAll("g")
    .select("e.id as experiment_id")
    .where("w.key", "=", p.key)
    .where("g.id", "=", p.id),
);
const experimentOf = statement<{ workspace: number; id: string }>()((q, p) =>
  q.selectFrom("experiments").select("no").where("workspace_no", "=", p.workspace).where("id", "=", p.id),
);
const insert = statement<{
  workspace: number;
  experiment: number;
  id: string;
  name: string;
  type: string | null;
  source: string | null;
  at: number;
  params: string;
  tags: string;
}>()((q, p) =>
  q.insertInto("logged_models").values({
    workspace_no: p.workspace,
    experiment_no: p.experiment,
    id: p.id,
    name: p.name,
    type: p.type,
    source_run_id: p.source,
    state: "PENDING",
    created_at: p.at,
    changed_at: p.at,
    deleted: 0,
    params: p.params,
    tags: p.tags,
  }),
);
const update = statement<{
  no: number;
  state: LoggedModel["state"];
  at: number;
  deleted: number;
  params: string;
  tags: string;
}>()((q, p) =>
  q
    .updateTable("logged_models")
    .set({ state: p.state, changed_at: p.at, deleted: p.deleted, params: p.params, tags: p.tags })
    .where("no", "=", p.no),
);

/** See `TrackingStore.createModel`. */
export async function createLoggedModel(
  db: Executor,
  scope: Scope,
  model: NewLoggedModel,
): Promise<LoggedModel> {
  const at = Math.trunc(model.createdAt);
  const workspace = await ensureWorkspace(db, scope, at);
  const [experiment] = await experimentOf(db, { workspace, id: model.experimentId });
  if (!experiment)
    throw new MalachiteError("ExperimentNotFound", `No Experiment with id=${model.experimentId} exists`, {
      target: "experiment_id",
    });
  await insert(db, {
    workspace,
    experiment: experiment.no,
    id: model.id,
    name: model.name,
    type: model.type ?? null,
    source: model.sourceRunId ?? null,
    at,
    params: JSON.stringify(model.params),
    tags: JSON.stringify(model.tags),
  });
  return (await getLoggedModel(db, scope, model.id)) as LoggedModel;
}

/** See `TrackingStore.model`. */
export async function getLoggedModel(
  db: Executor,
  scope: Scope,
  id: string,
): Promise<LoggedModel | undefined> {
  return (await modelsOf(db, await selectById(db, { key: workspaceKey(scope), id })))[0];
}

/** See `TrackingStore.changeModel`. */
export async function changeLoggedModel(
  db: Executor,
  scope: Scope,
  id: string,
  change: LoggedModelChange,
  at: number,
): Promise<LoggedModel> {
  const [row] = await selectById(db, { key: workspaceKey(scope), id });
  if (!row)
    throw new MalachiteError(
      "LoggedModelNotFound",
      `The workspace '${scope.workspace}' has no logged model '${id}'.`,
      { target: "model_id" },
    );
  const gone = new Set(change.removeTags ?? []);
  const tags = Object.entries({ ...parsed(row.tags), ...change.tags }).filter(([key]) => !gone.has(key));
  const params = parsed(row.params);
  for (const [key, value] of Object.entries(change.params ?? {}))
    if (Object.hasOwn(params, key) && params[key] !== value)
      throw new MalachiteError(
        "ParamImmutable",
        `Changing param values is not allowed. The model '${id}' has the param '${key}' with another value.`,
        { target: "params" },
      );
  await update(db, {
    no: row.no,
    state: change.state ?? row.state,
    at: Math.trunc(at),
    deleted: change.deleted === undefined ? row.deleted : change.deleted ? 1 : 0,
    params: JSON.stringify({ ...params, ...change.params }),
    tags: JSON.stringify(Object.fromEntries(tags)),
  });
  return (await getLoggedModel(db, scope, id)) as LoggedModel;
}

const parsed = (json: string): Texts => JSON.parse(json) as Texts;

const putMetric = statement<{
  model: number;
  name: string;
  dataset: string;
  digest: string;
  run: string;
  value: number | null;
  step: number;
  at: number;
}>()((q, p) =>
  q
    .insertInto("logged_model_metrics")
    .values({
      model_no: p.model,
      name: p.name,
      dataset_name: p.dataset,
      dataset_digest: p.digest,
      run_id: p.run,
      value: p.value,
      step: p.step,
      at: p.at,
    })
    .onConflict((oc) =>
      oc
        .columns(["model_no", "name", "dataset_name", "dataset_digest", "run_id"])
        .doUpdateSet({ value: p.value, step: p.step, at: p.at })
        .where(
          sql<SqlBool>`(excluded.step, excluded.at) >= (logged_model_metrics.step, logged_model_metrics.at)`,
        ),
    ),
);

/** A value on its way to the writer: JSON has no NaN and no infinities. */
export type SentMetric = Omit<ModelMetric, "value"> & {
  readonly modelId: string;
  readonly value: number | "NaN" | "Infinity" | "-Infinity";
};

/** See `TrackingStore.measureModels`. */
export async function measureLoggedModels(
  db: Executor,
  scope: Scope,
  metrics: readonly SentMetric[],
): Promise<void> {
  const key = workspaceKey(scope);
  const known = new Map<string, number | undefined>();
  for (const metric of metrics) {
    if (!known.has(metric.modelId))
      known.set(metric.modelId, (await selectById(db, { key, id: metric.modelId }))[0]?.no);
    const model = known.get(metric.modelId);
    if (model === undefined) continue;
    await putMetric(db, {
      model,
      name: metric.name,
      dataset: metric.datasetName ?? "",
      digest: metric.datasetDigest ?? "",
      run: metric.runId,
      value: metric.value === "NaN" ? null : Number(metric.value),
      step: metric.step,
      at: Math.trunc(metric.at),
    });
  }
}

/** The rows with their metrics. The infinities and NaN are words, for the way between threads. */
async function modelsOf(db: Executor, rows: readonly ModelRow[]): Promise<LoggedModel[]> {
  const metrics = new Map<number, ModelMetric[]>();
  for (const some of chunks(rows.map(({ no }) => no))) {
    const query = db.build.selectFrom("logged_model_metrics").selectAll().where("model_no", "in", some);
    for (const row of await db.all(query.compile())) {
      const list = metrics.get(row.model_no) ?? [];
      list.push({
        name: row.name,
        value: (row.value === null
          ? "NaN"
          : Number.isFinite(row.value)
            ? row.value
            : String(row.value)) as number,
        step: row.step,
        at: row.at,
        runId: row.run_id,
        ...(row.dataset_name === "" ? {} : { datasetName: row.dataset_name }),
        ...(row.dataset_digest === "" ? {} : { datasetDigest: row.dataset_digest }),
      });
      metrics.set(row.model_no, list);
    }
  }
  return rows.map((row) => ({
    id: row.id,
    experimentId: row.experiment_id,
    name: row.name,
    ...(row.type === null ? {} : { type: row.type }),
    ...(row.source_run_id === null ? {} : { sourceRunId: row.source_run_id }),
    state: row.state,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    deleted: row.deleted === 1,
    params: parsed(row.params),
    tags: parsed(row.tags),
    metrics: metrics.get(row.no) ?? [],
  }));
}

const COLUMNS: Readonly<Record<string, { readonly name: string; readonly always: boolean }>> = {
  model_id: { name: "g.id", always: true },
  name: { name: "g.name", always: true },
  model_type: { name: "g.type", always: false },
  status: { name: "g.state", always: true },
  source_run_id: { name: "g.source_run_id", always: false },
  experiment_id: { name: "e.id", always: true },
  creation_timestamp: { name: "g.created_at", always: true },
  last_updated_timestamp: { name: "g.changed_at", always: true },
};

type Ask = Parameters<TrackingStore["searchModels"]>[1];

const placesIn =
  (db: Executor, datasets: NonNullable<Ask["datasets"]>) =>
  ({ of, key }: SearchKey): Place | undefined => {
    switch (of) {
      case "tag":
        return { value: db.dialect.label(sql.ref("g.tags"), undefined, key) };
      case "param":
        return { value: db.dialect.label(sql.ref("g.params"), undefined, key) };
      case "metric":
        return metricPlace(key, datasets);
      case "attribute": {
        const column = COLUMNS[key];
        return column && { value: db.dialect.noIndex(sql.ref(column.name)), always: column.always };
      }
      default:
        return undefined;
    }
  };

function metricPlace(name: string, datasets: NonNullable<Ask["datasets"]>): Place {
  const of = datasets.map((dataset) =>
    dataset.digest === undefined
      ? sql<SqlBool>`t.dataset_name = ${dataset.name}`
      : sql<SqlBool>`(t.dataset_name = ${dataset.name} and t.dataset_digest = ${dataset.digest})`,
  );
  const one = sql`from logged_model_metrics as t where t.model_no = g.no and t.name = ${name}
    ${datasets.length === 0 ? sql`` : sql`and (${sql.join(of, sql` or `)})`}`;
  return {
    value: sql`(select t.value ${one} order by t.at desc limit 1)`,
    ranked: {
      rank: sql<number>`coalesce((select case when t.value is null then 1 else 0 end ${one} order by t.at desc limit 1), 2)`,
      value: sql`(select ${finite(sql.ref("t.value"))} ${one} order by t.at desc limit 1)`,
    },
    where: (_clause, test) => sql<SqlBool>`exists (select 1 ${one} and ${test(sql.ref("t.value"))})`,
  };
}

const NEWEST: Term = { value: sql.ref("g.created_at"), nullable: false, descending: true };

/** See `TrackingStore.searchModels`. */
export async function searchLoggedModels(db: Executor, scope: Scope, ask: Ask): Promise<Page<LoggedModel>> {
  const { clauses, order, experimentIds, datasets = [] } = ask;
  const places = placesIn(db, datasets);
  const wanted = clauses.map((clause) => clauseSql(clause, places, db.dialect));
  const list: List = {
    name: listName("logged models", workspaceKey(scope), experimentIds, clauses, order, datasets),
    columns: sql`g.*, e.id as experiment_id`,
    from: sql`logged_models as g cross join experiments as e`,
    terms: withNumber([...order.flatMap((one) => orderTerms(one, places)), NEWEST], sql.ref<number>("g.no")),
    where: (workspace) => [
      sql<SqlBool>`g.experiment_no in (select x.no from experiments as x where x.workspace_no = ${workspace}
        and x.id in (select value from ${db.dialect.texts(sql`${JSON.stringify(experimentIds)}`)} as listed))`,
      sql<SqlBool>`e.no = g.experiment_no`,
      sql<SqlBool>`g.deleted = 0`,
      ...wanted,
    ],
  };
  return readPage(db, scope, list, ask, (rows: readonly ModelRow[]) => modelsOf(db, rows));
}
