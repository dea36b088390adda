// Parameters, datasets and models that were logged to runs.
import {
  type DatasetUse,
  MalachiteError,
  type NewRunLog,
  type RunLog,
  type Scope,
  workspaceKey,
} from "@malachite/core";
import { insertLabel } from "../createRun.ts";
import type { Executor } from "../executor.ts";
import { labelText } from "../labels.ts";
import { chunks } from "../readRuns.ts";
import { touchRun } from "../runChanges.ts";
import { statement } from "../statement.ts";

const runOf = statement<{ key: string; id: string }>()((q, p) =>
  q
    .selectFrom("workspaces as w")
    .innerJoin("runs as r", "r.workspace_no", "w.no")
    .select(["r.no", "r.workspace_no", "r.created_at"])
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.id),
);
const paramOf = statement<{ run: number; key: string }>()((q, p) =>
  q.selectFrom("run_params").select("value").where("run_no", "=", p.run).where("key", "=", p.key),
);
const insertParam = statement<{ run: number; key: string; value: string }>()((q, p) =>
  q.insertInto("run_params").values({ run_no: p.run, key: p.key, value: p.value }),
);
const datasetOf = statement<{ run: number; name: string; digest: string }>()((q, p) =>
  q
    .selectFrom("run_datasets")
    .select("body")
    .where("run_no", "=", p.run)
    .where("name", "=", p.name)
    .where("digest", "=", p.digest),
);
const putDataset = statement<{
  run: number;
  name: string;
  digest: string;
  context: string | null;
  body: string;
}>()((q, p) =>
  q
    .insertInto("run_datasets")
    .values({ run_no: p.run, name: p.name, digest: p.digest, context: p.context, body: p.body })
    .onConflict((oc) =>
      oc.columns(["run_no", "name", "digest"]).doUpdateSet({ context: p.context, body: p.body }),
    ),
);
const putModel = statement<{ run: number; way: "input" | "output"; model: string; step: number }>()((q, p) =>
  q
    .insertInto("run_models")
    .values({ run_no: p.run, way: p.way, model_id: p.model, step: p.step })
    .onConflict((oc) => oc.doNothing()),
);

/** See `TrackingStore.log`. */
export async function logToRun(db: Executor, scope: Scope, runId: string, log: NewRunLog): Promise<void> {
  const [run] = await runOf(db, { key: workspaceKey(scope), id: runId });
  if (!run)
    throw new MalachiteError("RunNotFound", `The workspace '${scope.workspace}' has no run '${runId}'.`, {
      target: "run_id",
    });
  let added = false;
  for (const [key, value] of Object.entries(log.params ?? {})) {
    const [known] = await paramOf(db, { run: run.no, key });
    if (known) refuseOther(runId, key, known.value, value);
    else {
      added = true;
      await insertParam(db, { run: run.no, key, value });
      await insertLabel(db, {
        workspace: run.workspace_no,
        kind: "params",
        key: labelText(key),
        value: labelText(value),
        at: run.created_at,
        run: run.no,
      });
    }
  }
  if (added) await touchRun(db, run.no, run.workspace_no);
  for (const use of log.datasets ?? []) await keepDataset(db, run.no, use);
  for (const model of log.modelInputs ?? [])
    await putModel(db, { run: run.no, way: "input", model, step: 0 });
  for (const { modelId, step } of log.modelOutputs ?? [])
    await putModel(db, { run: run.no, way: "output", model: modelId, step });
}

function refuseOther(runId: string, key: string, old: string, value: string): void {
  if (old === value) return;
  throw new MalachiteError(
    "ParamImmutable",
    `Changing param values is not allowed. Param with key='${key}' was already logged with value='${cut(old)}' for run ID='${runId}'. Attempted logging new value '${cut(value)}'.`,
    { target: "key" },
  );
}

/** An error is not the place for a long value. */
const cut = (text: string): string => (text.length > 500 ? `${text.slice(0, 497)}...` : text);

async function keepDataset(db: Executor, run: number, use: DatasetUse): Promise<void> {
  const { name, digest, ...body } = use;
  const [known] = await datasetOf(db, { run, name, digest });
  const before = known ? (JSON.parse(known.body) as Pick<DatasetUse, "tags">).tags : {};
  const tags = { ...before, ...body.tags };
  await putDataset(db, {
    run,
    name,
    digest,
    context: tags["mlflow.data.context"] ?? null,
    body: JSON.stringify({ ...body, tags }),
  });
}

/** See `TrackingStore.logs`; as pairs, since a map does not travel between threads as JSON. */
export async function logsOfRuns(
  db: Executor,
  scope: Scope,
  runIds: readonly string[],
): Promise<readonly (readonly [string, RunLog])[]> {
  const ids = new Map<number, string>();
  for (const some of chunks([...new Set(runIds)])) {
    const query = db.build
      .selectFrom("workspaces as w")
      .innerJoin("runs as r", "r.workspace_no", "w.no")
      .select(["r.no", "r.id"])
      .where("w.key", "=", workspaceKey(scope))
      .where("r.id", "in", some);
    for (const { no, id } of await db.all(query.compile())) ids.set(no, id);
  }
  const found = new Map<number, Writable>();
  const at = (no: number): Writable => {
    const log = found.get(no) ?? { params: {}, datasets: [], modelInputs: [], modelOutputs: [] };
    found.set(no, log);
    return log;
  };
  for (const some of chunks([...ids.keys()])) {
    const params = db.build.selectFrom("run_params").selectAll().where("run_no", "in", some);
    for (const { run_no, key, value } of await db.all(params.compile()))
      Object.defineProperty(at(run_no).params, key, { value, enumerable: true });
    const datasets = db.build.selectFrom("run_datasets").selectAll().where("run_no", "in", some);
    for (const { run_no, name, digest, body } of await db.all(datasets.compile()))
      at(run_no).datasets.push({
        ...(JSON.parse(body) as Omit<DatasetUse, "name" | "digest">),
        name,
        digest,
      });
    const models = db.build.selectFrom("run_models").selectAll().where("run_no", "in", some);
    for (const { run_no, way, model_id, step } of await db.all(models.compile()))
      if (way === "input") at(run_no).modelInputs.push(model_id);
      else at(run_no).modelOutputs.push({ modelId: model_id, step });
  }
  return [...found].map(([no, log]) => [ids.get(no) ?? "", log] as const);
}

type Writable = {
  params: Record<string, string>;
  datasets: DatasetUse[];
  modelInputs: string[];
  modelOutputs: { modelId: string; step: number }[];
};
