// Experiments: made, read, changed, listed and removed.
import { history } from "@malachite/contract";
import { EXPERIMENT_FIELDS, MalachiteError } from "@malachite/core";
import { experimentDto } from "../dto/experiment.ts";
import { given } from "../dto/run.ts";
import { pageByBody, pageByQuery } from "../paging.ts";
import { route } from "../route.ts";

export const getExperiment = route(history.getExperiment, async ({ scope, params }, { flow }) =>
  experimentDto(await flow.getExperiment(scope, { name: params.experimentName })),
);

export const createExperiment = route(history.createExperiment, async ({ scope, params }, { flow }) =>
  experimentDto(await flow.createExperiment(scope, params.experimentName)),
);

export const getExperimentById = route(history.getExperimentById, async ({ scope, params }, { flow }) =>
  experimentDto(await flow.getExperiment(scope, { id: params.experimentId })),
);

export const modifyExperiment = route(history.modifyExperiment, async ({ scope, params, body }, { flow }) =>
  experimentDto(await flow.modifyExperiment(scope, params.experimentId, await body())),
);

export const deleteExperiment = route(history.deleteExperiment, async ({ scope, params }, { flow }) => {
  await flow.deleteExperiment(scope, params.experimentId);
  return undefined;
});

export const deleteExperimentTags = route(
  history.deleteExperimentTags,
  async ({ scope, params, body }, { flow }) => {
    const { tags = [] } = await body();
    const after = await flow.modifyExperiment(scope, params.experimentId, { removeTags: tags });
    return { ...experimentDto(after), errors: {} };
  },
);

export const removeExperimentTags = route(
  history.removeExperimentTags,
  async ({ scope, params, body }, { flow }) => {
    const { tags = [] } = await body();
    return experimentDto(await flow.modifyExperiment(scope, params.experimentId, { removeTags: tags }));
  },
);

const VIEWS = {
  all: "All",
  activeonly: "ActiveOnly",
  archivedonly: "ArchivedOnly",
  default: "ActiveOnly",
} as const;

/** The older contract knows no views and lists everything; the newer one's Default is what is active. */
function viewOf(word: string | undefined): "All" | "ActiveOnly" | "ArchivedOnly" {
  if (word === undefined) return "All";
  const known = Object.entries(VIEWS).find(([name]) => name === word.toLowerCase())?.[1];
  if (known) return known;
  throw new MalachiteError(
    "InvalidRequest",
    `viewType must be Default, All, ActiveOnly or ArchivedOnly; '${word.slice(0, 40)}' was given.`,
    {
      target: "viewType",
    },
  );
}

export const queryExperiments = route(history.queryExperiments, async ({ scope, body }, { flow }) => {
  const query = await body();
  const page = await flow.listExperiments(scope, {
    ...pageByBody(query, EXPERIMENT_FIELDS),
    view: viewOf(query.viewType),
  });
  return { value: page.values.map(experimentDto), ...given({ continuationToken: page.next }) };
});

export const listExperiments = route(history.listExperiments, async ({ scope, query }, { flow }) => {
  const page = await flow.listExperiments(scope, {
    ...pageByQuery(query, EXPERIMENT_FIELDS),
    view: viewOf(query.viewType),
  });
  return { value: page.values.map(experimentDto), ...given({ continuationToken: page.next }) };
});
