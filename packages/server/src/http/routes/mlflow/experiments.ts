// Experiments, as MLflow's clients ask.
import { mlflow } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { trackedExperimentDto } from "../../dto/mlflow/run.ts";
import { howMany, textsOf, tokenOf, viewOf } from "../../dto/mlflow/words.ts";
import { given } from "../../dto/run.ts";
import type { Edge } from "../../edge.ts";
import { type Ask, route } from "../../route.ts";

const USUAL = 1_000;
const MOST = 50_000;
/** The store's own bound: clients go on with the token. */
const PORTION = 1_000;

export const createExperiment = route(mlflow.createExperiment, async (ask, { flow }) => {
  const { name, artifact_location: location, tags } = await ask.body();
  if (location !== undefined && location !== "")
    throw new MalachiteError(
      "InvalidRequest",
      `This service keeps the files of runs itself: leave artifact_location out ('${location.slice(0, 200)}' was asked for).`,
      { target: "artifact_location" },
    );
  const made = await flow.tracking.createExperiment(ask.scope, name, textsOf(tags, "tags"));
  return { experiment_id: made.id };
});

export const getExperiment = route(mlflow.getExperiment, async ({ scope, query }, { flow }) => ({
  experiment: trackedExperimentDto(await flow.tracking.experiment(scope, { id: query.experiment_id })),
}));

export const getExperimentByName = route(mlflow.getExperimentByName, async ({ scope, query }, { flow }) => ({
  experiment: trackedExperimentDto(await flow.tracking.experiment(scope, { name: query.experiment_name })),
}));

export const deleteExperiment = route(mlflow.deleteExperiment, async (ask, { flow }) => {
  await flow.tracking.archiveExperiment(ask.scope, (await ask.body()).experiment_id, true);
  return {};
});

export const restoreExperiment = route(mlflow.restoreExperiment, async (ask, { flow }) => {
  await flow.tracking.archiveExperiment(ask.scope, (await ask.body()).experiment_id, false);
  return {};
});

export const updateExperiment = route(mlflow.updateExperiment, async (ask, { flow }) => {
  const { experiment_id: id, new_name: name } = await ask.body();
  await flow.tracking.changeExperiment(ask.scope, id, given({ name }));
  return {};
});

export const setExperimentTag = route(mlflow.setExperimentTag, async (ask, { flow }) => {
  const { experiment_id: id, key, value = "" } = await ask.body();
  await flow.tracking.changeExperiment(ask.scope, id, { tags: { [key]: value } });
  return {};
});

export const deleteExperimentTag = route(mlflow.deleteExperimentTag, async (ask, { flow }) => {
  const { experiment_id: id, key } = await ask.body();
  await flow.tracking.changeExperiment(ask.scope, id, { removeTag: key });
  return {};
});

type Search = Awaited<ReturnType<Ask<typeof mlflow.searchExperiments>["body"]>>;

async function search(
  { scope }: Pick<Ask<typeof mlflow.searchExperiments>, "scope">,
  { flow }: Edge,
  sent: Search,
) {
  const page = await flow.tracking.searchExperiments(scope, {
    ...given({ filter: sent.filter, orderBy: sent.order_by }),
    ...tokenOf(sent.page_token),
    limit: Math.min(PORTION, howMany(sent.max_results, USUAL, MOST)),
    view: viewOf(sent.view_type),
  });
  return { experiments: page.values.map(trackedExperimentDto), ...given({ next_page_token: page.next }) };
}

export const searchExperiments = route(mlflow.searchExperiments, async (ask, edge) =>
  search(ask, edge, await ask.body()),
);
export const searchExperimentsByQuery = route(mlflow.searchExperimentsByQuery, async (ask, edge) =>
  search(ask, edge, ask.query),
);
export const listExperiments = route(mlflow.listExperiments, async (ask, edge) =>
  search(ask, edge, ask.query),
);
