// The same operations as the v1 SDK addresses them: the path of an artifact is the rest of the URL, not a part of the query.
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
import { originParam } from "./artifact.ts";

const base = `/artifact/v2.0${workspacePath}/artifacts`;
const source = "sdk";
const params = Type.Object({
  ...workspaceParams,
  origin: originParam,
  container: Type.String(),
  path: Type.String(),
});
/** A prefix may be empty. */
const withPrefix = Type.Object({
  ...workspaceParams,
  origin: originParam,
  container: Type.String(),
  path: optional(Type.String()),
});
const run = {
  ...workspaceParams,
  experimentName: optional(experimentName),
  experimentId: optional(experimentId),
  runId,
};
const ofRun = Type.Object({ ...run, path: Type.String() });
const paged = Type.Object({ continuationToken: optional(Type.String()) });

export const listArtifactsByPath = operation({
  id: "Artifacts_ListInPath",
  method: "GET",
  path: `${base}/{origin}/{container}/{path*}`,
  alsoAt: [`${base}/origins/{origin}/containers/{container}/{path*}`],
  summary: "List artifacts of a container under a path.",
  source,
  params,
  query: paged,
  answer: page,
});
export const getArtifactByPath = operation({
  id: "Artifacts_GetByPath",
  method: "GET",
  path: `${base}/metadata/{origin}/{container}/{path*}`,
  summary: "Get an artifact.",
  source,
  params,
  answer: artifact,
});
export const deleteArtifactByPath = operation({
  id: "Artifacts_DeleteMetaDataByPath",
  method: "DELETE",
  path: `${base}/metadata/{origin}/{container}/{path*}`,
  summary: "Delete an artifact.",
  source,
  params,
  query: Type.Object({ hardDelete: optional(Type.Boolean()) }),
  answer: { kind: "empty", description: "Deleted, or was not there." },
});
export const downloadArtifactByPath = operation({
  id: "Artifacts_DownloadByPath",
  method: "GET",
  path: `${base}/content/{origin}/{container}/{path*}`,
  summary: "Download an artifact; a Range header is honoured.",
  source,
  params,
  answer: { kind: "bytes", contentType: "application/octet-stream", description: "The content." },
});
export const uploadArtifactByPath = operation({
  id: "Artifacts_UploadByPath",
  method: "POST",
  path: `${base}/content/{origin}/{container}/{path*}`,
  summary: "Upload an artifact, whole or in pieces.",
  source,
  params,
  query: Type.Object({
    index: optional(integer({ format: "int64", minimum: 0 })),
    append: optional(Type.Boolean()),
    allowOverwrite: optional(Type.Boolean()),
  }),
  body: { kind: "bytes", contentType: "application/octet-stream" },
  answer: artifact,
});
export const getArtifactContentInformationByPath = operation({
  id: "Artifacts_GetContentInformationByPath",
  method: "GET",
  path: `${base}/contentinfo/{origin}/{container}/{path*}`,
  summary: "Where the content of an artifact is.",
  source,
  params,
  answer: information,
});
export const getArtifactWriteLinkByPath = operation({
  id: "Artifacts_GetSasByPath",
  method: "GET",
  path: `${base}/write/{origin}/{container}/{path*}`,
  summary: "Where the content of an artifact is to be written.",
  source,
  params,
  answer: information,
});
export const listArtifactContentInformationByPath = operation({
  id: "Artifacts_ListSasByPath",
  method: "GET",
  path: `${base}/prefix/contentinfo/{origin}/{container}/{path*}`,
  alsoAt: [`${base}/prefix/contentinfo/{origin}/{container}`],
  summary: "Where the contents under a prefix are.",
  source,
  params: withPrefix,
  query: paged,
  answer: informationPage,
});

export const listRunArtifactsByPath = operation({
  id: "RunArtifacts_ListByPath",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts/path/{path*}"),
  summary: "List the artifacts of a run under a path.",
  source,
  params: ofRun,
  query: paged,
  answer: page,
});
export const getRunArtifactByPath = operation({
  id: "RunArtifacts_GetByPath",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts/metadata/{path*}"),
  summary: "Get an artifact of a run.",
  source,
  params: ofRun,
  answer: artifact,
});
export const getRunArtifactContentInformationByPath = operation({
  id: "RunArtifacts_GetContentInformationByPath",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts/contentinfo/{path*}"),
  summary: "Where the content of a run's artifact is.",
  source,
  params: ofRun,
  answer: information,
});
export const listRunArtifactContentInformationByPath = operation({
  id: "RunArtifacts_ListSasByPath",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts/prefix/contentinfo/{path*}"),
  summary: "Where the contents of a run's artifacts are.",
  source,
  params: ofRun,
  query: paged,
  answer: informationPage,
});
export const getRunArtifactUriByPath = operation({
  id: "RunArtifacts_GetSasUriByPath",
  method: "GET",
  ...runAddresses("/history/v1.0", "/artifacts/artifacturi/{path*}"),
  summary: "The URL of a run's artifact.",
  source,
  params: ofRun,
  answer: { kind: "json", schema: Type.String(), description: "The URL." },
});
