// The history service at its edge: every address of a run, batches with what failed, and input that means no good.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError } from "@malachite/core";
import { codeOf, DEV, JSON_DEV, type TestEdge, testEdge } from "../testing/edge.ts";
import { testRun, WORKSPACE } from "../testing/flow.ts";

const BASE = `/history/v1.0${WORKSPACE}`;
const PLACES = ["/experiments/exp", "/experimentids/exp-id", ""];

async function edgeWithRun(): Promise<TestEdge> {
  const edge = await testEdge();
  edge.flow.runs.set("a", { run: testRun("a"), status: "Running" });
  return edge;
}
type Method = "GET" | "POST" | "PATCH" | "DELETE";
const send = (edge: TestEdge, method: Method, url: string, body?: unknown) =>
  edge.app.inject({
    method,
    url: `${BASE}${url}`,
    headers: body === undefined ? DEV : JSON_DEV,
    ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
  });

describe("every operation on a run", () => {
  const operations: readonly (readonly [Method, string, unknown?])[] = [
    ["GET", ""],
    ["GET", "/details"],
    ["GET", "/children"],
    ["GET", "/token"],
    ["PATCH", "", {}],
    ["PATCH", "/tags", { tagsToModify: { a: "b" }, tagsToDelete: ["c"] }],
    ["DELETE", "/tags", ["a"]],
    ["POST", "/events", { name: "Start", data: {} }],
    ["POST", "/cancel"],
  ];
  for (const [method, rest, body] of operations) {
    it(`${method} …${rest} is at all three addresses`, async () => {
      await using edge = await edgeWithRun();
      for (const place of PLACES) {
        const answer = await send(edge, method, `${place}/runs/a${rest}`, body);
        assert.equal(answer.statusCode, 200, `${place}: ${answer.body}`);
      }
    });
  }
  for (const [method, rest, body] of [
    ["POST", "/runs:query", {}],
    ["POST", "/runs%3Aquery", {}],
    ["POST", "/runs/runIds", { runIds: ["a"] }],
    ["PATCH", "/batch/runs", { runs: [] }],
    ["POST", "/batch/events", { events: [] }],
  ] as const) {
    it(`${method} ${rest} is at all three addresses`, async () => {
      await using edge = await edgeWithRun();
      for (const place of PLACES)
        assert.equal((await send(edge, method, place + rest, body)).statusCode, 200, place);
    });
  }
});

describe("a batch", () => {
  it("of runs tells what failed by its id, and does the rest", async () => {
    await using edge = await edgeWithRun();
    edge.flow.on("patchRun", async ({ runId }) => {
      if (runId === "bad") throw new MalachiteError("PropertyImmutable", "No.");
      return { run: testRun(runId), status: "NotStarted" };
    });
    const runs = [{ runId: "x" }, { runId: "bad" }, { tags: {} }, { runId: "y" }];
    const answer = await send(edge, "PATCH", "/experiments/exp/batch/runs", { runs });
    assert.equal(answer.statusCode, 200, answer.body);
    const { runs: done, errors } = answer.json();
    assert.deepEqual(Object.keys(done).filter(Boolean), ["x", "y"]);
    assert.equal(codeOf(JSON.stringify(errors.bad)), "PropertyImmutable");
  });
  it("of ids tells which are not there", async () => {
    await using edge = await edgeWithRun();
    const answer = await send(edge, "POST", "/runs/runIds", { runIds: ["a", "nobody", "a"] });
    const { runs, errors } = answer.json();
    assert.deepEqual([Object.keys(runs), Object.keys(errors)], [["a"], ["nobody"]]);
    const many = Array.from({ length: 1001 }, (_, i) => `r${i}`);
    assert.equal((await send(edge, "POST", "/runs/runIds", { runIds: many })).statusCode, 400);
  });
  it("of run data gives what is selected", async () => {
    await using edge = await edgeWithRun();
    const whole = await send(edge, "POST", "/rundata", { runId: "a", selectRunDefinition: true });
    assert.equal(whole.json().runMetadata.runId, "a");
    assert.equal(whole.json().runDefinition.configuration.script, "train.py");
    const none = await send(edge, "POST", "/rundata", { runId: "a", selectRunMetadata: false });
    assert.deepEqual(none.json(), {});
    assert.equal((await send(edge, "POST", "/rundata", {})).statusCode, 400);
    const requests = { one: { runId: "a" }, a: {}, two: { runId: "nobody" } };
    const many = (await send(edge, "POST", "/batchrundata", { requests })).json();
    assert.deepEqual(Object.keys(many.successfulResults), ["one", "a"]);
    assert.equal(codeOf(JSON.stringify(many.failedResults.two)), "RunNotFound");
  });
});

