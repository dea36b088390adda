// Events that code around a run posts, over real stores: every name, in every spelling, and what each leaves behind.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseFilter, RUN_FIELDS } from "@malachite/core";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

const PREFIX = "Microsoft.MachineLearning.Run.";
const at = (runId: string) => ({ scope: SCOPE, runId, experimentName: "e" });

async function withRun(runId = "r"): Promise<ScriptedService> {
  const service = await ScriptedService.start(() => ({ runForMs: "forever" }));
  await service.flow.patchRun(at(runId), {}, ADA);
  return service;
}
const post = (service: ScriptedService, name: string, data: Record<string, unknown> = {}, runId = "r") =>
  service.flow.postEvent(at(runId), { name, data: { RunId: runId, ...data } }, ADA);

describe("an event", () => {
  it("moves a run of others, with the times it carries, whatever its case", async () => {
    await using service = await withRun();
    for (const [name, status] of [
      [`${PREFIX}Queued`, "Queued"],
      ["microsoft.machinelearning.run.START", "Running"],
      ["CancelRequested", "CancelRequested"],
      [`${PREFIX.toUpperCase()}canceled`, "Canceled"],
    ] as const) {
      await post(service, name, { startTime: "2026-01-02T03:04:05Z", EndTime: "2026-01-02T03:05:05Z" });
      assert.equal(await service.status("r"), status);
    }
    const { life } = await service.run("r");
    assert.equal(life.startedAt, Date.UTC(2026, 0, 2, 3, 4, 5));
    assert.ok(life.endedAt !== undefined);
  });

  for (const [end, other] of [
    ["Completed", "Failed"],
    ["Failed", "Completed"],
    ["Canceled", "Completed"],
  ] as const) {
    it(`of the end ${end} may come again, and ${other} after it is refused`, async () => {
      await using service = await withRun();
      await post(service, "Start");
      await post(service, end);
      await post(service, end);
      await assert.rejects(post(service, other), { code: "RunEnded" });
      // Late news of other kinds is heard and changes nothing.
      for (const late of ["Start", "Queued", "CancelRequested", "Heartbeat"]) await post(service, late);
      assert.equal(await service.status("r"), end);
    });
  }

  it("of an error is kept as the ErrorResponse it is, in any case, or made one", async () => {
    await using service = await withRun();
    const error = async () => (await service.run("r")).about.error;
    const sent = { error: { code: "C1", message: "m", detailsUri: null, debugInfo: {} } };
    await post(service, "Error", { ErrorResponse: sent });
    assert.deepEqual(await error(), sent);
    await post(service, "error", { errorResponse: { Error: { Code: "C2", Message: "n", Details: [] } } });
    assert.deepEqual(await error(), { error: { code: "C2", message: "n", details: [] } });
    await post(service, "Error", { ErrorResponse: { Code: "C3", Message: "o" } });
    assert.deepEqual(await error(), { error: { code: "C3", message: "o" } });
    for (const bad of ["text", 3, { error: { code: 5 } }, { error: "text" }])
      await assert.rejects(post(service, "Error", { ErrorResponse: bad }), { code: "InvalidRequest" });
    assert.equal(await service.status("r"), "NotStarted");
  });

  it("of a warning is added once", async () => {
    await using service = await withRun();
    for (const message of ["a", "b", "a"]) await post(service, "Warning", { Source: "s", Message: message });
    assert.deepEqual((await service.run("r")).about.warnings, [
      { source: "s", message: "a" },
      { source: "s", message: "b" },
    ]);
  });

  it("of queueing is shown as the run's queueing information", async () => {
    await using service = await withRun();
    await post(service, "QueueingInfo", { Code: "Full", Message: "No node is free." });
    const { kept } = (await service.run("r")).about;
    assert.deepEqual(kept, { queueingInfo: { code: "Full", message: "No node is free." } });
  });

  it("that is not known is refused by name, and one of a run that is not there is RunNotFound", async () => {
    await using service = await withRun();
    for (const name of ["Finished", "", PREFIX, "Other.Prefix.Start"])
      await assert.rejects(post(service, name), { code: "InvalidRequest", target: "name" });
    await assert.rejects(post(service, "Start", {}, "nobody"), { code: "RunNotFound" });
  });

  it("of a status changes nothing of a run that the service executes", async () => {
    await using service = await ScriptedService.start(() => ({ runForMs: "forever" }));
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    for (const name of ["Completed", "Failed", "Canceled", "Queued", "CancelRequested", "Heartbeat"])
      await service.flow.postEvent({ scope: SCOPE, runId: id }, { name, data: {} }, ADA);
    assert.equal(await service.status(id), "Running");
    const sent = { ErrorResponse: { error: { code: "C", message: "told" } } };
    await service.flow.postEvent({ scope: SCOPE, runId: id }, { name: "Error", data: sent }, ADA);
    assert.deepEqual((await service.run(id)).about.error, sent.ErrorResponse);
  });
});

describe("heartbeats", () => {
  it("make a silent run NotResponding, in itself and in lists, until the next one", async () => {
    await using service = await withRun();
    await post(service, "Start");
    const listed = async (filter: string) =>
      (
        await service.flow.listRuns({
          scope: SCOPE,
          experimentName: "e",
          filter: parseFilter(filter, RUN_FIELDS),
          limit: 5,
        })
      ).values.length;
    await service.clock.advance(3_600_000);
    assert.equal(await service.status("r"), "Running");
    await post(service, "Heartbeat", { TimeToLiveSeconds: 10 });
    await service.clock.advance(9_000);
    assert.equal(await service.status("r"), "Running");
    await service.clock.advance(2_000);
    assert.equal(await service.status("r"), "NotResponding");
    assert.deepEqual([await listed("status eq NotResponding"), await listed("status eq Running")], [1, 0]);
    await post(service, "Heartbeat", { timeToLiveSeconds: "20" });
    assert.equal(await service.status("r"), "Running");
    assert.deepEqual([await listed("status eq NotResponding"), await listed("status eq Running")], [0, 1]);
    await service.clock.advance(21_000);
    await post(service, "Completed");
    assert.equal(await service.status("r"), "Completed");
    await service.clock.advance(3_600_000);
    assert.equal(await service.status("r"), "Completed");
  });

  it("of a silent run let a cancel end it at once", async () => {
    await using service = await withRun();
    await post(service, "Start");
    await service.flow.cancelRun({ ...at("r"), by: ADA });
    assert.equal(await service.status("r"), "CancelRequested");
    await service.flow.patchRun(at("s"), {}, ADA);
    await post(service, "Start", {}, "s");
    await post(service, "Heartbeat", { TimeToLiveSeconds: 1 }, "s");
    await service.clock.advance(5_000);
    await service.flow.cancelRun({ ...at("s"), by: ADA });
    assert.equal(await service.status("s"), "Canceled");
  });
});
