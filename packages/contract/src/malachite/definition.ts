// What a run was asked to do and what was made of it, for reading and for comparing two of them.
import Type, { type Static } from "typebox";
import { anyObject, integer, model, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { base, oneRun, source } from "./base.ts";

export const RunEnvironment = model("RunEnvironment", {
  name: optional(Type.String()),
  version: optional(Type.String()),
  id: optional(Type.String({ description: "The same for the same content on the same machine." })),
  python: optional(Type.String({ description: "The interpreter that ran the script." })),
  image: optional(Type.String({ description: "The image of its container, as the engine had it." })),
  lock: optional(Type.String({ description: "Exact versions and hashes of all that was installed." })),
});
export type RunEnvironment = Static<typeof RunEnvironment>;

export const RunLaunch = model("RunLaunch", {
  target: Type.String(),
  kind: Type.String({ description: "What kind of target that was." }),
  argv: Type.Array(Type.String(), { description: "The command and its arguments, as they were run." }),
  variables: Type.Array(Type.String(), { description: "Names of the environment variables, in order." }),
  nodes: integer(),
  processes: optional(
    Type.Array(
      Type.Object({
        name: Type.String(),
        node: integer(),
        argv: Type.Array(Type.String()),
        log: Type.String(),
      }),
      { description: "Those of a run of several." },
    ),
  ),
  gpus: optional(Type.Array(integer(), { description: "The GPUs of the target that were the run's." })),
});
export type RunLaunch = Static<typeof RunLaunch>;

export const WholeRunDefinition = model("WholeRunDefinition", {
  runId: Type.String(),
  snapshotId: optional(Type.String()),
  sent: optional(anyObject({ description: "As it came, but for secrets." })),
  resolved: optional(anyObject({ description: "With every default filled in." })),
  environment: optional(RunEnvironment),
  launch: optional(RunLaunch),
});
export type WholeRunDefinition = Static<typeof WholeRunDefinition>;

export const getDefinition = operation({
  id: "Malachite_Definition",
  method: "GET",
  path: `${base}/runs/{runId}/definition`,
  summary:
    "The definition of a run as it was sent and as it was understood, its environment and its command.",
  source,
  params: oneRun,
  answer: { kind: "json", schema: WholeRunDefinition, description: "All of it, but for secrets." },
});
