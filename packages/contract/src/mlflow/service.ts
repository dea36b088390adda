// What clients of MLflow ask about the service itself, and the parts of MLflow's API that are refused as a whole.
import Type from "typebox";
import { model } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams } from "../scope.ts";
import { gives, inWorkspace, nothing, source, trackingAddresses } from "./address.ts";

export const serverInfo = operation({
  id: "Mlflow_ServerInfo",
  method: "GET",
  ...trackingAddresses("/api/3.0/mlflow/server-info"),
  summary: "What the service can do, as clients of MLflow 3 ask.",
  source,
  params: inWorkspace,
  answer: gives(
    model("MlflowServerInfo", {
      store_type: Type.String(),
      workspaces_enabled: Type.Boolean(),
      multipart_uploads_enabled: Type.Boolean(),
      multipart_downloads_enabled: Type.Boolean(),
    }),
    "What the service can do.",
  ),
});
export const trackingHealth = operation({
  id: "Mlflow_Health",
  method: "GET",
  ...trackingAddresses("/health"),
  summary: "Whether the service answers.",
  source,
  params: inWorkspace,
  answer: { kind: "bytes", contentType: "text/plain", description: "OK" },
  authenticated: false,
});

const rest = Type.Object({ ...workspaceParams, rest: Type.String() });
const refused = <const M extends "GET" | "POST" | "PUT" | "PATCH" | "DELETE">(method: M) =>
  operation({
    id: `Mlflow_Refused_${method}` as const,
    method,
    ...trackingAddresses("/api/3.0/mlflow/{rest*}"),
    summary: "Refused: traces, assessments, scorers, evaluation datasets, the gateway and webhooks.",
    source,
    params: rest,
    answer: nothing,
  });
export const refusedGet = refused("GET");
export const refusedPost = refused("POST");
export const refusedPut = refused("PUT");
export const refusedPatch = refused("PATCH");
export const refusedDelete = refused("DELETE");

const refusedTraces = <const M extends "GET" | "POST" | "PATCH" | "DELETE">(method: M, id: string) =>
  operation({
    id: `Mlflow_RefusedTraces${id}` as const,
    method,
    ...trackingAddresses("/api/2.0/mlflow/traces/{rest*}"),
    summary: "Refused: there are no traces.",
    source,
    params: rest,
    answer: nothing,
  });
export const refusedTracesGet = refusedTraces("GET", "Get");
export const refusedTracesPost = refusedTraces("POST", "Post");
export const refusedTracesPatch = refusedTraces("PATCH", "Patch");
export const refusedTracesDelete = refusedTraces("DELETE", "Delete");
export const refusedTrace = operation({
  id: "Mlflow_RefusedTrace",
  method: "POST",
  ...trackingAddresses("/api/2.0/mlflow/traces"),
  summary: "Refused: there are no traces.",
  source,
  params: inWorkspace,
  answer: nothing,
});
export const searchTraces = operation({
  id: "Mlflow_RefusedTraceSearch",
  method: "GET",
  ...trackingAddresses("/api/2.0/mlflow/traces"),
  summary: "Refused: there are no traces.",
  source,
  params: inWorkspace,
  answer: nothing,
});
