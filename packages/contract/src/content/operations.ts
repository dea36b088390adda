// The content service: snapshots of project folders, whose ids and trees are made by clients.
import Type from "typebox";
import { optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams, workspacePath } from "../scope.ts";
import {
  CreateSnapshot,
  FileNames,
  FileNodes,
  LatestSnapshot,
  SnapshotAsset,
  SnapshotCreated,
  SnapshotMetadata,
  SnapshotZip,
} from "./snapshot.ts";

const v1 = `/content/v1.0${workspacePath}/snapshots`;
const v2 = `/content/v2.0${workspacePath}/snapshots`;
const source = "sdk";
const oneSnapshot = Type.Object({ ...workspaceParams, snapshotId: Type.String({ format: "uuid" }) });
const metadata = { kind: "json", schema: SnapshotMetadata, description: "The snapshot's tree." } as const;
const created = { kind: "json", schema: SnapshotCreated, description: "The snapshot is kept." } as const;

export const getLatestSnapshot = operation({
  id: "Snapshots_GetLatest",
  method: "GET",
  path: `${v1}/latest/metadata`,
  alsoAt: [`${v2}/latest/metadata`],
  summary: "The tree of the workspace's latest snapshot; an empty root when there is none.",
  source,
  params: Type.Object(workspaceParams),
  answer: { kind: "json", schema: LatestSnapshot, description: "The snapshot's tree." },
});

export const getSnapshotMetadata = operation({
  id: "Snapshots_GetMetadata",
  method: "GET",
  path: `${v1}/{snapshotId}/metadata`,
  alsoAt: [`${v2}/{snapshotId}/metadata`],
  summary: "The tree of a snapshot.",
  source,
  params: oneSnapshot,
  answer: metadata,
});

export const getSnapshotBlobs = operation({
  id: "Snapshots_GetBlobs",
  method: "POST",
  path: `${v2}/getblob`,
  summary: "Links to send the changed files of a coming snapshot to.",
  source,
  params: Type.Object(workspaceParams),
  body: { kind: "json", schema: FileNames, required: true },
  answer: { kind: "json", schema: FileNodes, description: "A link for each file, in the order asked." },
});

export const createSnapshot = operation({
  id: "Snapshots_Create",
  method: "POST",
  path: `${v2}/{snapshotId}`,
  summary: "Make a snapshot of files that were sent to their links, and of unchanged ones of a parent.",
  source,
  params: oneSnapshot,
  body: { kind: "json", schema: CreateSnapshot, required: true },
  answer: created,
});

export const createSnapshotOfFiles = operation({
  id: "Snapshots_CreateOfFiles",
  method: "POST",
  path: `${v1}/{snapshotId}`,
  summary: "Make a snapshot of files in the form, and of unchanged ones of a parent.",
  source,
  params: oneSnapshot,
  query: Type.Object({ parentSnapshotId: optional(Type.String()) }),
  body: {
    kind: "multipart",
    parts: {
      files: {
        description:
          "A changed file, its filename the path in the project; and as `dirTreeRootFile` of type application/json the tree.",
      },
      dirTree: { description: "The tree as JSON, when no part of files is it.", optional: true },
      properties: { description: "Properties as a JSON object.", optional: true },
      tags: { description: "Tags as a JSON object.", optional: true },
    },
  },
  answer: created,
});

export const getSnapshotZip = operation({
  id: "Snapshots_GetZip",
  method: "POST",
  path: `${v2}/{snapshotId}/zip`,
  summary: "A link to a snapshot as a zip.",
  source,
  params: oneSnapshot,
  answer: { kind: "json", schema: SnapshotZip, description: "The link; the zip is made when it is fetched." },
});

export const getSnapshotZipLink = operation({
  id: "Snapshots_GetZipLink",
  method: "GET",
  path: `${v1}/{snapshotId}`,
  summary: "A link to a snapshot as a zip, as a JSON string.",
  source,
  params: oneSnapshot,
  answer: { kind: "json", schema: Type.String(), description: "The link." },
});

export const findSnapshotByHash = operation({
  id: "Snapshots_GetByHash",
  method: "GET",
  path: `${v2}/getByHash`,
  summary: "The snapshot of a project tree by the SHA-256 of its listing.",
  source,
  params: Type.Object(workspaceParams),
  query: Type.Object({ hash: Type.String({ minLength: 1 }), hashVersion: optional(Type.String()) }),
  answer: { kind: "json", schema: SnapshotAsset, description: "The snapshot; 404 when there is none." },
});
