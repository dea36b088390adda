// Who may let go of a run over HTTP, and how it is told.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError } from "@malachite/core";
import { DEV, testEdge } from "./testing/edge.ts";
import { testRun, WORKSPACE } from "./testing/flow.ts";

const URL = `/malachite/v1.0${WORKSPACE}/runs/a/letgo`;

describe("letting go of a run", () => {
  it("is an operator's order, with its reason, and is in the audit log", async () => {
    await using edge = await testEdge();
    const orders: unknown[] = [];
    edge.flow.runs.set("a", { run: testRun("a"), status: "Canceled" });
    edge.flow.on("letGoRun", async ({ runId, by, text }) => {
      orders.push([runId, by.name, text]);
      return { run: testRun("a"), status: "Canceled" };
    });
    const answer = await edge.app.inject({ method: "POST", url: `${URL}?reason=burnt`, headers: DEV });
    assert.equal(answer.statusCode, 200, answer.body);
    assert.deepEqual([answer.json().runId, answer.json().status], ["a", "Canceled"]);
    assert.deepEqual(orders, [["a", "developer", "burnt"]]);
    assert.deepEqual(
      edge.acts.map(({ operation, of }) => [operation, of.runId]),
      [["Malachite_LetGoRun", "a"]],
    );
  });

  it("is refused to users and to runs, which may cancel", async () => {
    await using edge = await testEdge();
    const run = testRun("a");
    edge.flow.runs.set("a", { run, status: "Running" });
    edge.flow.on("letGoRun", async () => assert.fail("it was let go of"));
    const order = () => edge.app.inject({ method: "POST", url: URL, headers });
    const cancel = () =>
      edge.app.inject({
        method: "POST",
        url: `/history/v1.0${WORKSPACE}/experiments/exp/runs/a/cancel`,
        headers,
      });
    const headers = { authorization: `Bearer ${(await edge.auth.runTokens.issue(run)).token}` };
    assert.deepEqual([(await order()).statusCode, (await cancel()).statusCode], [403, 200]);
    // A user of an issuer, whom no setting names as an operator.
    const user = { name: "u", objectId: "u-1", tenantId: "t" };
    Object.assign(edge.auth, { verify: async () => user });
    const refused = await order();
    assert.equal(refused.statusCode, 403, refused.body);
    assert.match(refused.body, /operator/i);
    assert.equal((await cancel()).statusCode, 200);
  });

  it("is a conflict where there is nothing to let go of", async () => {
    await using edge = await testEdge();
    edge.flow.on("letGoRun", async () => {
      throw new MalachiteError("NothingToLetGo", "The run 'a' has ended.");
    });
    const answer = await edge.app.inject({ method: "POST", url: URL, headers: DEV });
    assert.equal(answer.statusCode, 409, answer.body);
    assert.match(answer.body, /NothingToLetGo/);
  });
});
