// Experiments, as MLflow's REST API has them.
import Type from "typebox";
import { model, oneOf, optional } from "../model.ts";
import { get, gives, nothing, post } from "./address.ts";
import { Experiment, int64, KeyValue, VIEW_TYPES } from "./models.ts";

const one = gives(model("MlflowOneExperiment", { experiment: Experiment }), "The experiment.");
const byId = { experiment_id: Type.String() };

export const createExperiment = post({
  id: "CreateExperiment",
  path: "/experiments/create",
  summary: "Create an experiment; its name must be new.",
  takes: {
    name: Type.String(),
    artifact_location: optional(Type.String()),
    tags: optional(Type.Array(KeyValue)),
  },
  gives: gives(model("MlflowExperimentId", byId), "The id of the experiment."),
});
export const getExperiment = get({
  id: "GetExperiment",
  path: "/experiments/get",
  summary: "Get an experiment by its id; 0 is the one named Default.",
  takes: byId,
  gives: one,
});
export const getExperimentByName = get({
  id: "GetExperimentByName",
  path: "/experiments/get-by-name",
  summary: "Get an experiment by its name.",
  takes: { experiment_name: Type.String() },
  gives: one,
});
export const deleteExperiment = post({
  id: "DeleteExperiment",
  path: "/experiments/delete",
  summary: "Archive an experiment.",
  takes: byId,
  gives: nothing,
});
export const restoreExperiment = post({
  id: "RestoreExperiment",
  path: "/experiments/restore",
  summary: "Take an experiment out of the archive.",
  takes: byId,
  gives: nothing,
});
export const updateExperiment = post({
  id: "UpdateExperiment",
  path: "/experiments/update",
  summary: "Rename an experiment.",
  takes: { ...byId, new_name: optional(Type.String()) },
  gives: nothing,
});
export const setExperimentTag = post({
  id: "SetExperimentTag",
  path: "/experiments/set-experiment-tag",
  summary: "Set a tag of an experiment.",
  takes: { ...byId, key: Type.String(), value: optional(Type.String()) },
  gives: nothing,
});
export const deleteExperimentTag = post({
  id: "DeleteExperimentTag",
  path: "/experiments/delete-experiment-tag",
  summary: "Remove a tag of an experiment.",
  takes: { ...byId, key: Type.String() },
  gives: nothing,
});

const search = {
  filter: optional(Type.String()),
  order_by: optional(Type.Array(Type.String())),
  max_results: optional(int64()),
  page_token: optional(Type.String()),
  view_type: optional(oneOf(VIEW_TYPES)),
};
const page = gives(
  model("MlflowExperiments", {
    experiments: Type.Array(Experiment),
    next_page_token: optional(Type.String()),
  }),
  "A page of experiments.",
);
export const searchExperiments = post({
  id: "SearchExperiments",
  path: "/experiments/search",
  summary: "Search experiments.",
  takes: search,
  gives: page,
});
export const searchExperimentsByQuery = get({
  id: "SearchExperimentsByQuery",
  path: "/experiments/search",
  summary: "Search experiments, asked by a query string.",
  takes: search,
  gives: page,
});
export const listExperiments = get({
  id: "ListExperiments",
  path: "/experiments/list",
  summary: "List experiments, as clients of MLflow 1 ask.",
  takes: {
    view_type: optional(oneOf(VIEW_TYPES)),
    max_results: optional(int64()),
    page_token: optional(Type.String()),
  },
  gives: page,
});
