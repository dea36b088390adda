// Tables over very many runs and experiments: search, jump, counts, columns of metrics, and changes of many runs at once.
import Type, { type Static } from "typebox";
import { ErrorResponse } from "../errors.ts";
import { Experiment } from "../history/experiment.ts";
import { Run } from "../history/run.ts";
import { dateTime, integer, mapOf, model, oneOf, optional, tagMap } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams } from "../scope.ts";
import { base, source } from "./base.ts";

const params = Type.Object(workspaceParams);

/** A run as tables and the live stream show it: with the name of its experiment, which its record holds only as an id. */
export const TableRun = model("TableRun", { ...Run.properties, experimentName: Type.String() });
export type TableRun = Static<typeof TableRun>;

/** Which runs: everything here must hold. */
const which = {
  filter: optional(
    Type.String({
      description:
        "OData: eq ne gt ge lt le, in (…), contains(…), startswith(…), endswith(…), and or not, brackets, over the properties of runs, tags/KEY, properties/KEY, params/KEY and metrics/NAME (its newest value).",
    }),
  ),
  search: optional(
    Type.String({
      maxLength: 512,
      description:
        "Words, all of which a run has somewhere in its id, name, display name, experiment, tags, script or user. Case does not matter.",
    }),
  ),
  experimentName: optional(Type.String({ minLength: 1, maxLength: 255 })),
  experimentId: optional(Type.String({ minLength: 1, maxLength: 255 })),
};
export const WhichRuns = model("WhichRuns", which);
export type WhichRuns = Static<typeof WhichRuns>;

export const RunTableQuery = model("RunTableQuery", {
  ...which,
  orderBy: optional(
    Type.String({
      description:
        "Comma separated properties, each with asc or desc, among them tags/KEY, params/KEY and metrics/NAME; runs without such a value come last. Default: createdUtc desc.",
    }),
  ),
  top: optional(integer({ minimum: 1, description: "At most 1000. Default: 100." })),
  continuationToken: optional(Type.String()),
  offset: optional(
    integer({
      minimum: 0,
      description:
        "How many runs to pass over, instead of a continuationToken. Any number in the default order, all or those equal in one of status, parentRunId, rootRunId or a tag; at most 10000 elsewhere.",
    }),
  ),
});
export type RunTableQuery = Static<typeof RunTableQuery>;

export const RunTablePage = model("RunTablePage", {
  value: Type.Array(TableRun),
  continuationToken: optional(Type.String()),
  isExact: Type.Boolean({
    description: "False when the search has looked only at the newest runs, of which there are too many.",
  }),
});
export type RunTablePage = Static<typeof RunTablePage>;

export const queryRunTable = operation({
  id: "Malachite_QueryRuns",
  method: "POST",
  path: `${base}/runs:query`,
  summary: "A page of a table of runs: filtered, searched, in any order, from any place.",
  source,
  params,
  body: { kind: "json", schema: RunTableQuery, required: false },
  answer: { kind: "json", schema: RunTablePage, description: "The page." },
});

const byStatus = mapOf(integer({ format: "int64" }), {
  description: "How many runs have each status; those with none are left out.",
});

export const RunCounts = model("RunCounts", {
  count: integer({ format: "int64" }),
  byStatus,
  isExact: Type.Boolean({
    description: "False when not all runs could be looked at in time: there are at least so many.",
  }),
});
export type RunCounts = Static<typeof RunCounts>;

export const countRuns = operation({
  id: "Malachite_CountRuns",
  method: "POST",
  path: `${base}/runs:count`,
  summary: "How many runs there are, by status.",
  source,
  params,
  body: { kind: "json", schema: WhichRuns, required: false },
  answer: { kind: "json", schema: RunCounts, description: "The counts." },
});

export const LatestMetric = model("LatestMetricValue", {
  value: Type.Unsafe<number | "NaN" | "Infinity" | "-Infinity">({
    anyOf: [{ type: "number" }, { type: "string", enum: ["NaN", "Infinity", "-Infinity"] }],
  }),
  step: integer({ format: "int64" }),
  at: dateTime(),
});
export type LatestMetric = Static<typeof LatestMetric>;

