// A workspace that was filled as clients do it: a run on this machine with its project, logs and outputs, a child with metrics, parameters and
// datasets, models, an asset, an environment, a datastore.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { Scope } from "@malachite/core";
import { buildZip } from "./buildZip.ts";
import { findPython } from "./findPython.ts";

export const FILE = "outputs/a b/ü.txt";

export type Filled = {
  readonly scope: Scope;
  readonly experimentName: string;
  readonly experimentId: string;
  readonly snapshotId: string;
  readonly loggedModelId: string;
  readonly assetId: string;
};

const SCRIPT = `import os
os.makedirs("outputs/a b")
open("outputs/a b/ü.txt", "w").write("kept")
open("outputs/large.bin", "wb").write(b"malachite" * 300000)
print("first line")
print("second line")
`;

/** Fills the workspace of a service that is at work, by its API. */
export async function fillByApi(base: string, scope: Scope): Promise<Filled> {
  const { subscriptionId, resourceGroup, workspace } = scope;
  const at = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`;
  const call = async <T>(method: string, path: string, body: unknown): Promise<T> => {
    const isJson = body !== undefined && !(body instanceof FormData) && typeof body !== "string";
    const answer = await fetch(base + path, {
      method,
      headers: {
        authorization: "Bearer dev",
        ...(isJson ? { "content-type": "application/json" } : {}),
        ...(typeof body === "string" ? { "content-type": "application/octet-stream" } : {}),
      },
      ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as FormData | string) }),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path} → ${answer.status} ${text}`);
    return (/json/.test(answer.headers.get("content-type") ?? "") ? JSON.parse(text) : undefined) as T;
  };
  const mlflow = <T>(path: string, body: object) =>
    call<T>("POST", `/mlflow/v2.0${at}/api/2.0/mlflow/${path}`, body);
  const experimentName = "first experiment";
  const inExperiment = `${at}/experiments/${encodeURIComponent(experimentName)}`;

  const form = new FormData();
  const environment = { python: { userManagedDependencies: true, interpreterPath: findPython() } };
  const definition = {
    configuration: { script: "main.py", arguments: ["a b"], environment },
    tags: { size: "1" },
  };
  form.set(
    "runDefinitionFile",
    new Blob([JSON.stringify(definition)], { type: "application/json" }),
    "d.json",
  );
  const zip = buildZip([
    { name: "main.py", data: SCRIPT },
    { name: "src/lib.py", data: "lib" },
  ]);
  form.set("projectZipFile", new Blob([new Uint8Array(zip)], { type: "application/zip" }), "p.zip");
  await call("POST", `/execution/v1.0${inExperiment}/startrun?runId=ended`, form);
  let run: { status: string; experimentId: string; properties: Record<string, string> };
  for (const end = Date.now() + 180_000; ; await pause(50)) {
    run = await call("GET", `/history/v1.0${inExperiment}/runs/ended`, undefined);
    if (run.status === "Completed") break;
    assert.ok(!/Failed|Canceled/.test(run.status) && Date.now() < end, JSON.stringify(run));
  }
  const { experimentId } = run;

  await call("PATCH", `/history/v1.0${inExperiment}/runs/child`, {
    runId: "child",
    parentRunId: "ended",
    displayName: "A Child",
    status: "Running",
    tags: { odd: `'"\n𝒳` },
    properties: { p: "1" },
  });
  const metric = (key: string, value: number | string, step: number) => ({
    key,
    value,
    step,
    timestamp: 1_700_000_000_000 + step,
  });
  await mlflow("runs/log-batch", {
    run_id: "child",
    metrics: [
      metric("loss", 0.5, 0),
      metric("loss", 0.25, 1),
      metric("loss", "Infinity", 2),
      metric("accuracy", 1, 0),
    ],
    params: [{ key: "rate", value: "0.1" }],
    tags: [{ key: "team", value: "a" }],
  });
  const dataset = { name: "d", digest: "x", source_type: "local", source: "s", schema: "{}", profile: "{}" };
  await mlflow("runs/log-inputs", {
    run_id: "child",
    datasets: [{ dataset, tags: [{ key: "mlflow.data.context", value: "training" }] }],
  });
  await mlflow("runs/update", { run_id: "child", status: "FINISHED", end_time: 1_700_000_009_000 });
  await mlflow("experiments/set-experiment-tag", { experiment_id: experimentId, key: "team", value: "a" });
  await mlflow("registered-models/create", { name: "net", tags: [{ key: "k", value: "v" }] });
  await mlflow("model-versions/create", {
    name: "net",
    source: "runs:/ended/outputs",
    run_id: "ended",
    description: "d",
  });
  await mlflow("registered-models/alias", { name: "net", alias: "best", version: "1" });
  const logged = await mlflow<{ model: { info: { model_id: string } } }>("logged-models", {
    experiment_id: experimentId,
    name: "net",
    source_run_id: "child",
    params: [{ key: "depth", value: "3" }],
  });
  await call("POST", `/artifact/v2.0${at}/artifacts/LocalUpload/Some%20Box/content?path=model.pkl`, "pickle");
  const asset = await call<{ id: string }>("POST", `/modelmanagement/v1.0${at}/assets`, {
    name: "asset",
    runid: "ended",
    artifacts: [{ prefix: "LocalUpload/Some Box/model.pkl" }],
    kvTags: { a: "1" },
  });
  await call("POST", `/modelmanagement/v1.0${at}/models`, {
    name: "second",
    url: `aml://asset/${asset.id}`,
    runId: "ended",
    kvTags: { a: "1" },
  });
  await call("PUT", `/environment/v1.0${at}/environments/env`, {
    name: "env",
    python: { userManagedDependencies: true },
  });
  await call("POST", `/datastore/v1.0${at}/datastores`, {
    name: "store",
    dataStoreType: "AzureBlob",
    azureStorageSection: { accountName: "account", containerName: "c", credentialType: "None" },
  });
  return {
    scope,
    experimentName,
    experimentId,
    snapshotId: run.properties.ContentSnapshotId ?? "",
    loggedModelId: logged.model.info.model_id,
    assetId: asset.id,
  };
}
