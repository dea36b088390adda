// Artifacts: the artifact service itself and the history service's view of one run (artifact.json, runHistory.json).
import Type from "typebox";
import { integer, optional } from "../model.ts";
import { operation } from "../operation.ts";
import {
  experimentId,
  experimentName,
  runAddresses,
  runId,
  workspaceParams,
  workspacePath,
} from "../scope.ts";
import { artifact, information, informationPage, page } from "./answers.ts";
import {
  Artifact,
  ArtifactContainerSas,
  ArtifactIdList,
  ArtifactPathList,
  BatchArtifactContentInformationResult,
  originParam,
} from "./artifact.ts";

const base = `/artifact/v2.0${workspacePath}/artifacts`;
const source = "artifact 2019-09-30";
const history = "runHistory 2019-09-30";
const workspace = Type.Object(workspaceParams);
const container = Type.Object({ ...workspaceParams, origin: originParam, container: Type.String() });
const withPath = Type.Object({ path: Type.String() });
const maybePath = Type.Object({ path: optional(Type.String()), continuationToken: optional(Type.String()) });
const hardDelete = Type.Object({ hardDelete: optional(Type.Boolean()) });
const oneRun = Type.Object({
  ...workspaceParams,
  experimentName: optional(experimentName),
  experimentId: optional(experimentId),
  runId,
});

export const listArtifacts = operation({
  id: "Artifacts_ListInContainer",
  method: "GET",
  path: `${base}/{origin}/{container}`,
  alsoAt: [`${base}/origins/{origin}/containers/{container}`],
  summary: "List artifacts of a container.",
  source,
  params: container,
  query: maybePath,
  answer: page,
});
export const getArtifact = operation({
  id: "Artifacts_Get",
  method: "GET",
  path: `${base}/{origin}/{container}/metadata`,
  summary: "Get an artifact.",
  source,
  params: container,
  query: withPath,
  answer: artifact,
});
export const deleteArtifact = operation({
  id: "Artifacts_DeleteMetaData",
  method: "DELETE",
  path: `${base}/{origin}/{container}/metadata`,
  summary: "Delete an artifact.",
  source,
  params: container,
  query: Type.Object({ path: Type.String(), hardDelete: optional(Type.Boolean()) }),
  answer: { kind: "empty", description: "Deleted, or was not there." },
});
export const downloadArtifact = operation({
  id: "Artifacts_Download",
  method: "GET",
  path: `${base}/{origin}/{container}/content`,
  summary: "Download an artifact; a Range header is honoured.",
  source,
  params: container,
  query: withPath,
  answer: { kind: "bytes", contentType: "application/octet-stream", description: "The content." },
});
export const uploadArtifact = operation({
  id: "Artifacts_Upload",
  method: "POST",
  path: `${base}/{origin}/{container}/content`,
  summary: "Upload an artifact, whole or in pieces.",
  source,
  params: container,
  query: Type.Object({
    path: Type.String(),
    index: optional(
      integer({
        format: "int64",
        minimum: 0,
        description:
          "With append: the byte offset at which this piece begins. A piece that does not begin at the file's end is refused (409) and the answer tells the size, so that a repeated request never doubles bytes.",
      }),
    ),
    append: optional(Type.Boolean()),
    allowOverwrite: optional(Type.Boolean()),
  }),
  body: { kind: "bytes", contentType: "application/octet-stream" },
  answer: artifact,
});
export const getArtifactContentInformation = operation({
  id: "Artifacts_GetContentInformation",
  method: "GET",
  path: `${base}/{origin}/{container}/contentinfo`,
  summary: "Where the content of an artifact is.",
  source,
  params: container,
  query: withPath,
  answer: information,
});
export const listArtifactContentInformation = operation({
  id: "Artifacts_ListSasByPrefix",
  method: "GET",
  path: `${base}/{origin}/{container}/prefix/contentinfo`,
  summary: "Where the contents under a prefix are.",
  source,
  params: container,
  query: maybePath,
  answer: informationPage,
});

/** Empty ones are not made: an artifact is there once its content is, so that a reader never takes a begun one for a whole one. */
const batch = {
  kind: "json",
  schema: BatchArtifactContentInformationResult,
  description: "By the paths as they were sent: what was made, where to write it, and what could not be.",
} as const;
const paths = { kind: "json", schema: ArtifactPathList, required: true } as const;

