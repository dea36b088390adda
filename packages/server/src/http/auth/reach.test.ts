// A run's token changes its tree and reads its workspace: every operation of the contract, on the own run, those below it, a
// stranger, and in another workspace.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { artifact, type Operation, operations } from "@malachite/contract";
import { type Principal, workspaceKey } from "@malachite/core";
import { SCOPE, SNAPSHOT, testFlow, testRun } from "../testing/flow.ts";
import { mayReach, reachFor } from "./reach.ts";

const principal: Principal = {
  name: "n",
  objectId: "o",
  tenantId: "t",
  run: { runId: "mine", workspace: workspaceKey(SCOPE) },
};
const flow = testFlow();
const TREE = { mine: undefined, child: "mine", grandchild: "child" } as const;
for (const [id, parentRunId] of Object.entries(TREE)) {
  const below = parentRunId === undefined ? {} : { parentRunId, rootRunId: "mine" };
  flow.runs.set(id, { run: testRun(id, below), status: "Running" });
}
flow.runs.set("stranger", { run: testRun("stranger"), status: "Running" });

const reaches = (operation: Operation, runId: string, scope = SCOPE) =>
  mayReach(
    principal,
    operation,
    scope,
    { runId, container: `dcid.${runId}`, snapshotId: SNAPSHOT },
    flow,
  ).then(
    () => true,
    (error) => {
      assert.equal(error.code, "NotAllowed");
      return false;
    },
  );
const withAuth = operations.filter((o) => o.authenticated !== false);
const named = (operation: Operation) => /\{(runId|container)\}/.test(operation.path);

describe("a run's token", () => {
  for (const operation of withAuth) {
    const reach = reachFor(operation);
    it(`${operation.id}: ${reach ?? "users only"}`, async () => {
      for (const runId of Object.keys(TREE))
        assert.equal(await reaches(operation, runId), reach !== undefined, runId);
      const others = reach !== undefined && reach !== "tree" && reach !== "upload";
      assert.equal(await reaches(operation, "stranger"), others, "stranger");
      assert.equal(await reaches(operation, "nobody"), others, "a run that is not there");
      assert.equal(
        await reaches(operation, "mine", { ...SCOPE, workspace: "ws2" }),
        false,
        "other workspace",
      );
      assert.equal(await reaches(operation, "mine", { ...SCOPE, workspace: "WS1" }), reach !== undefined);
    });
  }
  it("is held to its tree only where the path names a run", () => {
    const unnamed = withAuth.filter((o) => reachFor(o) === "tree" && !named(o));
    assert.deepEqual(
      unnamed.map(({ id }) => id),
      [],
    );
  });
  it("reads with nothing that writes", () => {
    const words =
      /(ByQuery|Query\w*|Count\w*|Latest\w*|Search\w*|List\w*|\w*Get\w*|Check\w*|Download\w*|Zip\w*|Sample|Full|Series|Points)$/i;
    const odd = withAuth.filter(
      (o) => reachFor(o) === "read" && o.method !== "GET" && !(o.method === "POST" && words.test(o.id)),
    );
    assert.deepEqual(
      odd.map(({ id }) => id),
      [],
    );
  });
  it("adds files to containers that are no run's", async () => {
    const ask = (origin: string, container: string) =>
      mayReach(principal, artifact.createArtifacts, SCOPE, { origin, container }, flow);
    await ask("LocalUpload", "a-model");
    await assert.rejects(ask("ExperimentRun", "a-model"), { code: "NotAllowed" });
    await assert.rejects(ask("experimentrun", "dcid.stranger"), { code: "NotAllowed" });
  });
  it("matches run ids exactly", async () => {
    const cancel = operations.find((o) => o.id === "Runs_CancelRunWithUri") ?? assert.fail();
    assert.equal(await reaches(cancel, "MINE"), false);
  });
  it("matches containers exactly", async () => {
    const upload = operations.find((o) => o.id === "Artifacts_Upload") ?? assert.fail();
    const allowed = (container: string) =>
      mayReach(principal, upload, SCOPE, { container }, flow).then(
        () => true,
        () => false,
      );
    assert.equal(await allowed("dcid.mine"), true);
    assert.equal(await allowed("dcid.grandchild"), true);
    for (const container of ["DCID.mine", "dcid.", "mine", "dcid.mine/../stranger", "dcid.stranger"])
      assert.equal(await allowed(container), false, container);
  });
});

describe("a user's token", () => {
  it("reaches everything", async () => {
    const { run: _, ...user } = principal;
    for (const operation of withAuth) await mayReach(user, operation, SCOPE, { runId: "stranger" }, flow);
  });
});
