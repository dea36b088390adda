// What Malachite offers beyond the Azure contract: health, tokens, log following, why a run waits, upload by content, run stories.
import Type, { type Static } from "typebox";
import { StartRunResult } from "../execution/runDefinition.ts";
import { RUN_STATUSES, Run } from "../history/run.ts";
import { anyObject, dateTime, integer, model, oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams } from "../scope.ts";
import { base, oneRun, source } from "./base.ts";

/** One file of a project: where it is in the folder, and the SHA-256 of its bytes in lower-case hex. */
export const ProjectFile = model("ProjectFile", {
  path: Type.String({ description: "Relative, with forward slashes." }),
  sizeBytes: integer({ format: "int64", minimum: 0 }),
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  executable: optional(Type.Boolean()),
});
export type ProjectFile = Static<typeof ProjectFile>;

export const ProjectFiles = model("ProjectFiles", { files: Type.Array(ProjectFile) });
export type ProjectFiles = Static<typeof ProjectFiles>;

/** Either the snapshot, or the contents that the server lacks: send those and ask again. */
export const SnapshotOffer = model("SnapshotOffer", {
  snapshotId: optional(Type.String({ format: "uuid" })),
  missing: Type.Array(Type.String({ description: "SHA-256 of a content the server does not have." })),
});
export type SnapshotOffer = Static<typeof SnapshotOffer>;

export const Constraint = model("Constraint", {
  code: Type.String({
    description:
      "limitReached, quotaReached, behindOthers, stepInProgress, engineQueue, outOfReach or ended.",
  }),
  message: Type.String(),
  resource: optional(
    Type.String({
      description: "What is lacking: places, nodes or gpus; of a quota runningRuns, nodes or gpus.",
    }),
  ),
  needed: optional(integer({ description: "How much of it the run needs." })),
  free: optional(integer({ description: "How much of it no run at work has." })),
  heldBy: optional(
    Type.Array(
      Type.String({ description: "Ids of the runs of the workspace that hold what this one waits for." }),
    ),
  ),
  heldElsewhere: optional(
    integer({ description: "How many runs of other workspaces hold it too. Absent: none." }),
  ),
  ahead: optional(integer({ description: "Runs that are served before this one." })),
});
export type Constraint = Static<typeof Constraint>;

export const Why = model("Why", {
  runId: Type.String(),
  status: oneOf(RUN_STATUSES),
  waiting: Type.Boolean({ description: "True when the run waits for something other than its own code." }),
  summary: Type.String({ description: "The whole answer in one sentence." }),
  constraints: Type.Array(Constraint),
});
export type Why = Static<typeof Why>;

/** One entry of the run's story: what happened, when, who did it, and why. */
export const StoryEntry = model("StoryEntry", {
  at: dateTime(),
  event: Type.String(),
  status: Type.String(),
  actor: Type.String(),
  cause: optional(Type.String()),
  detail: optional(anyObject()),
});
export type StoryEntry = Static<typeof StoryEntry>;

export const Target = model("ComputeTarget", {
  name: Type.String(),
  kind: Type.String(),
  usable: Type.Boolean(),
  reason: optional(Type.String({ description: "Why it is not usable." })),
  warning: optional(
    Type.String({
      description: "What is amiss although it is usable, as machines of a pool that take no runs.",
    }),
  ),
  runsAtOnce: optional(integer()),
  running: optional(integer()),
  waiting: optional(integer()),
  nodes: optional(integer({ description: "Nodes of all runs together; absent where nobody counts them." })),
  nodesFree: optional(integer()),
  gpus: optional(integer({ description: "GPUs that its runs may have; absent where nobody counts them." })),
  gpusFree: optional(integer()),
  gpusPerRun: optional(
    integer({ description: "GPUs that each node of a run gets which does not say how many." }),
  ),
  gpusReason: optional(
    Type.String({ description: "Why its runs get none of the GPUs that are counted on the machine." }),
  ),
});

