// Files of runs and logged models by MLflow's own ways: listed by run, and sent and fetched through the service.
import Type from "typebox";
import { integer, model, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams } from "../scope.ts";
import { get, gives, inWorkspace, nothing, source, trackingAddresses } from "./address.ts";
import { FileInfo } from "./models.ts";

const files = "/api/2.0/mlflow-artifacts/artifacts";
const onePath = Type.Object({
  ...workspaceParams,
  artifactPath: Type.String({ minLength: 1, description: "The container, a slash, the path in it." }),
});

export const listArtifacts = get({
  id: "ListArtifacts",
  path: "/artifacts/list",
  summary: "List the files of a run below a path.",
  takes: {
    run_id: optional(Type.String()),
    run_uuid: optional(Type.String()),
    path: optional(Type.String()),
    page_token: optional(Type.String()),
  },
  gives: gives(
    model("MlflowArtifacts", {
      root_uri: Type.String(),
      files: Type.Array(FileInfo),
      next_page_token: optional(Type.String()),
    }),
    "The files and folders right below the path.",
  ),
});

export const listProxiedArtifacts = operation({
  id: "Mlflow_ListProxiedArtifacts",
  method: "GET",
  ...trackingAddresses(files),
  summary: "List files and folders right below a path.",
  source,
  params: inWorkspace,
  query: Type.Object({ path: optional(Type.String()) }),
  answer: gives(
    model("MlflowProxiedArtifacts", { files: Type.Array(FileInfo) }),
    "Files and folders, their paths relative to the one asked for.",
  ),
});
export const downloadProxiedArtifact = operation({
  id: "Mlflow_DownloadProxiedArtifact",
  method: "GET",
  ...trackingAddresses(`${files}/{artifactPath*}`),
  summary: "Download a file; a Range header is honoured.",
  source,
  params: onePath,
  answer: { kind: "bytes", contentType: "application/octet-stream", description: "The content." },
});
export const uploadProxiedArtifact = operation({
  id: "Mlflow_UploadProxiedArtifact",
  method: "PUT",
  ...trackingAddresses(`${files}/{artifactPath*}`),
  summary: "Upload a file of any size; what was there is replaced once all of it has come.",
  source,
  params: onePath,
  body: { kind: "bytes", contentType: "application/octet-stream" },
  answer: nothing,
});
export const deleteProxiedArtifact = operation({
  id: "Mlflow_DeleteProxiedArtifact",
  method: "DELETE",
  ...trackingAddresses(`${files}/{artifactPath*}`),
  summary: "Delete a file, or everything below a path.",
  source,
  params: onePath,
  answer: nothing,
});

/** Files of any size go in one piece, so these are refused in the words that make clients go on without them. */
const multipart = (step: "create" | "complete" | "abort", summary: string) =>
  operation({
    id: `Mlflow_MultipartUpload_${step}` as const,
    method: "POST",
    ...trackingAddresses(`/api/2.0/mlflow-artifacts/mpu/${step}/{artifactPath*}`),
    summary,
    source,
    params: onePath,
    answer: nothing,
  });
export const createMultipartUpload = multipart("create", "Refused: files of any size go in one piece.");
export const completeMultipartUpload = multipart("complete", "Refused: there are no multipart uploads.");
export const abortMultipartUpload = multipart("abort", "Refused: there are no multipart uploads.");

export const presignArtifact = operation({
  id: "Mlflow_PresignArtifact",
  method: "GET",
  ...trackingAddresses("/api/2.0/mlflow-artifacts/presigned/{artifactPath*}"),
  summary: "A link to a file that needs no token.",
  source,
  params: onePath,
  answer: gives(
    model("MlflowPresignedUrl", {
      url: Type.String(),
      headers: Type.Array(model("MlflowHeader", { name: Type.String(), value: Type.String() })),
      file_size: integer({ format: "int64" }),
    }),
    "The link.",
  ),
});
