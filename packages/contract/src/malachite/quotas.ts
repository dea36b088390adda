// What a workspace and its users have of their quotas.
import Type, { type Static } from "typebox";
import { integer, model, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams, workspacePath } from "../scope.ts";

const whole = (description: string) => integer({ format: "int64", description });
const amounts = {
  unfinishedRuns: whole("Runs that wait or are at work."),
  runsPerMinute: whole("Runs taken in within the last 60 seconds."),
  runningRuns: whole("Runs at work at once."),
  nodes: whole("Nodes that these have."),
  gpus: whole("GPUs that these have."),
  keptBytes: whole("Bytes of files that are kept of runs."),
};

export const QuotaUse = model("QuotaUse", amounts);
export type QuotaUse = Static<typeof QuotaUse>;

const limits = (description: string) => Type.Partial(Type.Object(amounts), { description });

export const QuotaPage = model("QuotaPage", {
  limits: Type.Object(
    {
      workspace: limits("Of all users together. What is not named has no limit."),
      user: limits("Of each user."),
    },
    { description: "The quotas of the settings." },
  ),
  workspace: QuotaUse,
  users: Type.Array(
    Type.Object({
      objectId: Type.String(),
      name: Type.String({ description: "As in his newest runs; empty where these are old." }),
      used: QuotaUse,
    }),
    { description: "Those who have anything, by object id. Only operators see others than themselves." },
  ),
  next: optional(Type.String({ description: "As `after`: the next page. Absent on the last." })),
});
export type QuotaPage = Static<typeof QuotaPage>;

export const quotas = operation({
  id: "Malachite_Quotas",
  method: "GET",
  path: `/malachite/v1.0${workspacePath}/quotas`,
  summary: "What a workspace and its users have of their quotas.",
  source: "malachite",
  params: Type.Object(workspaceParams),
  query: Type.Object({
    limit: optional(integer({ minimum: 1, maximum: 1000, description: "Users in a page. Default: 100." })),
    after: optional(Type.String({ description: "The `next` of the page before." })),
  }),
  answer: { kind: "json", schema: QuotaPage, description: "A page of users, and the workspace." },
});
