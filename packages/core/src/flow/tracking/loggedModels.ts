// Models by themselves, as MLflow 3 logs them. A run's token changes those of its own runs.
import { MalachiteError } from "../../domain/failure/malachiteError.ts";
import type { Page } from "../../domain/query/filter.ts";
import { parseSearch, parseSearchOrder } from "../../domain/query/mlflow/parseSearch.ts";
import { LOGGED_MODEL_SEARCH } from "../../domain/query/mlflow/subjects.ts";
import type { Principal, Scope } from "../../domain/scope.ts";
import { ownerOf } from "../../domain/tracking/artifactPlace.ts";
import { runName } from "../../domain/tracking/runNames.ts";
import type { LoggedModel, LoggedModelState } from "../../domain/tracking/tracked.ts";
import type { FlowPorts } from "../ports.ts";
import { mayChangeRun } from "../reachRun.ts";
import { experiment, requireActive } from "./experiments.ts";
import { checkKey, checkText } from "./limits.ts";
import { runBy } from "./runs.ts";
import type { SearchText } from "./trackingFlow.ts";

type Ports = Pick<
  FlowPorts,
  "runs" | "experiments" | "tracking" | "workspaces" | "clock" | "settings" | "ids"
>;
type Texts = Readonly<Record<string, string>>;

export async function createModel(
  scope: Scope,
  ask: {
    readonly experimentId: string;
    readonly name?: string;
    readonly type?: string;
    readonly sourceRunId?: string;
    readonly params: Texts;
    readonly tags: Texts;
  },
  by: Principal,
  ports: Ports,
): Promise<LoggedModel> {
  if (ask.name !== undefined && /[/:.%"']/.test(ask.name))
    throw new MalachiteError(
      "InvalidRequest",
      `Invalid model name ('${ask.name.slice(0, 100)}') provided. Model name must be a non-empty string and cannot contain the following characters: ['/', ':', '.', '%', '"', "'"].`,
      { target: "name" },
    );
  checkAll(ask);
  if (ask.sourceRunId !== undefined) await runBy(scope, ask.sourceRunId, ports);
  await mayChange(scope, ask.sourceRunId, by, ports);
  const found = await experiment(scope, { id: ask.experimentId }, ports);
  requireActive(found);
  return ports.tracking.createModel(scope, {
    ...ask,
    experimentId: found.id,
    id: `m-${ports.ids.hex(16)}`,
    name: ask.name || runName(ports.ids.hex(4)).replaceAll("_", "-"),
    createdAt: ports.clock.now(),
  });
}

function checkAll({ params = {}, tags = {} }: { readonly params?: Texts; readonly tags?: Texts }): void {
  for (const [key, value] of Object.entries(params)) {
    checkKey(key, "Param key");
    checkText(value, "Param value");
  }
  for (const [key, value] of Object.entries(tags)) {
    checkKey(key, "Tag key");
    checkText(value, "Tag value");
  }
}

/** A model of no run belongs to the workspace: users alone change it. */
async function mayChange(
  scope: Scope,
  sourceRunId: string | undefined,
  by: Principal,
  ports: Pick<FlowPorts, "runs">,
): Promise<void> {
  if (by.run === undefined) return;
  if (sourceRunId === undefined)
    throw new MalachiteError(
      "NotAllowed",
      `This token belongs to the run '${by.run.runId}' and makes and changes the models of that run and the runs below it. Use a user's token.`,
      { target: "source_run_id" },
    );
  await mayChangeRun(by, scope, sourceRunId, ports);
}

export async function model(
  scope: Scope,
  id: string,
  deletedToo: boolean,
  { tracking }: Pick<FlowPorts, "tracking">,
): Promise<LoggedModel> {
  const found = await tracking.model(scope, id);
  if (found && (deletedToo || !found.deleted)) return found;
  throw new MalachiteError("LoggedModelNotFound", `Logged model with ID '${id}' not found.`, {
    target: "model_id",
  });
}

export async function changeModel(
  scope: Scope,
  id: string,
  change: {
    readonly state?: LoggedModelState;
    readonly tags?: Texts;
    readonly removeTag?: string;
    readonly params?: Texts;
    readonly deleted?: true;
  },
  by: Principal,
  ports: Ports,
): Promise<LoggedModel> {
  checkAll(change);
  const found = await model(scope, id, false, ports);
  await mayChange(scope, found.sourceRunId, by, ports);
  const { removeTag, ...rest } = change;
  if (removeTag !== undefined && !Object.hasOwn(found.tags, removeTag))
    throw new MalachiteError(
      "TagNotFound",
      `No tag with key '${removeTag}' found for model with ID '${id}'.`,
      {
        target: "tag_key",
      },
    );
  return ports.tracking.changeModel(
    scope,
    id,
    { ...rest, ...(removeTag === undefined ? {} : { removeTags: [removeTag] }) },
    ports.clock.now(),
  );
}

export async function searchModels(
  scope: Scope,
  ask: Omit<SearchText, "orderBy"> & {
    readonly experimentIds: readonly string[];
    readonly order: readonly { readonly name: string; readonly descending: boolean }[];
    readonly datasets: readonly { readonly name: string; readonly digest?: string }[];
  },
  { tracking }: Pick<FlowPorts, "tracking">,
): Promise<Page<LoggedModel>> {
  const { filter, after, limit, experimentIds, datasets, order } = ask;
  return tracking.searchModels(scope, {
    clauses: parseSearch(filter ?? "", LOGGED_MODEL_SEARCH),
    order: parseSearchOrder(
      order.map(({ name, descending }) => `${name} ${descending ? "DESC" : "ASC"}`),
      LOGGED_MODEL_SEARCH,
    ),
    ...(after === undefined ? {} : { after }),
    limit,
    experimentIds,
    datasets,
  });
}

export async function mayChangeFiles(
  scope: Scope,
  container: string,
  by: Principal,
  ports: Ports,
): Promise<void> {
  const owner = ownerOf(container);
  if (owner === undefined)
    throw new MalachiteError(
      "ArtifactNotFound",
      `'${container.slice(0, 100)}' holds no files of a run or a model. Paths begin with the last part of a run's artifact_uri.`,
      { target: "path" },
    );
  if ("run" in owner) {
    await runBy(scope, owner.run, ports);
    await mayChangeRun(by, scope, owner.run, ports);
  } else await mayChange(scope, (await model(scope, owner.model, true, ports)).sourceRunId, by, ports);
}
