// Run history: experiments, runs, events (runHistory.json; the addresses by workspace and id come from run-history v1.0).
import Type from "typebox";
import { optional } from "../model.ts";
import { operation } from "../operation.ts";
import {
  experimentId,
  experimentName,
  experimentParams,
  runAddresses,
  runId,
  workspaceParams,
  workspacePath,
} from "../scope.ts";
import { BaseEvent, BatchEventCommand, BatchEventCommandResult } from "./event.ts";
import { Experiment, ModifyExperiment } from "./experiment.ts";
import { listQuery, pageOf, QueryParams } from "./query.ts";
import { BatchAddOrModifyRunRequest, BatchRunResult, CreateRun, Run, RunDetails, RunToken } from "./run.ts";

const base = "/history/v1.0";
const source = "runHistory 2019-09-30";
const newer = "runHistory v1.0";
const workspace = `${base}${workspacePath}`;
/** Parameters of an operation on one run: the experiment is given by name, by id, or not at all. */
const oneRun = Type.Object({
  ...workspaceParams,
  experimentName: optional(experimentName),
  experimentId: optional(experimentId),
  runId,
});
const run = { kind: "json", schema: Run, description: "The run." } as const;
const page = {
  kind: "json",
  schema: pageOf("PaginatedRunList", Run),
  description: "A page of runs.",
} as const;

export const getRun = operation({
  id: "Runs_Get",
  method: "GET",
  ...runAddresses(base),
  summary: "Get a run.",
  source,
  params: oneRun,
  answer: run,
});
export const patchRun = operation({
  id: "Runs_Patch",
  method: "PATCH",
  ...runAddresses(base),
  summary: "Create or modify a run.",
  source,
  params: oneRun,
  body: { kind: "json", schema: CreateRun, required: true },
  answer: run,
});
export const getRunDetails = operation({
  id: "Runs_GetDetails",
  method: "GET",
  ...runAddresses(base, "/details"),
  summary: "Get a run with its logs and its definition.",
  source,
  params: oneRun,
  answer: { kind: "json", schema: RunDetails, description: "The details of the run." },
});
export const listChildren = operation({
  id: "Runs_GetChild",
  method: "GET",
  ...runAddresses(base, "/children"),
  summary: "List the child runs of a run.",
  source,
  params: oneRun,
  query: listQuery,
  answer: page,
});
export const deleteRunTags = operation({
  id: "Runs_DeleteTags",
  method: "DELETE",
  ...runAddresses(base, "/tags"),
  summary: "Remove tags of a run.",
  source,
  params: oneRun,
  body: { kind: "json", schema: Type.Array(Type.String()), required: true },
  answer: run,
});
export const postRunEvent = operation({
  id: "Events_Post",
  method: "POST",
  ...runAddresses(base, "/events"),
  summary: "Post an event of a run.",
  source,
  params: oneRun,
  body: { kind: "json", schema: BaseEvent, required: true },
  answer: { kind: "empty", description: "The event was taken." },
});
export const cancelRunByHistory = operation({
  id: "Runs_Cancel",
  method: "POST",
  ...runAddresses(base, "/cancel"),
  summary: "Cancel a run.",
  source: newer,
  params: oneRun,
  query: Type.Object({ CancelationReason: optional(Type.String()) }),
  answer: run,
});
export const getRunToken = operation({
  id: "Runs_GetToken",
  method: "GET",
  ...runAddresses(base, "/token"),
  summary: "A fresh token that reaches this run's data and nothing else.",
  source: newer,
  params: oneRun,
  answer: { kind: "json", schema: RunToken, description: "The token and when it ends." },
});
export const queryRuns = operation({
  id: "Runs_GetByQuery",
  method: "POST",
  path: `${workspace}/experiments/{experimentName}/runs:query`,
  alsoAt: [`${workspace}/experimentids/{experimentId}/runs:query`, `${workspace}/runs:query`],
  summary: "List runs by a query.",
  source,
  params: Type.Object({
    ...workspaceParams,
    experimentName: optional(experimentName),
    experimentId: optional(experimentId),
  }),
  body: { kind: "json", schema: QueryParams, required: false },
  answer: page,
});
export const batchPatchRuns = operation({
  id: "Runs_BatchAddOrModify",
  method: "PATCH",
  path: `${workspace}/experiments/{experimentName}/batch/runs`,
  summary: "Create or modify many runs.",
  source,
  params: Type.Object(experimentParams),
  body: { kind: "json", schema: BatchAddOrModifyRunRequest, required: true },
  answer: { kind: "json", schema: BatchRunResult, description: "The runs, and what failed." },
});
export const batchEvents = operation({
  id: "Events_BatchPost",
  method: "POST",
  path: `${workspace}/experiments/{experimentName}/batch/events`,
  summary: "Post events of many runs.",
  source,
  params: Type.Object(experimentParams),
  body: { kind: "json", schema: BatchEventCommand, required: true },
  answer: { kind: "json", schema: BatchEventCommandResult, description: "What failed." },
});
export const getExperiment = operation({
  id: "Experiments_Get",
  method: "GET",
  path: `${workspace}/experiments/{experimentName}`,
  summary: "Get an experiment.",
  source,
  params: Type.Object(experimentParams),
  answer: { kind: "json", schema: Experiment, description: "The experiment." },
});
export const createExperiment = operation({
  id: "Experiments_Create",
  method: "POST",
  path: `${workspace}/experiments/{experimentName}`,
  summary: "Create an experiment.",
  source,
  params: Type.Object(experimentParams),
  answer: { kind: "json", schema: Experiment, description: "The experiment." },
});
export const getExperimentById = operation({
  id: "Experiments_GetById",
  method: "GET",
  path: `${workspace}/experimentids/{experimentId}`,
  summary: "Get an experiment by id.",
  source,
  params: Type.Object({ ...workspaceParams, experimentId }),
  answer: { kind: "json", schema: Experiment, description: "The experiment." },
});
export const modifyExperiment = operation({
  id: "Experiments_Update",
  method: "PATCH",
  path: `${workspace}/experimentids/{experimentId}`,
  summary: "Change an experiment.",
  source,
  params: Type.Object({ ...workspaceParams, experimentId }),
  body: { kind: "json", schema: ModifyExperiment, required: true },
  answer: { kind: "json", schema: Experiment, description: "The experiment." },
});
export const queryExperiments = operation({
  id: "Experiments_GetByQuery",
  method: "POST",
  path: `${workspace}/experiments:query`,
  summary: "List experiments.",
  source,
  params: Type.Object(workspaceParams),
  body: { kind: "json", schema: QueryParams, required: false },
  answer: {
    kind: "json",
    schema: pageOf("PaginatedExperimentList", Experiment),
    description: "A page of experiments.",
  },
});