describe("input that means no good", () => {
  const ids = ["a%2Fb", "...", "%2e%2e%2fa", "a;b", "a%3Bb", "a%23", "a%2523", "%00", "-a", "a%20", "é"];
  for (const id of ids) {
    it(`a run id '${id}' is a precise refusal`, async () => {
      await using edge = await edgeWithRun();
      for (const place of PLACES) {
        for (const [method, body] of [["GET"], ["PATCH", { tags: {} }]] as const) {
          const answer = await send(edge, method, `${place}/runs/${id}`, body);
          assert.ok([400, 404, 405].includes(answer.statusCode), `${answer.statusCode} ${answer.body}`);
          assert.ok(["InvalidRunId", "RouteNotFound"].includes(codeOf(answer.body) ?? ""), answer.body);
        }
      }
      assert.deepEqual(edge.errors, []);
    });
  }
  it("a run id is 256 characters at most", async () => {
    await using edge = await edgeWithRun();
    assert.equal((await send(edge, "PATCH", `/runs/${"a".repeat(256)}`, {})).statusCode, 200);
    assert.equal((await send(edge, "PATCH", `/runs/${"a".repeat(257)}`, {})).statusCode, 400);
  });
  it("bodies of wrong types name the property", async () => {
    await using edge = await edgeWithRun();
    for (const [body, target] of [
      [[], "body"],
      ["text", "body"],
      ['"text"', "body"],
      ["null", "body"],
      [{ tags: [] }, "tags"],
      [{ tags: { a: 1 } }, "tags.a"],
      [{ tags: { a: {} } }, "tags.a"],
      [{ properties: { "odd.key/x": 5 } }, "properties.odd.key/x"],
      [{ status: 1 }, "status"],
      [{ hidden: "yes" }, "hidden"],
      [{ startTimeUtc: "yesterday" }, "startTimeUtc"],
      [{ startTimeUtc: "2026-02-31T99:00:00Z" }, "startTimeUtc"],
      [{ runTypeV2: { traits: "x" } }, "runTypeV2.traits"],
      [{ inputDatasets: {} }, "inputDatasets"],
      [{ inputDatasets: [{ identifier: 5 }] }, "inputDatasets[0].identifier"],
      [{ parameters: [] }, "parameters"],
      [{ compute: { instanceCount: "many" } }, "compute.instanceCount"],
      [{ Tags: { a: "1" }, tags: { a: "2" } }, "tags"],
    ] as const) {
      const answer = await send(edge, "PATCH", "/runs/a", body);
      assert.equal(answer.statusCode, 400, `${JSON.stringify(body)}: ${answer.body}`);
      if (answer.json().error.innerError.innerError.code !== "BadJson")
        assert.equal(answer.json().error.target, target, answer.body);
    }
    for (const [method, url, body] of [
      ["DELETE", "/runs/a/tags", { tags: [] }],
      ["DELETE", "/runs/a/tags", [1]],
      ["PATCH", "/runs/a/tags", { tagsToDelete: "a" }],
      ["PATCH", "/batch/runs", { runs: {} }],
      ["PATCH", "/batch/runs", { runs: ["a"] }],
      ["POST", "/batch/events", { events: [{ data: [] }] }],
      ["POST", "/runs/a/events", { timestamp: "soon", name: "Start" }],
      ["POST", "/runs/runIds", { runIds: "a" }],
      ["POST", "/runs:query", { top: 0 }],
      ["POST", "/runs:query", { filter: 5 }],
      ["GET", "/runs/a/children?$top=-1", undefined],
      ["GET", "/runs/a/children?$count=maybe", undefined],
      ["GET", "/computes/local/runs?$filter=nonsense", undefined],
      ["GET", "/experiments?viewType=Some", undefined],
    ] as const) {
      const answer = await send(edge, method, url, body);
      assert.equal(answer.statusCode, 400, `${method} ${url}: ${answer.body}`);
    }
    assert.deepEqual(edge.errors, []);
  });
  it("tags of a megabyte, and ten thousand of them, are taken", async () => {
    await using edge = await edgeWithRun();
    const big = await send(edge, "PATCH", "/runs/a", { tags: { big: "x".repeat(1_000_000) } });
    assert.equal(big.statusCode, 200);
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`tag ${i}`, String(i)]));
    assert.equal((await send(edge, "PATCH", "/runs/a", { tags: many })).statusCode, 200);
  });
  it("a key named __proto__ is refused, constructor is a tag like any other", async () => {
    await using edge = await edgeWithRun();
    assert.equal((await send(edge, "PATCH", "/runs/a", '{"tags":{"__proto__":"x"}}')).statusCode, 400);
    assert.equal((await send(edge, "PATCH", "/runs/a", '{"tags":{"constructor":"y"}}')).statusCode, 200);
  });
});

describe("lists by GET", () => {
  it("read their query in any case and in any encoding", async () => {
    await using edge = await edgeWithRun();
    const url =
      "/runs/a/children?%24FILTER=Tags%2Fa%20b%20eq%20%22x%22&$OrderBy=status%20desc&$OrderBy=runId&$Top=3&api-version=1";
    assert.equal((await send(edge, "GET", url)).statusCode, 200);
    const call = edge.flow.calls.find(({ name }) => name === "listChildren") ?? assert.fail();
    assert.deepEqual(call.args[1], {
      filter: { op: "eq", field: { of: "tags", key: "a b" }, literal: { value: "x" } },
      order: [
        { field: { of: "field", name: "status" }, descending: true },
        { field: { of: "field", name: "runid" }, descending: false },
      ],
      limit: 3,
    });
  });
  it("take a top larger than a page as a page", async () => {
    await using edge = await edgeWithRun();
    await send(edge, "POST", "/runs:query", { top: 2_000_000 });
    const call = edge.flow.calls.find(({ name }) => name === "listRuns") ?? assert.fail();
    assert.equal((call.args[0] as { limit: number }).limit, 1000);
  });
});
