// Runs that others execute, as they are made and changed by PATCH: over real stores, with many callers at once.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

const at = (runId: string) => ({ scope: SCOPE, runId, experimentName: "e" });
const start = () => ScriptedService.start(() => ({ runForMs: "forever" }));
const wrong = (target: string) => ({ code: "InvalidRequest", target });

describe("patchRun", () => {
  it("loses nothing of fifty callers who make and change one run at once", async () => {
    await using service = await start();
    const { flow } = service;
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        flow.patchRun(at("r"), { tags: { [`t${i}`]: String(i) }, properties: { [`p${i}`]: "x" } }, ADA),
      ),
    );
    const { run } = await flow.getRun(at("r"));
    assert.equal(Object.keys(run.about.tags).length, 50);
    assert.equal(Object.keys(run.about.properties).length, 50);
    assert.equal(run.number, 1);
  });

  it("keeps what the newer contract says of a run, and gives it back", async () => {
    await using service = await start();
    const { flow } = service;
    const inputDatasets = [{ identifier: { savedId: "s" }, consumptionType: "RunInput" }];
    await flow.patchRun(at("r"), { inputDatasets, parameters: { lr: 0.1 } }, ADA);
    await flow.patchRun(at("r"), { parameters: { lr: 0.2 }, primaryMetricName: "loss" }, ADA);
    const { run } = await flow.getRun(at("r"));
    assert.deepEqual(run.about.kept, { inputDatasets, parameters: { lr: 0.2 }, primaryMetricName: "loss" });
  });

  it("fills the root at every depth, and refuses a parent that is not there", async () => {
    await using service = await start();
    const { flow } = service;
    await flow.patchRun(at("top"), {}, ADA);
    for (const [id, parentRunId] of [
      ["a", "top"],
      ["b", "a"],
      ["c", "b"],
    ] as const)
      assert.equal((await flow.patchRun(at(id), { parentRunId }, ADA)).run.rootRunId, "top");
    await assert.rejects(flow.patchRun(at("x"), { parentRunId: "nowhere" }, ADA), wrong("parentRunId"));
    await assert.rejects(flow.patchRun(at("x"), { parentRunId: "x" }, ADA), wrong("parentRunId"));
  });

  it("takes the same again for what cannot change, and refuses anything else", async () => {
    await using service = await start();
    const { flow } = service;
    const { run } = await flow.patchRun(at("top"), {}, ADA);
    await flow.patchRun(at("r"), { parentRunId: "top" }, ADA);
    const same = { runId: "r", parentRunId: "top", experimentId: run.experimentId };
    await flow.patchRun(at("r"), { ...same, dataContainerId: "dcid.r" }, ADA);
    for (const [name, value] of Object.entries({
      runId: "top",
      parentRunId: "other",
      experimentId: "other",
      dataContainerId: "dcid.top",
    }))
      await assert.rejects(flow.patchRun(at("r"), { [name]: value }, ADA), wrong(name));
  });

  it("changes target and definition of a run of others, and of none that the service executes", async () => {
    await using service = await start();
    const { flow } = service;
    await flow.patchRun(at("r"), { target: "local", runDefinition: { a: 1 } }, ADA);
    await flow.patchRun(at("r"), { target: "amlcompute", runDefinition: { b: 2 } }, ADA);
    const { run } = await flow.getRun(at("r"));
    assert.deepEqual([run.target, flow.shownDefinition(run)], ["amlcompute", { b: 2 }]);
    const hosted = await service.submit("a.py");
    const address = { scope: SCOPE, runId: hosted.id };
    await flow.patchRun(address, { target: hosted.target }, ADA);
    await assert.rejects(flow.patchRun(address, { target: "other" }, ADA), wrong("target"));
    await assert.rejects(flow.patchRun(address, { runDefinition: {} }, ADA), wrong("runDefinition"));
  });

  it("takes times with and without a status, and no status that is none", async () => {
    await using service = await start();
    const { flow } = service;
    const started = { startTimeUtc: "2026-01-01T00:00:00Z" };
    await flow.patchRun(at("r"), { status: "running", ...started }, ADA);
    await flow.patchRun(at("r"), { startTimeUtc: "2026-01-02T00:00:00Z" }, ADA);
    const { run } = await flow.getRun(at("r"));
    assert.deepEqual([run.life.status, run.life.startedAt], ["Running", Date.UTC(2026, 0, 2)]);
    for (const status of ["Done", "NotResponding", "Paused", ""])
      await assert.rejects(flow.patchRun(at("r"), { status }, ADA), wrong("status"));
    await flow.patchRun(at("r"), { status: "Completed" }, ADA);
    await flow.patchRun(at("r"), { status: "Completed" }, ADA);
    await assert.rejects(flow.patchRun(at("r"), { status: "Failed" }, ADA), { code: "RunEnded" });
  });

  it("finds the experiment of a new run in the address, the body or the parent", async () => {
    await using service = await start();
    const { flow } = service;
    const { run } = await flow.patchRun(at("first"), {}, ADA);
    const byWorkspace = (runId: string) => ({ scope: SCOPE, runId });
    const { experimentId } = run;
    assert.equal(
      (await flow.patchRun(byWorkspace("a"), { experimentId }, ADA)).run.experimentId,
      experimentId,
    );
    const child = await flow.patchRun(byWorkspace("b"), { parentRunId: "first" }, ADA);
    assert.equal(child.run.experimentId, experimentId);
    const byId = { scope: SCOPE, runId: "c", experimentId };
    assert.equal((await flow.patchRun(byId, {}, ADA)).run.experimentName, "e");
    const none = { code: "ExperimentNotFound" };
    await assert.rejects(flow.patchRun(byWorkspace("d"), {}, ADA), none);
    await assert.rejects(flow.patchRun(byWorkspace("d"), { experimentId: "nowhere" }, ADA), none);
    await assert.rejects(flow.patchRun({ ...byId, runId: "first", experimentId: "x" }, {}, ADA), {
      code: "RunIdTaken",
    });
  });

  it("makes a run that must be new only when it is", async () => {
    await using service = await start();
    const { flow } = service;
    await flow.addRun(at("r"), { tags: { a: "1" } }, ADA);
    await assert.rejects(flow.addRun(at("r"), { tags: { a: "2" } }, ADA), { code: "RunIdTaken" });
    assert.deepEqual((await flow.getRun(at("r"))).run.about.tags, { a: "1" });
  });

  it("sets and removes tags together", async () => {
    await using service = await start();
    const { flow } = service;
    await flow.patchRun(at("r"), { tags: { a: "1", b: "2" } }, ADA);
    const change = { set: { b: "3", c: "" }, remove: ["a", "b", "nowhere"] };
    assert.deepEqual((await flow.modifyTags(at("r"), change, ADA)).run.about.tags, { b: "3", c: "" });
  });
});
