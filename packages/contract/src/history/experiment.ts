// The experiment: the group a run belongs to. Created by its first use.
import Type, { type Static } from "typebox";
import { ErrorResponse } from "../errors.ts";
import { dateTime, mapOf, model, optional, tagMap } from "../model.ts";

export const Experiment = model("Experiment", {
  experimentId: optional(Type.String()),
  name: optional(Type.String()),
  description: optional(Type.String()),
  createdUtc: optional(dateTime()),
  tags: optional(tagMap()),
  archivedTime: optional(dateTime()),
  latestCreatedRunCreatedUtc: optional(dateTime()),
  latestCreatedRunId: optional(Type.String()),
});
export type Experiment = Static<typeof Experiment>;

export const ModifyExperiment = model("ModifyExperiment", {
  name: optional(Type.String({ minLength: 1, maxLength: 255 })),
  description: optional(Type.String()),
  tags: optional(tagMap()),
  archive: optional(Type.Boolean()),
});
export const DeleteTagsCommand = model("DeleteTagsCommand", { tags: optional(Type.Array(Type.String())) });
/** The newer contract answers what failed, the older one the experiment: both are in one answer. */
export const DeleteExperimentTagsResult = model("DeleteExperimentTagsResult", {
  ...Experiment.properties,
  errors: optional(mapOf(ErrorResponse)),
});
export type ModifyExperiment = Static<typeof ModifyExperiment>;
