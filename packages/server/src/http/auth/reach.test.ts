// A run's token reaches that run and nothing else: every operation of the contract, on the own and on another run.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { malachite, type Operation, operations } from "@malachite/contract";
import { type Principal, workspaceKey } from "@malachite/core";
import { SCOPE, SNAPSHOT, testFlow, testRun } from "../testing/flow.ts";
import { mayReach } from "./reach.ts";

const principal: Principal = {
  name: "n",
  objectId: "o",
  tenantId: "t",
  run: { runId: "mine", workspace: workspaceKey(SCOPE) },
};
const flow = testFlow();
flow.runs.set("mine", { run: testRun("mine"), status: "Running" });

const reaches = (operation: Operation, runId: string, scope = SCOPE, snapshotId = SNAPSHOT) =>
  mayReach(principal, operation, scope, { runId, container: `dcid.${runId}`, snapshotId }, flow).then(
    () => true,
    (error) => {
      assert.equal(error.code, "NotAllowed");
      return false;
    },
  );

/** What the own run is reached by. Every other operation of the contract is refused. */
const OWN = new Set([
  "Runs_CancelRunWithUri",
  "Runs_Get",
  "Runs_Patch",
  "Runs_GetDetails",
  "Runs_GetChild",
  "Runs_DeleteTags",
  "Events_Post",
  "Runs_Cancel",
  "Runs_GetToken",
  "Events_BatchPost",
  "Artifacts_ListInContainer",
  "Artifacts_Get",
  "Artifacts_DeleteMetaData",
  "Artifacts_Download",
  "Artifacts_Upload",
  "Artifacts_GetContentInformation",
  "Artifacts_ListSasByPrefix",
  "RunArtifacts_ListInContainer",
  "RunArtifacts_ListInPath",
  "RunArtifacts_GetById",
  "RunArtifacts_GetContentInformation",
  "RunArtifacts_ListSasByPrefix",
  "RunArtifacts_GetSasUri",
  "Malachite_Why",
  "Malachite_Story",
  "Malachite_FollowLog",
  "Malachite_DownloadSnapshot",
]);

describe("a run's token", () => {
  for (const operation of operations.filter((o) => o.authenticated !== false)) {
    it(`${operation.id}: ${OWN.has(operation.id) ? "own run only" : "never"}`, async () => {
      assert.equal(await reaches(operation, "mine"), OWN.has(operation.id));
      // These two do not name the run in their path; see the batch test in auth.test.ts and the snapshots below.
      const elsewhere = operation.id === "Events_BatchPost" || operation.id === "Malachite_DownloadSnapshot";
      if (!elsewhere) assert.equal(await reaches(operation, "other"), false);
      assert.equal(await reaches(operation, "mine", { ...SCOPE, workspace: "ws2" }), false);
    });
  }
  it("reaches its own snapshot and no other", async () => {
    assert.equal(await reaches(malachite.downloadSnapshot, "mine", SCOPE, SNAPSHOT.toUpperCase()), true);
    assert.equal(await reaches(malachite.downloadSnapshot, "mine", SCOPE, SNAPSHOT.replace("2", "3")), false);
  });
  it("matches run ids exactly, workspaces without regard to case", async () => {
    const get = operations.find((o) => o.id === "Runs_Get") ?? assert.fail();
    assert.equal(await reaches(get, "MINE"), false);
    assert.equal(await reaches(get, "mine", { ...SCOPE, workspace: "WS1" }), true);
  });
});
