import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError } from "@malachite/core";
import { NOON } from "../../testing/clock.ts";
import { DEV, JSON_DEV, type TestEdge, testEdge } from "../../testing/edge.ts";
import { testRun, WORKSPACE } from "../../testing/flow.ts";
import { trackedRun } from "../../testing/trackingFlow.ts";

const V1 = `/mlflow/v1.0${WORKSPACE}`;
const V2 = `/mlflow/v2.0${WORKSPACE}`;
const PLUGIN = "mlflow-python-client/3.15.0 azureml-mlflow/1.62.0";

const post = (edge: TestEdge, path: string, body: unknown, headers = {}) =>
  edge.app.inject({
    method: "POST",
    url: `${V1}/api/2.0/mlflow${path}`,
    headers: { ...JSON_DEV, ...headers },
    payload: JSON.stringify(body),
  });
const get = (edge: TestEdge, url: string, headers = {}) =>
  edge.app.inject({ url, headers: { ...DEV, ...headers } });

describe("MLflow's REST API", () => {
  it("answers a run with its fields, parameters, tags and metrics", async () => {
    await using edge = await testEdge();
    const about = { displayName: "shown", tags: { a: "1" }, properties: {}, warnings: [] };
    edge.flow.tracking.run = async (_scope, id) =>
      trackedRun(id, {
        run: testRun(id, { about, parentRunId: "above" }),
        status: "Completed",
        metrics: [
          { name: "m", value: Number.NaN, step: 3, at: NOON },
          { name: "n", value: Number.NEGATIVE_INFINITY, step: 0, at: NOON },
        ],
        log: { params: { lr: "0.1" }, datasets: [], modelInputs: [], modelOutputs: [] },
      });
    const answer = await get(edge, `${V1}/api/2.0/mlflow/runs/get?run_id=r&run_uuid=r`);
    assert.equal(answer.statusCode, 200, answer.body);
    const { info, data } = answer.json().run;
    assert.deepEqual(
      [info.run_id, info.run_uuid, info.run_name, info.status, info.lifecycle_stage, info.artifact_uri],
      ["r", "r", "shown", "FINISHED", "active", "mlflow-artifacts:/dcid.r"],
    );
    assert.deepEqual(data.params, [{ key: "lr", value: "0.1" }]);
    assert.deepEqual(
      data.metrics.map(({ key, value, step }: Record<string, unknown>) => [key, value, step]),
      [
        ["m", "NaN", 3],
        ["n", "-Infinity", 0],
      ],
    );
    const tags = Object.fromEntries(
      data.tags.map((tag: { key: string; value: string }) => [tag.key, tag.value]),
    );
    assert.deepEqual(tags, {
      "mlflow.runName": "shown",
      "mlflow.parentRunId": "above",
      "mlflow.user": "developer",
      a: "1",
    });
  });

  it("names files as the asking client reads them", async () => {
    await using edge = await testEdge();
    const uri = async (base: string, agent: string) =>
      (
        await get(edge, `${base}/api/2.0/mlflow/runs/get?run_id=r`, {
          "user-agent": agent,
          host: "127.0.0.1:7",
        })
      ).json().run.info.artifact_uri;
    assert.equal(await uri(V1, PLUGIN), "mlflow-artifacts:/dcid.r");
    assert.equal(await uri(V2, "mlflow-python-client/3.15.0"), "mlflow-artifacts:/dcid.r");
    assert.equal(
      await uri(V2, PLUGIN),
      `azureml://127.0.0.1:7/mlflow/v2.0${WORKSPACE}/experiments/exp-id/runs/r/artifacts`,
    );
  });

  it("takes numbers that JSON has none for, and refuses what is no number", async () => {
    await using edge = await testEdge();
    const values: unknown[] = [];
    edge.flow.tracking.log = async (_scope, _id, { metrics = [] }) => {
      values.push(...metrics.map(({ value }) => value));
    };
    for (const value of ["NaN", "Infinity", "-Infinity", 1.5, "2.5"])
      assert.equal((await post(edge, "/runs/log-metric", { run_id: "r", key: "m", value })).statusCode, 200);
    assert.deepEqual(values, [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.5, 2.5]);
    const refused = await post(edge, "/runs/log-metric", { run_id: "r", key: "m", value: "much" });
    assert.equal(refused.statusCode, 400);
    assert.equal(refused.json().error_code, "INVALID_PARAMETER_VALUE");
  });

  it("puts long answers together of portions, up to what was asked for", async () => {
    await using edge = await testEdge();
    const asked: (number | string | undefined)[] = [];
    edge.flow.tracking.searchRuns = async (_scope, { limit, after }) => {
      asked.push(limit, after);
      const from = Number(after ?? 0);
      const values = Array.from({ length: limit }, (_, i) => trackedRun(`r${from + i}`));
      return { values, next: String(from + limit) };
    };
    const answer = await post(edge, "/runs/search", { experiment_ids: ["1"], max_results: 2_500 });
    const { runs, next_page_token: next } = answer.json();
    assert.deepEqual([runs.length, runs[2_499].info.run_id, next], [2_500, "r2499", "2500"]);
    assert.deepEqual(asked, [1_000, undefined, 1_000, "1000", 500, "2000"]);
    for (const wrong of [0, -1, 50_001]) {
      const refused = await post(edge, "/runs/search", { max_results: wrong });
      assert.deepEqual([refused.statusCode, refused.json().error_code], [400, "INVALID_PARAMETER_VALUE"]);
    }
  });

  it("tells errors in MLflow's words", async () => {
    await using edge = await testEdge();
    const fails = (error: MalachiteError) => {
      edge.flow.tracking.experiment = async () => {
        throw error;
      };
    };
    const url = `${V1}/api/2.0/mlflow/experiments/get?experiment_id=7`;
    for (const [code, status, word] of [
      ["ExperimentNotFound", 404, "RESOURCE_DOES_NOT_EXIST"],
      ["ExperimentNameTaken", 400, "RESOURCE_ALREADY_EXISTS"],
      ["NotAllowed", 403, "PERMISSION_DENIED"],
      ["Deleted", 400, "INVALID_PARAMETER_VALUE"],
    ] as const) {
      fails(new MalachiteError(code, "why"));
      const answer = await get(edge, url);
      assert.deepEqual([answer.statusCode, answer.json()], [status, { error_code: word, message: "why" }]);
    }
    const none = await edge.app.inject({ url });
    assert.deepEqual([none.statusCode, none.json().error_code], [401, "UNAUTHENTICATED"]);
    const unknown = await get(edge, `${V1}/api/2.0/mlflow/nothing/here`);
    assert.deepEqual([unknown.statusCode, unknown.json().error_code], [404, "ENDPOINT_NOT_FOUND"]);
    const traces = await post(edge, "/../../3.0/mlflow/traces", {});
    assert.ok(traces.statusCode < 500, traces.body);
    const refused = await edge.app.inject({
      method: "POST",
      url: `${V1}/api/3.0/mlflow/traces`,
      headers: JSON_DEV,
      payload: "{}",
    });
    assert.deepEqual([refused.statusCode, refused.json().error_code], [400, "NOT_IMPLEMENTED"]);
    assert.match(refused.json().message, /no 'traces'/);
    assert.deepEqual(edge.errors, []);
  });

  it("keeps files whole, below runs and models alone", async () => {
    await using edge = await testEdge();
    const files = `${V1}/api/2.0/mlflow-artifacts/artifacts`;
    const put = (path: string, payload: string) =>
      edge.app.inject({ method: "PUT", url: `${files}/${path}`, headers: DEV, payload });
    assert.equal((await put("dcid.r/a%20b/c.txt", "one")).statusCode, 200);
    assert.equal((await put("dcid.r/top.txt", "two")).statusCode, 200);
    assert.equal((await get(edge, `${files}/dcid.r/a%20b/c.txt`)).body, "one");
    assert.equal((await put("elsewhere/x", "no")).statusCode, 404);
    assert.equal((await put("dcid", "no")).statusCode, 404);
    const create = `${V1}/api/2.0/mlflow-artifacts/mpu/create/dcid.r/x`;
    const refused = await edge.app.inject({ method: "POST", url: create, headers: JSON_DEV, payload: "{}" });
    assert.match(
      refused.json().message,
      /^Multipart upload is not supported for the current artifact repository/,
    );
  });
});
