// The files of a project as they ran: listed, and one by one.
import Type, { type Static } from "typebox";
import { model, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams } from "../scope.ts";
import { base, source } from "./base.ts";
import { ProjectFile } from "./operations.ts";

const oneSnapshot = Type.Object({ ...workspaceParams, snapshotId: Type.String({ format: "uuid" }) });

export const SnapshotFiles = model("SnapshotFiles", {
  value: Type.Array(ProjectFile, { description: "In order of path." }),
  continuationToken: optional(Type.String()),
});
export type SnapshotFiles = Static<typeof SnapshotFiles>;

export const listSnapshotFiles = operation({
  id: "Malachite_ListSnapshotFiles",
  method: "GET",
  path: `${base}/snapshots/{snapshotId}/files`,
  summary: "The files of a snapshot.",
  source,
  params: oneSnapshot,
  query: Type.Object({
    prefix: optional(Type.String({ maxLength: 4000, description: "Only paths that begin with this." })),
    continuationToken: optional(Type.String()),
  }),
  answer: { kind: "json", schema: SnapshotFiles, description: "A page of at most 1000 files." },
});
export const readSnapshotFile = operation({
  id: "Malachite_ReadSnapshotFile",
  method: "GET",
  path: `${base}/snapshots/{snapshotId}/content`,
  summary: "One file of a snapshot, or a range of it.",
  source,
  params: oneSnapshot,
  query: Type.Object({ path: Type.String({ maxLength: 4000 }) }),
  answer: { kind: "bytes", contentType: "application/octet-stream", description: "Its bytes." },
});
