// A run's own token at the flow: what it changes one by one, and under whom it makes runs.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Principal, workspaceKey } from "@malachite/core";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

const tokenOf = (runId: string): Principal => ({ ...ADA, run: { runId, workspace: workspaceKey(SCOPE) } });
const MINE = tokenOf("mine");
const at = (runId: string) => ({ scope: SCOPE, runId, experimentName: "e" });
const refused = { code: "NotAllowed" };
const HEARTBEAT = { name: "Microsoft.MachineLearning.Run.Heartbeat" };

/** `mine` below `root`, `child` and `grandchild` below `mine`; `sibling` and `stranger` elsewhere. */
async function family(): Promise<ScriptedService> {
  const service = await ScriptedService.start(() => ({ runForMs: "forever" }));
  const make = (runId: string, parentRunId?: string) =>
    service.flow.patchRun(at(runId), parentRunId === undefined ? {} : { parentRunId }, ADA);
  await make("root");
  await make("mine", "root");
  await make("sibling", "root");
  await make("child", "mine");
  await make("grandchild", "child");
  await make("stranger");
  return service;
}

describe("a run's token", () => {
  it("changes its own run and all below it, and no other", async () => {
    await using service = await family();
    const { flow } = service;
    for (const runId of ["mine", "child", "grandchild"]) {
      assert.equal(await flow.reaches(MINE, SCOPE, runId), true, runId);
      assert.equal((await flow.patchRun(at(runId), { tags: { a: "b" } }, MINE)).run.about.tags.a, "b");
      await flow.postEvent(at(runId), HEARTBEAT, MINE);
      await flow.deleteTags(at(runId), ["a"], MINE);
      await flow.cancelRun({ ...at(runId), by: MINE });
    }
    for (const runId of ["root", "sibling", "stranger"]) {
      assert.equal(await flow.reaches(MINE, SCOPE, runId), false, runId);
      await assert.rejects(flow.patchRun(at(runId), { tags: { a: "b" } }, MINE), refused);
      await assert.rejects(flow.postEvent(at(runId), HEARTBEAT, MINE), refused);
      await assert.rejects(flow.deleteTags(at(runId), ["a"], MINE), refused);
      await assert.rejects(flow.cancelRun({ ...at(runId), by: MINE }), refused);
    }
  });

  it("makes runs below its own only", async () => {
    await using service = await family();
    const { flow } = service;
    const born = await flow.patchRun(at("born"), { parentRunId: "grandchild" }, MINE);
    assert.equal(born.run.rootRunId, "root");
    for (const body of [{}, { parentRunId: "root" }, { parentRunId: "stranger" }, { parentRunId: "nobody" }])
      await assert.rejects(flow.patchRun(at("never"), body, MINE), refused);
    await assert.rejects(flow.getRun(at("never")), { code: "RunNotFound" });
  });

  it("submits children of its own only", async () => {
    await using service = await family();
    const snapshotId = (await service.submit("a.py")).snapshotId;
    const submit = (runId: string, parentRunId?: string) =>
      service.flow.submitRun({
        scope: SCOPE,
        experimentName: "e",
        runId,
        definition: { snapshotId, parentRunId, configuration: { script: "a.py" } },
        by: MINE,
      });
    assert.equal((await submit("submitted", "child")).parentRunId, "child");
    await assert.rejects(submit("orphan"), refused);
    await assert.rejects(submit("foreign", "stranger"), refused);
    await assert.rejects(
      service.flow.packLocalRun({
        scope: SCOPE,
        experimentName: "e",
        definition: { snapshotId, configuration: { script: "a.py" } },
        by: MINE,
        serviceUrl: "http://localhost",
      }),
      refused,
    );
  });

  it("means nothing in another workspace, for a run of the same name", async () => {
    await using service = await family();
    const scope = { ...SCOPE, workspace: "ws2" };
    await service.flow.patchRun({ scope, runId: "mine", experimentName: "e" }, {}, ADA);
    assert.equal(await service.flow.reaches(MINE, scope, "mine"), false);
    await assert.rejects(
      service.flow.patchRun({ scope, runId: "mine", experimentName: "e" }, { tags: {} }, MINE),
      refused,
    );
  });
});
