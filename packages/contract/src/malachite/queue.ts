// Who holds what of a compute target, and who waits for it, in the order in which they are served.
import Type, { type Static } from "typebox";
import { RUN_STATUSES } from "../history/run.ts";
import { dateTime, integer, model, oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams, workspacePath } from "../scope.ts";

const amounts = (where: string) => ({
  places: integer({ description: "Each run takes one." }),
  nodes: optional(integer({ description: "Absent where nobody counts them." })),
  gpus: optional(
    Type.Array(integer(), { description: `By number, ${where}; absent where nobody counts them.` }),
  ),
});

const byEngine = {
  gpusByEngine: optional(
    Type.Boolean({
      description:
        "True where the numbers of GPUs only count: which one a run has is told by the engine that launches it.",
    }),
  ),
};

const run = {
  runId: Type.String(),
  experimentName: Type.String(),
  displayName: optional(Type.String()),
  target: Type.String({ description: "Targets may share what they have: then this may be another one." }),
  nodes: integer(),
};

export const QueueHolder = model("QueueHolder", {
  ...run,
  status: oneOf(RUN_STATUSES),
  gpus: Type.Array(integer(), { description: "Those that it has, by number." }),
  since: dateTime({ description: "When it was taken from the line." }),
});
export type QueueHolder = Static<typeof QueueHolder>;

export const QueueWaiter = model("QueueWaiter", {
  ...run,
  position: optional(
    integer({
      description:
        "From 1, over the runs of all workspaces. Absent for a run that needs more than there is in all.",
    }),
  ),
  priority: integer(),
  gpus: integer({ description: "How many it needs, of all its nodes together." }),
  since: dateTime({ description: "When it was submitted." }),
  summary: Type.String({ description: "What it waits for, in a sentence." }),
});
export type QueueWaiter = Static<typeof QueueWaiter>;

/** What the machine of the service is and does; targets that run on it. */
export const Machine = model("Machine", {
  cpus: integer(),
  loadAverage: Type.Number({ description: "Of the last minute: processes that run or want to." }),
  memoryBytes: integer({ format: "int64" }),
  memoryFreeBytes: integer({ format: "int64", description: "What programs could have at once." }),
  diskBytes: integer({ format: "int64", description: "Of the file system that the data folder is on." }),
  diskFreeBytes: integer({ format: "int64" }),
});
export type Machine = Static<typeof Machine>;

const Elsewhere = model("QueueElsewhere", {
  holders: integer(),
  nodes: integer({ description: "That they hold." }),
  gpus: Type.Array(integer(), { description: "That they hold, by number." }),
  waiting: integer(),
});

export const TargetQueue = model("TargetQueue", {
  target: Type.String(),
  sharedWith: Type.Array(Type.String(), { description: "Other targets whose runs take of the same." }),
  capacity: model("QueueCapacity", { ...amounts("that runs may have"), ...byEngine }),
  free: model("QueueFree", amounts("that no run has")),
  machine: optional(Machine),
  holders: Type.Array(QueueHolder, {
    description: "Runs of this workspace that are at work, the longest first; at most 1,000.",
  }),
  waiting: integer({ description: "How many runs of this workspace wait." }),
  elsewhere: Elsewhere,
  value: Type.Array(QueueWaiter, {
    description: "A page of the line: the runs of this workspace in the order in which they are served.",
  }),
  continuationToken: optional(Type.String({ description: "Absent on the last page." })),
});
export type TargetQueue = Static<typeof TargetQueue>;

export const targetQueue = operation({
  id: "Malachite_Queue",
  method: "GET",
  path: `/malachite/v1.0${workspacePath}/targets/{targetName}/queue`,
  summary: "Who holds what of a compute target, and who waits for it in which order.",
  source: "malachite",
  params: Type.Object({
    ...workspaceParams,
    targetName: Type.String({ minLength: 1, maxLength: 255, description: "The name of the target." }),
  }),
  query: Type.Object({
    top: optional(
      integer({ minimum: 1, maximum: 1000, description: "Waiting runs in a page. Default: 100." }),
    ),
    continuationToken: optional(Type.String()),
  }),
  answer: { kind: "json", schema: TargetQueue, description: "The queue, all read in the same instant." },
});
