// What the edge tells the audit log: every change and every secret, who it was, and nothing of bodies.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { operations } from "@malachite/contract";
import { isAudited } from "./auth/audited.ts";
import { createAuth } from "./auth/auth.ts";
import { OPERATOR } from "./auth/fixedTokens.ts";
import { reachFor } from "./auth/reach.ts";
import { testClock } from "./testing/clock.ts";
import { DEV, JSON_DEV, SECRET, testEdge } from "./testing/edge.ts";
import { testRun, WORKSPACE } from "./testing/flow.ts";

/** They change nothing, whoever may call them: asked by POST for the sake of a long question. */
const QUESTIONS =
  /(?:List|Query|Search|Get|Sample|WaitFor|Check|Find|Count|Latest|Compare|Series|Points|Table)/i;

describe("the audit log", () => {
  it("is told of everything that is no question", () => {
    for (const operation of operations) {
      if (operation.method === "GET" || reachFor(operation) === "read") continue;
      assert.ok(isAudited(operation, false), operation.id);
    }
    for (const operation of operations)
      if (operation.method !== "GET" && !isAudited(operation, false))
        assert.match(operation.id, QUESTIONS, `${operation.id} changes something and is not audited`);
  });

  it("is told who did what to which run, with the result and not with the body", async () => {
    await using edge = await testEdge();
    edge.flow.runs.set("a", { run: testRun("a"), status: "Running" });
    const url = `/history/v1.0${WORKSPACE}/experiments/exp/runs/a`;
    const payload = { tags: { secret: "body-text" } };
    await edge.app.inject({ method: "PATCH", url, headers: JSON_DEV, payload });
    await edge.app.inject({ method: "GET", url, headers: DEV });
    await edge.app.inject({ method: "PATCH", url, headers: { authorization: "Bearer wrong" }, payload });
    assert.equal(edge.acts.length, 1);
    const [act] = edge.acts;
    assert.equal(act?.operation, "Runs_Patch");
    assert.equal(act?.who.name, "developer");
    assert.equal(act?.of.runId, "a");
    assert.doesNotMatch(JSON.stringify(edge.acts), /body-text|Bearer|wrong/);
  });

  it("is told whether runs were to go, or only to be told of", async () => {
    await using edge = await testEdge();
    const asked: boolean[] = [];
    edge.flow.on("collectGarbage", async ({ dryRun }) => {
      asked.push(dryRun);
      return { policies: 1, looked: 0, values: [], finishedBytes: 0 };
    });
    for (const payload of [{ dryRun: true }, {}, { dryRun: false }, { dryRun: "maybe" }])
      await edge.app.inject({
        method: "POST",
        url: "/malachite/v1.0/service/gc",
        headers: JSON_DEV,
        payload,
      });
    assert.deepEqual(asked, [true, false, false]);
    assert.deepEqual(
      edge.acts.map(({ operation, of, status }) => [operation, of, status]),
      [
        ["Malachite_CollectGarbage", { dryRun: "true" }, 200],
        ["Malachite_CollectGarbage", { dryRun: "false" }, 200],
        ["Malachite_CollectGarbage", { dryRun: "false" }, 200],
        ["Malachite_CollectGarbage", {}, 400],
      ],
    );
  });

  it("is told of tokens that are given out", async () => {
    await using edge = await testEdge();
    await edge.app.inject({ url: "/msi/token?secret=abc" });
    assert.deepEqual(
      edge.acts.map(({ operation, who, of }) => [operation, who.name, of]),
      [["Malachite_GetToken", "", {}]],
    );
  });
});

describe("operators", () => {
  const user = { name: "u", objectId: "user-1", tenantId: "tenant" };
  it("have a token of the operator's own, or are named; runs of theirs are none", () => {
    const auth = createAuth({ secret: SECRET, development: false, operators: ["user-1"] }, testClock());
    auth.assertOperator(OPERATOR);
    auth.assertOperator(user);
    for (const by of [
      { ...user, objectId: "user-2" },
      { ...user, run: { workspace: "w", runId: "r" } },
      { ...OPERATOR, tenantId: "another" },
    ])
      assert.throws(() => auth.assertOperator(by), { code: "NotAllowed" });
  });
});
