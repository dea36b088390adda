// Every operation of the contract has a route, and what holds for every request holds.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Operation, operations } from "@malachite/contract";
import { ROUTES } from "./routes/index.ts";
import { codeOf, DEV, JSON_DEV, testEdge } from "./testing/edge.ts";
import { SUBSCRIPTION, testRun, WORKSPACE } from "./testing/flow.ts";

const VALUES: Readonly<Record<string, string>> = {
  subscriptionId: SUBSCRIPTION,
  resourceGroupName: "rg",
  workspaceName: "ws1",
  experimentName: "exp",
  experimentId: "exp-id",
  computeName: "local",
  targetName: "local",
  runId: "run1",
  providerNamespace: "Microsoft.MachineLearningServices",
  deploymentName: "d",
  workspaceId: "33333333-3333-3333-3333-333333333333",
  origin: "ExperimentRun",
  container: "dcid.run1",
  id: "model:1",
  path: "x",
  name: "workspaceblobstore",
  environmentName: "env",
  version: "1",
  label: "latest",
  compute: "local",
  treeHash: "a".repeat(64),
  artifactPath: "dcid.run1/x",
  modelId: "m-1",
  tagKey: "key",
  rest: "x",
  snapshotId: "22222222-2222-2222-2222-222222222222",
  tenantId: "tenant",
  metricId: "33333333-3333-3333-3333-333333333333",
  launchKey: "run1-1-abc",
};
const addressesOf = ({ path, alsoAt = [] }: Operation) =>
  [path, ...alsoAt].map((address) =>
    address.replace(/\{(\w+)\*?\}/g, (_all, name) => VALUES[name] ?? assert.fail(name)),
  );

describe("routes", () => {
  it("are there for every operation of the contract, once each", () => {
    const routed = ROUTES.map(({ operation }) => operation.id).sort();
    assert.deepEqual(routed, operations.map(({ id }) => id).sort());
    assert.equal(new Set(routed).size, routed.length);
  });

  it("take every address of every operation", async () => {
    await using edge = await testEdge();
    edge.flow.runs.set("run1", { run: testRun("run1"), status: "Completed" });
    edge.flow.files.set("dcid.run1/x", Buffer.from("x"));
    for (const operation of operations) {
      for (const url of addressesOf(operation)) {
        const query = operation.id === "Malachite_FollowLog" ? "" : "?path=x";
        const answer = await edge.app.inject({
          method: operation.method,
          url: url + query,
          headers: { ...JSON_DEV },
          payload: operation.body?.kind === "json" ? jsonFor(operation) : "",
        });
        const code = answer.statusCode >= 400 ? codeOf(answer.body) : undefined;
        assert.notEqual(code, "RouteNotFound", `${operation.method} ${url}`);
        assert.ok(answer.statusCode < 500, `${operation.method} ${url}: ${answer.body}`);
      }
    }
    assert.deepEqual(edge.errors, []);
  });

  it("match paths without regard to case, and keep the case of what is in them", async () => {
    await using edge = await testEdge();
    const url = `${WORKSPACE}/Experiments/My%2FExp/RUNS/AbC`.replace("subscriptions", "SUBSCRIPTIONS");
    await edge.app.inject({ url: `/History/V1.0${url}/`, headers: DEV });
    const [call] = edge.flow.calls;
    assert.equal(call?.name, "getRun");
    assert.deepEqual(call?.args, [
      {
        scope: { subscriptionId: SUBSCRIPTION, resourceGroup: "rg", workspace: "ws1" },
        runId: "AbC",
        experimentName: "My/Exp",
      },
    ]);
  });

  it("decode a path once, never twice", async () => {
    await using edge = await testEdge();
    await edge.app.inject({
      url: `/history/v1.0${WORKSPACE}/experiments/%252e%252e%252f/runs/a`,
      headers: DEV,
    });
    assert.equal(
      (edge.flow.calls[0]?.args[0] as { experimentName: string } | undefined)?.experimentName,
      "%2e%2e%2f",
    );
  });

  it("take an encoded colon before query", async () => {
    await using edge = await testEdge();
    const answer = await edge.app.inject({
      method: "POST",
      url: `/history/v1.0${WORKSPACE}/runs%3Aquery`,
      headers: DEV,
    });
    assert.equal(answer.statusCode, 200, answer.body);
  });

  it("ignore query parameters they do not know, as api-version", async () => {
    await using edge = await testEdge();
    edge.flow.runs.set("a", { run: testRun("a"), status: "Running" });
    const url = `/history/v1.0${WORKSPACE}/runs/a?api-version=2019-11-01&x=1&x=2`;
    assert.equal((await edge.app.inject({ url, headers: DEV })).statusCode, 200);
  });

  it("answer HEAD like GET, without a body", async () => {
    await using edge = await testEdge();
    const answer = await edge.app.inject({ method: "HEAD", url: "/healthz" });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.body, "");
    assert.ok(Number(answer.headers["content-length"]) > 0);
  });
});

/** A body that each JSON operation takes. */
function jsonFor({ id }: Operation): string {
  if (id === "Runs_DeleteTags" || id === "MLModels_Patch" || id === "Assets_Patch") return "[]";
  if (id === "MLModels_Register") return '{"name":"m","url":"aml://asset/a"}';
  if (id === "Assets_Create") return '{"name":"a"}';
  if (id === "Malachite_OfferSnapshot") return '{"files":[]}';
  return "{}";
}