export const openapi = operation({
  id: "Malachite_OpenApi",
  method: "GET",
  path: "/openapi.json",
  summary: "This document.",
  source,
  params: Type.Object({}),
  answer: { kind: "json", schema: anyObject(), description: "The OpenAPI document." },
  authenticated: false,
});
export const certificateAuthority = operation({
  id: "Malachite_CertificateAuthority",
  method: "GET",
  path: "/malachite/ca.pem",
  summary: "The certificate authority of the service's own certificate, PEM.",
  source,
  params: Type.Object({}),
  answer: { kind: "bytes", contentType: "application/x-pem-file", description: "The certificate." },
  authenticated: false,
});

export const why = operation({
  id: "Malachite_Why",
  method: "GET",
  path: `${base}/runs/{runId}/why`,
  summary: "What a run waits for, or why it ended.",
  source,
  params: oneRun,
  answer: { kind: "json", schema: Why, description: "Every unmet constraint." },
});
export const story = operation({
  id: "Malachite_Story",
  method: "GET",
  path: `${base}/runs/{runId}/story`,
  summary: "Everything that happened to a run, in order.",
  source,
  params: oneRun,
  answer: {
    kind: "json",
    schema: model("Story", { value: Type.Array(StoryEntry) }),
    description: "The story.",
  },
});
export const letGoRun = operation({
  id: "Malachite_LetGoRun",
  method: "POST",
  path: `${base}/runs/{runId}/letgo`,
  summary:
    "Close a run whose machine does not come back, without asking it: what the run holds is free, and what still runs there runs on. For operators.",
  source,
  params: oneRun,
  query: Type.Object({ reason: optional(Type.String({ description: "Why, for the run's story." })) }),
  answer: { kind: "json", schema: Run, description: "The run, ended." },
  operatorsOnly: true,
});
export const rerun = operation({
  id: "Malachite_Rerun",
  method: "POST",
  path: `${base}/runs/{runId}/rerun`,
  summary:
    "The same run once more: its definition, its project, and exactly the packages of its environment.",
  source,
  params: oneRun,
  query: Type.Object({
    newRunId: optional(Type.String({ description: "The id of the new run. Default: one is made." })),
  }),
  answer: { kind: "json", schema: StartRunResult, description: "The new run." },
});
export const followLog = operation({
  id: "Malachite_FollowLog",
  method: "GET",
  path: `${base}/runs/{runId}/log`,
  summary: "A log from a byte offset on, live, until the run has ended.",
  source,
  params: oneRun,
  query: Type.Object({
    path: optional(
      Type.String({ description: "The log. Default: that of the script, user_logs/std_log.txt." }),
    ),
    from: optional(
      integer({
        format: "int64",
        minimum: 0,
        description: "Byte offset to begin at. A Last-Event-ID header wins.",
      }),
    ),
  }),
  answer: {
    kind: "events",
    description:
      "`log` events {from, to, text | base64}, `status` events {status}, one `end` event {status, to}. The event id begins with the offset after the chunk; sent as Last-Event-ID it takes the log up again. A log that was rotated, cut or overwritten begins anew: a `restart` event {reason: replaced | shrunk | rewritten}, then its bytes from 0 on.",
  },
});
export const listTargets = operation({
  id: "Malachite_Targets",
  method: "GET",
  path: `${base}/targets`,
  summary: "The compute targets and whether they are usable.",
  source,
  params: Type.Object(workspaceParams),
  answer: {
    kind: "json",
    schema: model("ComputeTargets", { value: Type.Array(Target) }),
    description: "The targets.",
  },
});

export const TargetDetail = model("ComputeTargetDetail", {
  ...Target.properties,
  options: Type.Record(Type.String(), Type.Unknown(), {
    description: "What the settings say of it, as its driver reads it. Secrets are shown as ***.",
  }),
});

