// What a run on a machine that shares no file system with the service asks for itself: what it is made of, and that its files are taken.
import Type, { type Static } from "typebox";
import { integer, model } from "../model.ts";
import { operation } from "../operation.ts";
import { runId, workspaceParams } from "../scope.ts";
import { base, source } from "./base.ts";

const oneLaunch = Type.Object({
  ...workspaceParams,
  runId,
  launchKey: Type.String({ pattern: "^[a-z][a-z0-9-]{0,47}$", description: "The attempt, by its key." }),
});
const path = `${base}/runs/{runId}/launches/{launchKey}`;
const ofNode = Type.Object({
  node: Type.Optional(
    integer({
      minimum: 0,
      maximum: 9999,
      description: "Whose files, where each node of the run sends its own; the first unless told.",
    }),
  ),
});

/** A file of the run as it is at home. */
export const TakenFile = model("TakenFile", {
  path: Type.String(),
  sizeBytes: integer({ format: "int64", minimum: 0, description: "Where the file ends now." }),
  taken: Type.Boolean({ description: "Whether the piece is in it; if not, it goes on at `sizeBytes`." }),
});
export type TakenFile = Static<typeof TakenFile>;

export const parcelListing = operation({
  id: "Malachite_ParcelListing",
  method: "GET",
  path: `${path}/parcel/listing`,
  summary: "What a launch is made of: a JSON line for each file, in the order of their contents.",
  source,
  params: oneLaunch,
  answer: {
    kind: "bytes",
    contentType: "application/jsonl",
    description: "The listing; ranges are answered.",
  },
});
export const parcelContent = operation({
  id: "Malachite_ParcelContent",
  method: "GET",
  path: `${path}/parcel/content`,
  summary: "The contents of all files of the listing, one after the other.",
  source,
  params: oneLaunch,
  answer: {
    kind: "bytes",
    contentType: "application/octet-stream",
    description: "The bytes; ranges are answered.",
  },
});
export const homeFiles = operation({
  id: "Malachite_HomeFiles",
  method: "GET",
  path: `${path}/files`,
  summary: "Every file of the launch that the service has, with its size: where to go on.",
  source,
  params: oneLaunch,
  query: ofNode,
  answer: {
    kind: "bytes",
    contentType: "application/jsonl",
    description: 'JSON lines {path, sizeBytes}; the last one is {"end":true}.',
  },
});
export const takeFiles = operation({
  id: "Malachite_TakeFiles",
  method: "POST",
  path: `${path}/files`,
  summary: "Takes pieces of files of the launch, each where its file ends.",
  source,
  params: oneLaunch,
  query: ofNode,
  // Of each piece a JSON line {path, from, bytes, anew?, gone?}, then so many bytes.
  body: { kind: "bytes", contentType: "application/octet-stream" },
  answer: {
    kind: "json",
    schema: model("TakenFiles", { value: Type.Array(TakenFile) }),
    description: "What became of each piece, in their order.",
  },
});

/** A node of a run whose nodes send their files by themselves. */
export const MeetingNode = model("MeetingNode", {
  node: integer({ minimum: 0 }),
  begun: Type.Boolean({ description: "Whether anything of it has come." }),
  address: Type.Optional(
    Type.String({ description: "Where the others reach it; told when it has all that it needs to start." }),
  ),
  ended: Type.Optional(
    model("MeetingEnd", {
      failure: Type.Optional(Type.String({ description: "Why it could not begin." })),
      stage: Type.Optional(Type.String()),
    }),
  ),
});
export type MeetingNode = Static<typeof MeetingNode>;

export const launchMeeting = operation({
  id: "Malachite_LaunchMeeting",
  method: "GET",
  path: `${path}/meeting`,
  summary: "Where the nodes of a launch are that share nothing but the network.",
  source,
  params: oneLaunch,
  answer: {
    kind: "json",
    schema: model("LaunchMeeting", { value: Type.Array(MeetingNode) }),
    description: "All nodes, the first one first; none for a launch of one.",
  },
});