export const createArtifacts = operation({
  id: "Artifacts_BatchCreateEmptyArtifacts",
  method: "POST",
  path: `${base}/{origin}/{container}/batch/metadata`,
  alsoAt: [`${base}/batch/metadata/{origin}/{container}`],
  summary: "Where the contents of new artifacts are to be written.",
  source,
  params: container,
  body: paths,
  answer: batch,
});
export const getArtifactWriteLink = operation({
  id: "Artifacts_GetSas",
  method: "GET",
  path: `${base}/{origin}/{container}/write`,
  summary: "Where the content of an artifact is to be written.",
  source,
  params: container,
  query: withPath,
  answer: information,
});
export const createArtifact = operation({
  id: "Artifacts_Create",
  method: "POST",
  path: `${base}/metadata`,
  summary: "Announce an artifact whose content comes later.",
  source,
  params: workspace,
  body: { kind: "json", schema: Artifact, required: true },
  answer: artifact,
});
export const registerArtifact = operation({
  id: "Artifacts_Register",
  method: "POST",
  path: `${base}/register`,
  summary: "Make an artifact of data that a datastore of the workspace holds.",
  source,
  params: workspace,
  body: { kind: "json", schema: Artifact, required: true },
  answer: artifact,
});
const ids = { kind: "json", schema: ArtifactIdList, required: true } as const;
const byId = { ...batch, description: "By the ids as they were sent." } as const;
export const getArtifactsById = operation({
  id: "Artifacts_BatchGetById",
  method: "POST",
  path: `${base}/batch/metadata`,
  summary: "Artifacts by their ids, and where their contents are.",
  source,
  params: workspace,
  body: ids,
  answer: byId,
});
export const getArtifactStorageUrisById = operation({
  id: "Artifacts_BatchGetStorageById",
  method: "POST",
  path: `${base}/storageuri/batch/metadata`,
  summary: "Artifacts by their ids, and their places in the storage, without permission to read there.",
  source,
  params: workspace,
  body: ids,
  answer: byId,
});
export const getArtifactStorageUri = operation({
  id: "Artifacts_GetStorageContentInformation",
  method: "GET",
  path: `${base}/{origin}/{container}/contentinfo/storageuri`,
  summary: "The place of an artifact in the storage, without permission to read there.",
  source,
  params: container,
  query: withPath,
  answer: information,
});
export const listArtifactStorageUris = operation({
  id: "Artifacts_ListStorageUriByPrefix",
  method: "GET",
  path: `${base}/{origin}/{container}/prefix/contentinfo/storageuri`,
  summary: "The places in the storage of the artifacts under a prefix.",
  source,
  params: container,
  query: maybePath,
  answer: informationPage,
});
export const ingestArtifacts = operation({
  id: "Artifacts_BatchIngestFromSas",
  method: "POST",
  path: `${base}/{origin}/{container}/batch/ingest/containersas`,
  alsoAt: [`${base}/batch/ingest/containersas/{origin}/{container}`],
  summary: "Take over the blobs of a storage container of this service.",
  source,
  params: container,
  body: { kind: "json", schema: ArtifactContainerSas, required: true },
  answer: page,
});
export const deleteArtifacts = operation({
  id: "Artifacts_DeleteBatchMetaData",
  method: "POST",
  path: `${base}/{origin}/{container}/batch/metadata:delete`,
  summary: "Delete artifacts.",
  source,
  params: container,
  query: hardDelete,
  body: paths,
  answer: { kind: "empty", description: "Deleted, or were not there." },
});
export const deleteArtifactsInContainer = operation({
  id: "Artifacts_DeleteMetaDataInContainer",
  method: "DELETE",
  path: `${base}/{origin}/{container}/batch`,
  alsoAt: [`${base}/batch/{origin}/{container}`],
  summary: "Delete all artifacts of a container.",
  source,
  params: container,
  query: hardDelete,
  answer: { kind: "empty", description: "Deleted." },
});
export const createRunArtifacts = operation({
  id: "RunArtifacts_BatchCreateEmptyArtifacts",
  method: "POST",
  ...runAddresses("/history/v1.0", "/artifacts/batch/metadata"),
  summary: "Where the contents of a run's new artifacts are to be written.",
  source: history,
  params: oneRun,
  body: paths,
  answer: batch,
});

export const listRunArtifacts = operation({
  id: "RunArtifacts_ListInContainer",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts"),
  summary: "List the artifacts of a run.",
  source: history,
  params: oneRun,
  query: Type.Object({ continuationToken: optional(Type.String()) }),
  answer: page,
});
export const listRunArtifactsUnderPath = operation({
  id: "RunArtifacts_ListInPath",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts/path"),
  summary: "List the artifacts of a run under a path.",
  source: history,
  params: oneRun,
  query: maybePath,
  answer: page,
});
export const getRunArtifact = operation({
  id: "RunArtifacts_GetById",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts/metadata"),
  summary: "Get an artifact of a run.",
  source: history,
  params: oneRun,
  query: withPath,
  answer: artifact,
});
export const getRunArtifactContentInformation = operation({
  id: "RunArtifacts_GetContentInformation",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts/contentinfo"),
  summary: "Where the content of a run's artifact is.",
  source: history,
  params: oneRun,
  query: withPath,
  answer: information,
});
export const listRunArtifactContentInformation = operation({
  id: "RunArtifacts_ListSasByPrefix",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts/prefix/contentinfo"),
  summary: "Where the contents of a run's artifacts are.",
  source: history,
  params: oneRun,
  query: maybePath,
  answer: informationPage,
});
export const getRunArtifactUri = operation({
  id: "RunArtifacts_GetSasUri",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts/artifacturi"),
  summary: "The URL of a run's artifact.",
  source: history,
  params: oneRun,
  query: withPath,
  answer: { kind: "json", schema: Type.String(), description: "The URL." },
});