export const getTarget = operation({
  id: "Malachite_Target",
  method: "GET",
  path: `${base}/targets/{targetName}`,
  summary: "One compute target, whether it is usable, and its options.",
  source,
  params: Type.Object({
    ...workspaceParams,
    targetName: Type.String({ minLength: 1, maxLength: 255, description: "The name of the target." }),
  }),
  answer: { kind: "json", schema: TargetDetail, description: "The target." },
});

export const offerSnapshot = operation({
  id: "Malachite_OfferSnapshot",
  method: "POST",
  path: `${base}/snapshots`,
  summary: "Make a snapshot of files by their hashes; only contents that are missing need sending.",
  source,
  params: Type.Object(workspaceParams),
  body: { kind: "json", schema: ProjectFiles, required: true },
  answer: { kind: "json", schema: SnapshotOffer, description: "The snapshot or what it lacks." },
});
export const findSnapshot = operation({
  id: "Malachite_FindSnapshot",
  method: "GET",
  path: `${base}/snapshots/byContent/{treeHash}`,
  summary: "The snapshot of a tree by the hash of its listing (see projectTreeText).",
  source,
  params: Type.Object({ ...workspaceParams, treeHash: Type.String({ pattern: "^[0-9a-f]{64}$" }) }),
  answer: { kind: "json", schema: SnapshotOffer, description: "The snapshot; 404 when unknown." },
});
export const sendContents = operation({
  id: "Malachite_SendContents",
  method: "POST",
  path: `${base}/contents`,
  summary: "Send contents as a zip whose entries are named by their SHA-256.",
  source,
  params: Type.Object(workspaceParams),
  body: { kind: "bytes", contentType: "application/zip" },
  answer: {
    kind: "json",
    schema: model("ContentsKept", { kept: integer() }),
    description: "How many are now kept.",
  },
});
export const downloadSnapshot = operation({
  id: "Malachite_DownloadSnapshot",
  method: "GET",
  path: `${base}/snapshots/{snapshotId}/zip`,
  summary: "A snapshot as a zip.",
  source,
  params: Type.Object({ ...workspaceParams, snapshotId: Type.String({ format: "uuid" }) }),
  answer: { kind: "bytes", contentType: "application/zip", description: "The zip." },
});

export const signedSnapshot = operation({
  id: "Malachite_SignedSnapshot",
  method: "GET",
  path: `${base}/snapshots/{snapshotId}/signed`,
  summary: "A snapshot as a zip by a signed link.",
  source,
  params: Type.Object({ ...workspaceParams, snapshotId: Type.String({ format: "uuid" }) }),
  query: Type.Object({
    se: integer({ format: "int64", description: "Seconds since 1970 UTC at which the link ends." }),
    sig: Type.String({ description: "The signature over all of these." }),
  }),
  answer: { kind: "bytes", contentType: "application/zip", description: "The zip." },
  authenticated: false,
});

export const Token = model("Token", {
  access_token: Type.String(),
  expires_on: Type.String({ description: "Seconds since 1970 UTC." }),
  expires_in: Type.String({ description: "Seconds from now." }),
  resource: Type.String(),
  token_type: oneOf(["Bearer"]),
});
export type Token = Static<typeof Token>;

const token = {
  path: "/msi/token",
  summary: "A token of the service's own, as a managed identity endpoint gives it.",
  source,
  params: Type.Object({}),
  query: Type.Object({
    resource: optional(Type.String()),
    secret: optional(
      Type.String({ description: "As the header of that name, for clients that have only an address." }),
    ),
  }),
  answer: { kind: "json", schema: Token, description: "The token." },
  authenticated: false,
} as const;
export const getToken = operation({ ...token, id: "Malachite_GetToken", method: "GET" });
export const postToken = operation({
  ...token,
  id: "Malachite_PostToken",
  method: "POST",
  body: { kind: "bytes", contentType: "application/x-www-form-urlencoded" },
});