describe("a request that no route takes", () => {
  const cases: readonly [string, string, string, number, string][] = [
    ["an unknown address", "GET", "/nope", 404, "RouteNotFound"],
    [
      "an unknown address below a known one",
      "GET",
      `/history/v1.0${WORKSPACE}/runs/a/b/c/d`,
      404,
      "RouteNotFound",
    ],
    ["another method", "DELETE", "/healthz", 405, "RouteNotFound"],
    [
      "another method of a start",
      "GET",
      `/execution/v1.0${WORKSPACE}/experiments/e/startrun`,
      405,
      "RouteNotFound",
    ],
    [
      "a path that is not encoded properly",
      "GET",
      `/history/v1.0${WORKSPACE}/runs/%zz`,
      400,
      "InvalidRequest",
    ],
    ["a path that is not UTF-8", "GET", `/history/v1.0${WORKSPACE}/runs/%ff`, 400, "InvalidRequest"],
    [
      "a very long part of a path",
      "GET",
      `/history/v1.0${WORKSPACE}/runs/${"a".repeat(5000)}`,
      400,
      "InvalidRequest",
    ],
    [
      "a run id over 256 characters",
      "GET",
      `/history/v1.0${WORKSPACE}/runs/${"a".repeat(257)}`,
      400,
      "InvalidRunId",
    ],
    [
      "a run id with a forbidden character",
      "GET",
      `/history/v1.0${WORKSPACE}/runs/a%20b`,
      400,
      "InvalidRunId",
    ],
    [
      "a run id with a line break at its end",
      "GET",
      `/history/v1.0${WORKSPACE}/runs/a%0A`,
      400,
      "InvalidRunId",
    ],
    [
      "a run id in a start",
      "POST",
      `/execution/v1.0${WORKSPACE}/experiments/e/snapshotrun?runId=..%2Fx`,
      400,
      "InvalidRunId",
    ],
    [
      "an id given twice",
      "POST",
      `/execution/v1.0${WORKSPACE}/experiments/e/snapshotrun?runId=a&runId=b`,
      400,
      "InvalidRunId",
    ],
    [
      "a subscription that is no UUID",
      "GET",
      `/history/v1.0${WORKSPACE.replace(SUBSCRIPTION, "sub")}/runs/a`,
      400,
      "InvalidRequest",
    ],
    [
      "an experiment name over 255 characters",
      "GET",
      `/history/v1.0${WORKSPACE}/experiments/${"e".repeat(256)}`,
      400,
      "InvalidRequest",
    ],
  ];
  for (const [what, method, url, status, code] of cases) {
    it(`is answered with the envelope: ${what}`, async () => {
      await using edge = await testEdge();
      const answer = await edge.app.inject({ method: method as "GET", url, headers: DEV });
      assert.equal(answer.statusCode, status, answer.body);
      assert.equal(codeOf(answer.body), code);
      const body = answer.json();
      for (const id of Object.values(body.correlation)) assert.equal(typeof id, "string");
      assert.equal(body.correlation.request, answer.headers["x-ms-request-id"]);
      if (status === 405) assert.match(String(answer.headers.allow), /GET|POST/);
    });
  }

  it("tells every fault of path and query at once", async () => {
    await using edge = await testEdge();
    const url = `/malachite/v1.0${WORKSPACE.replace(SUBSCRIPTION, "sub")}/runs/-bad/log?from=x`;
    const { error } = (await edge.app.inject({ url, headers: DEV })).json();
    assert.deepEqual(
      error.details.map((d: { target: string }) => d.target),
      ["subscriptionId", "runId", "from"],
    );
  });
});

describe("every answer", () => {
  it("echoes the client's request id, but only a plain one", async () => {
    await using edge = await testEdge();
    const ask = (id: string) =>
      edge.app.inject({ url: "/healthz", headers: { "x-ms-client-request-id": id } });
    assert.equal((await ask("abc-123")).headers["x-ms-client-request-id"], "abc-123");
    assert.equal((await ask("a b<script>")).headers["x-ms-client-request-id"], undefined);
  });

  it("carries on the trace of the caller", async () => {
    await using edge = await testEdge();
    const trace = "0123456789abcdef0123456789abcdef";
    const answer = await edge.app.inject({
      url: "/nope",
      headers: { traceparent: `00-${trace}-0123456789abcdef-01` },
    });
    assert.equal(answer.json().correlation.operation, trace);
    const none = await edge.app.inject({
      url: "/nope",
      headers: { traceparent: `00-${"0".repeat(32)}-0123456789abcdef-01` },
    });
    assert.match(none.json().correlation.operation, /^(?!0{32})[0-9a-f]{32}$/);
  });

  it("is 503 with Retry-After until the service takes work, and tokens are not looked at", async () => {
    await using edge = await testEdge();
    edge.ready = false;
    const answer = await edge.app.inject({ url: `/history/v1.0${WORKSPACE}/runs/a` });
    assert.equal(answer.statusCode, 503);
    assert.equal(codeOf(answer.body), "Stopping");
    assert.ok(answer.headers["retry-after"]);
    const readiness = await edge.app.inject({ url: "/readyz" });
    assert.equal(readiness.statusCode, 503);
    assert.equal(readiness.json().ready, false);
    const health = await edge.app.inject({ url: "/healthz" });
    assert.equal(health.statusCode, 200);
    assert.equal(health.json().status, "starting");
    assert.equal((await edge.app.inject({ url: "/openapi.json" })).statusCode, 200);
  });
});
