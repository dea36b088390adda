// The experiment: the group a run belongs to. Created by its first use.
import Type, { type Static } from "typebox";
import { dateTime, mapOf, model, optional } from "../model.ts";

export const Experiment = model("Experiment", {
  experimentId: optional(Type.String()),
  name: optional(Type.String()),
  description: optional(Type.String()),
  createdUtc: optional(dateTime()),
  tags: optional(mapOf(Type.String())),
  archivedTime: optional(dateTime()),
  latestCreatedRunCreatedUtc: optional(dateTime()),
  latestCreatedRunId: optional(Type.String()),
});
export type Experiment = Static<typeof Experiment>;

export const ModifyExperiment = model("ModifyExperiment", {
  description: optional(Type.String()),
  tags: optional(mapOf(Type.String())),
  archive: optional(Type.Boolean()),
});
export type ModifyExperiment = Static<typeof ModifyExperiment>;