/** The values of one run for the columns of a table. */
export const RunValues = model("RunValues", {
  metrics: mapOf(LatestMetric, { description: "The newest value of each metric that is a number." }),
  params: mapOf(Type.String(), { description: "Parameters that were logged by MLflow's API." }),
});
export type RunValues = Static<typeof RunValues>;

export const latestMetrics = operation({
  id: "Malachite_LatestMetrics",
  method: "POST",
  path: `${base}/runs:latestMetrics`,
  summary: "The newest value of each metric, and the parameters, of many runs.",
  source,
  params,
  body: {
    kind: "json",
    required: true,
    schema: model("RunIds", { runIds: Type.Array(Type.String(), { description: "At most 500." }) }),
  },
  answer: {
    kind: "json",
    schema: model("LatestMetrics", { runs: mapOf(RunValues) }),
    description: "By run id. Runs that are not there, or have no values, are left out.",
  },
});

export const ExperimentSummary = model("ExperimentSummary", {
  experiment: Experiment,
  runs: integer({ format: "int64", description: "How many runs it has." }),
  byStatus,
  lastActivityUtc: optional(
    dateTime({ description: "When a run of it was last made or changed its status; absent for none." }),
  ),
});
export type ExperimentSummary = Static<typeof ExperimentSummary>;

export const ExperimentTableQuery = model("ExperimentTableQuery", {
  search: optional(Type.String({ maxLength: 512, description: "Words that its name or description has." })),
  orderBy: optional(
    oneOf(["lastActivity", "name", "created", "runs"], { description: "Default: lastActivity." }),
  ),
  descending: optional(Type.Boolean({ description: "Default: false for names, true for everything else." })),
  viewType: optional(oneOf(["ActiveOnly", "ArchivedOnly", "All"])),
  top: optional(integer({ minimum: 1, description: "At most 1000. Default: 100." })),
  offset: optional(integer({ minimum: 0 })),
});
export type ExperimentTableQuery = Static<typeof ExperimentTableQuery>;

export const ExperimentTablePage = model("ExperimentTablePage", {
  value: Type.Array(ExperimentSummary),
  count: integer({ format: "int64", description: "How many experiments there are on all pages." }),
});
export type ExperimentTablePage = Static<typeof ExperimentTablePage>;

export const queryExperimentTable = operation({
  id: "Malachite_QueryExperiments",
  method: "POST",
  path: `${base}/experiments:query`,
  summary: "A page of the experiments, each with its runs by status and its last activity.",
  source,
  params,
  body: { kind: "json", schema: ExperimentTableQuery, required: false },
  answer: { kind: "json", schema: ExperimentTablePage, description: "The page." },
});

export const ChangeRunsCommand = model("ChangeRunsCommand", {
  runIds: Type.Array(Type.String(), { description: "At most 1000." }),
  cancel: optional(
    Type.Boolean({ description: "Ask for their end. A run that has ended is left as it is." }),
  ),
  reason: optional(
    Type.String({ maxLength: 1000, description: "Why they are cancelled, for their stories." }),
  ),
  setTags: optional(tagMap()),
  removeTags: optional(Type.Array(Type.String())),
});
export type ChangeRunsCommand = Static<typeof ChangeRunsCommand>;

export const ChangeRunsResult = model("ChangeRunsResult", {
  runs: mapOf(TableRun, { description: "The runs as they are now, by id." }),
  errors: mapOf(ErrorResponse, { description: "What was refused, by run id: it stops no other." }),
});
export type ChangeRunsResult = Static<typeof ChangeRunsResult>;

export const changeRuns = operation({
  id: "Malachite_ChangeRuns",
  method: "POST",
  path: `${base}/runs:change`,
  summary: "Cancel or tag many runs; doing it again changes nothing more.",
  source,
  params,
  body: { kind: "json", schema: ChangeRunsCommand, required: true },
  answer: { kind: "json", schema: ChangeRunsResult, description: "What became of each." },
});
