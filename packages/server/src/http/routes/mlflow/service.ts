// What clients of MLflow ask about the service, and what of MLflow's API is refused as a whole.
import { mlflow } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { route } from "../../route.ts";

/** The kind of store is told so that clients know whom they talk to; no client depends on the word. */
export const serverInfo = route(mlflow.serverInfo, async () => ({
  store_type: "Malachite",
  workspaces_enabled: false,
  multipart_uploads_enabled: false,
  multipart_downloads_enabled: false,
}));

export const trackingHealth = route(mlflow.trackingHealth, async ({ reply }) => {
  reply.type("text/plain; charset=utf-8").send("OK");
  return undefined;
});

const refuse = async ({ request }: { readonly request: { readonly url: string } }): Promise<never> => {
  const part = /\/mlflow\/([\w-]+)/.exec(request.url.replace(/^.*\/api\/\d\.\d/, ""))?.[1] ?? "this";
  throw new MalachiteError(
    "NotOffered",
    `This service keeps experiments, runs, metrics, files and models; it has no '${part}' of MLflow.`,
  );
};

export const refusals = [
  route(mlflow.refusedGet, refuse),
  route(mlflow.refusedPost, refuse),
  route(mlflow.refusedPut, refuse),
  route(mlflow.refusedPatch, refuse),
  route(mlflow.refusedDelete, refuse),
  route(mlflow.refusedTracesGet, refuse),
  route(mlflow.refusedTracesPost, refuse),
  route(mlflow.refusedTracesPatch, refuse),
  route(mlflow.refusedTracesDelete, refuse),
  route(mlflow.refusedTrace, refuse),
  route(mlflow.searchTraces, refuse),
];
