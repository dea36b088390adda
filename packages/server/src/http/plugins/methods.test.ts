// Which methods an address refuses though another address, with parameters, would take them; and which it must not.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Operation } from "@malachite/contract";
import { ROUTES } from "../routes/index.ts";
import { testEdge } from "../testing/edge.ts";
import { testRun } from "../testing/flow.ts";
import { refusedMethods } from "./methods.ts";

const WORKSPACE =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws";
const DEV = { authorization: "Bearer dev" };
const SNAPSHOTS = `/content/v2.0${WORKSPACE}/snapshots`;
const ARTIFACTS = `/artifact/v2.0${WORKSPACE}/artifacts`;

describe("methods that an address refuses", () => {
  const declared = (method: "GET" | "POST", path: string, params = {}): Operation => ({
    id: `${method} ${path}`,
    method,
    path,
    summary: "",
    source: "malachite",
    params: { type: "object", properties: params } as never,
    answer: { kind: "empty", description: "" },
  });
  const text = { type: "string" };
  const uuid = { type: "string", format: "uuid" };

  it("are those that a parameter of another address cannot mean", () => {
    const found = (...operations: Parameters<typeof refusedMethods>[0]) => refusedMethods(operations);
    const fixed = declared("POST", "/things/find");
    assert.deepEqual(found(fixed, declared("GET", "/things/{id}", { id: uuid })), [
      { path: "/things/find", method: "GET", allowed: ["POST"] },
      { path: "/things/find", method: "HEAD", allowed: ["POST"] },
    ]);
    assert.deepEqual(found(fixed, declared("GET", "/Things/{id}", { id: text })), []);
    assert.deepEqual(found(fixed, declared("POST", "/things/{id}", { id: uuid })), []);
    assert.deepEqual(found(fixed, declared("GET", "/things/{id}/x", { id: uuid })), []);
    const rest = { id: uuid, path: text };
    assert.deepEqual(
      found(declared("POST", "/a/{id}/find/it"), declared("GET", "/a/{id}/{path*}", rest)),
      [],
      "a path may be any",
    );
    assert.equal(found(declared("POST", "/a/find/it"), declared("GET", "/a/{id}/{path*}", rest)).length, 2);
    const both = declared("GET", "/things/{name}", { name: text });
    assert.deepEqual(
      found(fixed, declared("GET", "/things/{id}", { id: uuid }), both),
      [],
      "another operation takes it",
    );
  });

  it("are these of the contract, and no others", () => {
    const told = refusedMethods(ROUTES.map((route) => route.operation)).map(
      ({ method, path }) => `${method} ${path.replace(/^.*\{workspaceName\}/, "")}`,
    );
    const get = (path: string) => [`GET ${path}`, `HEAD ${path}`];
    assert.deepEqual(
      told.sort(),
      [
        "DELETE /artifacts/storageuri/batch/metadata",
        ...get("/artifacts/batch/ingest/containersas/{origin}/{container}"),
        ...get("/artifacts/batch/metadata"),
        ...get("/artifacts/batch/metadata/{origin}/{container}"),
        ...get("/artifacts/batch/{origin}/{container}"),
        ...get("/artifacts/storageuri/batch/metadata"),
        "POST /snapshots/getByHash",
      ].sort(),
    );
  });

  it("are refused with those the address takes, in any spelling, before the body is read", async () => {
    await using edge = await testEdge();
    const url = `${SNAPSHOTS}/GetByHash?hash=0`;
    for (const at of [url, url.replace("GetByHash", "%67etByHash"), url.replace("?", "/?")]) {
      const answer = await edge.app.inject({ method: "POST", url: at, headers: DEV, payload: "{" });
      assert.equal(answer.statusCode, 405, answer.body);
      assert.equal(answer.headers.allow, "GET, HEAD");
      assert.equal(answer.json().error.message, "This address takes GET, HEAD, not POST.");
    }
    const ingest = `${ARTIFACTS}/batch/ingest/containersas/ExperimentRun/dcid.a`;
    for (const method of ["GET", "HEAD", "PATCH"] as const) {
      const answer = await edge.app.inject({ method, url: ingest, headers: DEV });
      assert.deepEqual([answer.statusCode, answer.headers.allow], [405, "POST"], method);
    }
    const options = await edge.app.inject({ method: "OPTIONS", url: ingest });
    assert.deepEqual([options.statusCode, options.headers.allow], [204, "POST"]);
  });

  it("are not those of a run or a folder that has the name of another address", async () => {
    await using edge = await testEdge();
    edge.flow.runs.set("runIds", { run: testRun("runIds"), status: "Completed" });
    const url = `/history/v1.0${WORKSPACE}/experiments/e/runs/runIds`;
    for (const method of ["GET", "HEAD"] as const)
      assert.equal((await edge.app.inject({ method, url, headers: DEV })).statusCode, 200, method);
    for (const folder of ["batch", "batch/metadata", "batch/metadata:delete", "batch/ingest/containersas"]) {
      const answer = await edge.app.inject({
        url: `${ARTIFACTS}/ExperimentRun/dcid.runIds/${folder}`,
        headers: DEV,
      });
      assert.equal(answer.statusCode, 200, answer.body);
      const { args } = edge.flow.calls.findLast(({ name }) => name === "listFiles") ?? {};
      assert.match(JSON.stringify(args), new RegExp(`"${folder}/?"`));
    }
  });
});
