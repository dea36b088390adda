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
import { DeleteExperimentTagsResult, DeleteTagsCommand, Experiment, ModifyExperiment } from "./experiment.ts";
import { listQuery, pageOf, QueryParams } from "./query.ts";
import {
  BatchAddOrModifyRunRequest,
  BatchGetRunData,
  BatchRunData,
  BatchRunResult,
  CreateRun,
  DeleteOrModifyTags,
  GetRunDataRequest,
  GetRunDataResult,
  GetRunsByIds,
  Run,
  RunDetails,
  RunToken,
} from "./run.ts";

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
/** Parameters of an operation on runs of an experiment, which is given by name, by id, or not at all. */
const maybeExperiment = Type.Object({
  ...workspaceParams,
  experimentName: optional(experimentName),
  experimentId: optional(experimentId),
});
const everywhere = (rest: string) => ({
  path: `${workspace}/experiments/{experimentName}/${rest}`,
  alsoAt: [`${workspace}/experimentids/{experimentId}/${rest}`, `${workspace}/${rest}`],
});
const oneExperiment = Type.Object({ ...workspaceParams, experimentId });
const experiment = { kind: "json", schema: Experiment, description: "The experiment." } as const;
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
export const modifyRunTags = operation({
  id: "Runs_ModifyOrDeleteTags",
  method: "PATCH",
  ...runAddresses(base, "/tags"),
  summary: "Set and remove tags of a run.",
  source: newer,
  params: oneRun,
  body: { kind: "json", schema: DeleteOrModifyTags, required: true },
  answer: run,
});
export const addRun = operation({
  id: "Runs_Add",
  method: "POST",
  path: `${workspace}/runs/{runId}`,
  summary: "Create a run; one that is there already is not changed.",
  source: newer,
  params: Type.Object({ ...workspaceParams, runId }),
  body: { kind: "json", schema: CreateRun, required: true },
  answer: run,
});
export const getRunsByIds = operation({
  id: "Runs_GetByIds",
  method: "POST",
  ...everywhere("runs/runIds"),
  summary: "Get many runs by their ids.",
  source: newer,
  params: maybeExperiment,
  body: { kind: "json", schema: GetRunsByIds, required: true },
  answer: { kind: "json", schema: BatchRunResult, description: "The runs, and what was not found." },
});
export const getRunData = operation({
  id: "Runs_GetRunData",
  method: "POST",
  path: `${workspace}/rundata`,
  summary: "Get a run with its definition.",
  source: newer,
  params: Type.Object(workspaceParams),
  body: { kind: "json", schema: GetRunDataRequest, required: true },
  answer: { kind: "json", schema: GetRunDataResult, description: "What was selected." },
});
export const batchGetRunData = operation({
  id: "Runs_BatchGetRunData",
  method: "POST",
  path: `${workspace}/batchrundata`,
  summary: "Get many runs with their definitions.",
  source: newer,
  params: Type.Object(workspaceParams),
  body: { kind: "json", schema: BatchGetRunData, required: true },
  answer: { kind: "json", schema: BatchRunData, description: "What was selected, and what failed." },
});
export const listRuns = operation({
  id: "Runs_List",
  method: "GET",
  ...everywhere("runs"),
  summary: "List runs, as the first releases of the v1 SDK do it.",
  source: "sdk",
  params: maybeExperiment,
  query: listQuery,
  answer: page,
});
export const listRunsByCompute = operation({
  id: "Runs_ListByCompute",
  method: "GET",
  path: `${workspace}/computes/{computeName}/runs`,
  summary: "List the runs of a compute target.",
  source: newer,
  params: Type.Object({ ...workspaceParams, computeName: Type.String({ minLength: 1, maxLength: 255 }) }),
  query: listQuery,
  answer: page,
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
  ...everywhere("runs:query"),
  summary: "List runs by a query.",
  source,
  params: maybeExperiment,
  body: { kind: "json", schema: QueryParams, required: false },
  answer: page,
});
export const batchPatchRuns = operation({
  id: "Runs_BatchAddOrModify",
  method: "PATCH",
  ...everywhere("batch/runs"),
  summary: "Create or modify many runs.",
  source,
  params: maybeExperiment,
  body: { kind: "json", schema: BatchAddOrModifyRunRequest, required: true },
  answer: { kind: "json", schema: BatchRunResult, description: "The runs, and what failed." },
});
export const batchEvents = operation({
  id: "Events_BatchPost",
  method: "POST",
  ...everywhere("batch/events"),
  summary: "Post events of many runs.",
  source,
  params: maybeExperiment,
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
  answer: experiment,
});
export const createExperiment = operation({
  id: "Experiments_Create",
  method: "POST",
  path: `${workspace}/experiments/{experimentName}`,
  summary: "Create an experiment.",
  source,
  params: Type.Object(experimentParams),
  answer: experiment,
});
export const getExperimentById = operation({
  id: "Experiments_GetById",
  method: "GET",
  path: `${workspace}/experimentids/{experimentId}`,
  summary: "Get an experiment by id.",
  source,
  params: oneExperiment,
  answer: experiment,
});
export const modifyExperiment = operation({
  id: "Experiments_Update",
  method: "PATCH",
  path: `${workspace}/experimentids/{experimentId}`,
  summary: "Change an experiment.",
  source,
  params: oneExperiment,
  body: { kind: "json", schema: ModifyExperiment, required: true },
  answer: experiment,
});
export const deleteExperiment = operation({
  id: "Experiments_Delete",
  method: "DELETE",
  path: `${workspace}/experimentids/{experimentId}`,
  summary: "Delete an experiment that has no runs.",
  source: newer,
  params: oneExperiment,
  answer: { kind: "empty", description: "The experiment is gone." },
});
export const deleteExperimentTags = operation({
  id: "Experiments_DeleteTagsByPost",
  method: "POST",
  path: `${workspace}/experimentids/{experimentId}/tags:delete`,
  summary: "Remove tags of an experiment.",
  source: newer,
  params: oneExperiment,
  body: { kind: "json", schema: DeleteTagsCommand, required: true },
  answer: {
    kind: "json",
    schema: DeleteExperimentTagsResult,
    description: "The experiment, and what failed.",
  },
});
export const removeExperimentTags = operation({
  id: "Experiments_DeleteTags",
  method: "DELETE",
  path: `${workspace}/experimentids/{experimentId}/tags`,
  summary: "Remove tags of an experiment, as the older contract has it.",
  source,
  params: oneExperiment,
  body: { kind: "json", schema: DeleteTagsCommand, required: true },
  answer: experiment,
});
export const listExperiments = operation({
  id: "Experiments_List",
  method: "GET",
  path: `${workspace}/experiments`,
  summary: "List experiments.",
  source: "sdk",
  params: Type.Object(workspaceParams),
  query: Type.Object({ ...listQuery.properties, viewType: optional(Type.String()) }),
  answer: {
    kind: "json",
    schema: pageOf("PaginatedExperimentList", Experiment),
    description: "A page of experiments.",
  },
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
