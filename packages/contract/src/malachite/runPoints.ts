// Many runs at once for comparing them: what each was given and what came of it. And the tree of runs below one.
import Type, { type Static } from "typebox";
import { RUN_STATUSES } from "../history/run.ts";
import { dateTime, integer, mapOf, model, oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { RUN_ID_PATTERN, runId, workspaceParams, workspacePath } from "../scope.ts";

const base = `/malachite/v1.0${workspacePath}`;
const token = optional(Type.String({ description: "Absent on the last page." }));

const brief = {
  runId: Type.String(),
  parentRunId: optional(Type.String()),
  experimentName: Type.String(),
  runNumber: integer(),
  displayName: optional(Type.String()),
  status: oneOf(RUN_STATUSES),
  createdUtc: dateTime(),
  startTimeUtc: optional(dateTime()),
  endTimeUtc: optional(dateTime()),
};

export const RunPointsAsk = model("RunPointsAsk", {
  parentRunId: optional(
    Type.String({ pattern: RUN_ID_PATTERN, description: "Only the runs right below this one." }),
  ),
  experimentName: optional(Type.String()),
  filter: optional(Type.String({ description: "As for lists of runs." })),
  orderBy: optional(Type.String({ description: "As for lists of runs." })),
  top: optional(
    integer({
      minimum: 1,
      maximum: 1000,
      description: "Runs in a page at most; fewer where they carry much. Default: 500.",
    }),
  ),
  continuationToken: optional(Type.String()),
  metrics: optional(Type.Array(Type.String(), { description: "Only metrics of these names. Default: all." })),
  namespace: optional(Type.String({ description: "Of the metrics. Default: none, where users log." })),
});
export type RunPointsAsk = Static<typeof RunPointsAsk>;

export const RunPoint = model("RunPoint", {
  ...brief,
  params: mapOf(Type.String(), { description: "Parameters that were logged by MLflow." }),
  tags: mapOf(Type.String()),
  properties: mapOf(Type.String()),
  metrics: mapOf(Type.Union([Type.Number(), Type.String()]), {
    description: 'The newest value of each: a number, "NaN", "Infinity" or "-Infinity".',
  }),
});
export type RunPoint = Static<typeof RunPoint>;

export const runPoints = operation({
  id: "Malachite_RunPoints",
  method: "POST",
  path: `${base}/runs/points`,
  summary: "What many runs were given and what came of it: parameters, tags, properties, newest metrics.",
  source: "malachite",
  params: Type.Object(workspaceParams),
  body: { kind: "json", schema: RunPointsAsk, required: false },
  answer: {
    kind: "json",
    schema: model("RunPointsPage", { value: Type.Array(RunPoint), continuationToken: token }),
    description: "A page of runs, the newest first unless an order is given.",
  },
});

const counts = (description: string) => mapOf(integer({ format: "int64" }), { description });

export const RunTreeNode = model("RunTreeNode", {
  ...brief,
  children: counts("How many runs are right below it, by status."),
});
export type RunTreeNode = Static<typeof RunTreeNode>;

export const RunTree = model("RunTree", {
  below: optional(
    Type.Array(
      model("RunTreeLevel", {
        depth: integer({ description: "1: right below the run." }),
        runs: counts("How many runs there are, by status."),
      }),
      { description: "On the first page." },
    ),
  ),
  more: optional(Type.Boolean({ description: "True where there are more runs below than `below` counts." })),
  value: Type.Array(RunTreeNode, {
    description: "A page of the runs right below, in the order they were made.",
  }),
  continuationToken: token,
});
export type RunTree = Static<typeof RunTree>;

export const runTree = operation({
  id: "Malachite_RunTree",
  method: "GET",
  path: `${base}/runs/{runId}/tree`,
  summary: "The runs right below a run, each with how many are below it, and how many there are in all.",
  source: "malachite",
  params: Type.Object({ ...workspaceParams, runId }),
  query: Type.Object({
    filter: optional(Type.String({ description: "As for lists of runs; of the runs right below." })),
    top: optional(integer({ minimum: 1, maximum: 1000, description: "Runs in a page. Default: 100." })),
    continuationToken: optional(Type.String()),
  }),
  answer: { kind: "json", schema: RunTree, description: "A page of the tree." },
});
