// Runs that the platform fails: started again as often as they may be, never twice at once, with what the earlier attempt left.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError } from "@malachite/core";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

const attemptOf = ({ key }: { readonly key: string }): number => Number(/-(\d+)-[^-]+$/.exec(key)?.[1]);
const VANISHES = {
  runForMs: "forever",
  vanishAfterMs: 2000,
  log: "first words\n",
  files: { "project/outputs/model.1": "checkpoint", "project/logs/a.txt": "a" },
} as const;

async function textOf(service: ScriptedService, container: string, path: string): Promise<string> {
  await using file = await service.flow.openFile({ scope: SCOPE, container }, path);
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.read(0, file.info.sizeBytes)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("a run whose process is gone without a word", () => {
  it("fails, and is not started again unless that is set", async () => {
    await using service = await ScriptedService.start(() => VANISHES);
    const { id } = await service.submit("a.py");
    const run = await service.reached(id, "Failed");
    assert.equal(run.life.outcome?.reason, "Vanished");
    assert.match(run.life.outcome?.message ?? "", /setting `retries`/);
    assert.equal(service.engine.accepted.length, 1);
  });

  it("ends as its engine says, where that brought it about", async () => {
    const taken = { taken: "Slurm says PREEMPTED.", as: "Preempted" } as const;
    const canceled = { taken: "By somebody.", as: "CanceledAtEngine" } as const;
    await using service = await ScriptedService.start((script) => ({
      ...VANISHES,
      taken: script === "a.py" ? taken : canceled,
    }));
    const run = await service.reached((await service.submit("a.py")).id, "Failed");
    assert.equal(run.life.outcome?.reason, "Preempted");
    assert.match(run.life.outcome?.message ?? "", /Slurm says PREEMPTED.*setting `retries`/);
    const other = await service.reached((await service.submit("b.py")).id, "Canceled");
    assert.equal(other.life.outcome?.reason, "CanceledAtEngine");
    assert.doesNotMatch(other.life.outcome?.message ?? "", /retries/);
  });

  it("is started again, with the outputs of the earlier attempt to be placed and its logs kept apart", async () => {
    await using service = await ScriptedService.start(
      (_, plan) => (attemptOf(plan) === 1 ? VANISHES : { runForMs: 3000, log: "second words\n" }),
      { retries: 1 },
    );
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    const statuses = new Set<string>();
    await service.until("its end", async () => {
      statuses.add(await service.status(id));
      return (await service.status(id)) === "Completed";
    });
    assert.deepEqual(
      [...statuses],
      ["Running", "Finalizing", "Completed"].filter((one) => statuses.has(one)),
    );
    const run = await service.run(id);
    assert.equal(run.life.attempt, 2);
    const container = run.dataContainerId;
    assert.deepEqual(run.life.plan?.restored, { scope: SCOPE, container, folder: "outputs" });
    const { values } = await service.flow.listFiles({ scope: SCOPE, container }, { limit: 20 });
    assert.deepEqual(
      values.map((file) => file.path),
      [
        "azureml-logs/attempts/1/logs/a.txt",
        "azureml-logs/attempts/1/user_logs/std_log.txt",
        "outputs/model.1",
        "user_logs/std_log.txt",
      ],
    );
    assert.equal(await textOf(service, container, "user_logs/std_log.txt"), "second words\n");
    assert.equal(
      await textOf(service, container, "azureml-logs/attempts/1/user_logs/std_log.txt"),
      "first words\n",
    );
    const story = await service.flow.story({ scope: SCOPE, runId: id });
    assert.deepEqual(
      story.map((entry) => entry.event).filter((event) => event !== "released"),
      [
        "submitted",
        "claimed",
        "preparing",
        "environmentPrepared",
        "prepared",
        "launched",
        "started",
        "retried",
        "cleared",
        "launched",
        "started",
        "ended",
        "succeeded",
      ],
    );
    const retried = story.find((entry) => entry.event === "retried");
    assert.deepEqual([retried?.detail?.reason, retried?.detail?.attempt], ["Vanished", 2]);
    // The first is ended and released before the second is launched.
    const [first, second] = service.engine.accepted;
    const { calls } = service.engine;
    assert.ok(calls.indexOf(`stop ${first}`) < calls.indexOf(`release ${first}`));
    assert.ok(calls.indexOf(`release ${first}`) < calls.indexOf(`launch ${second}`));
    await service.until("the engine being freed", () => service.engine.jobs().size === 0);
  });

  it("is started as often as is set and no more", async () => {
    await using service = await ScriptedService.start(() => VANISHES, { retries: 2 });
    const { id } = await service.submit("a.py");
    const run = await service.reached(id, "Failed");
    assert.deepEqual([run.life.outcome?.reason, run.life.attempt], ["Vanished", 3]);
    assert.equal(service.engine.accepted.length, 3);
    await service.until("the engine being freed", () => service.engine.jobs().size === 0);
  });

  it("keeps nothing for its next attempt when nothing is to be collected", async () => {
    await using service = await ScriptedService.start(
      (_, plan) => (attemptOf(plan) === 1 ? VANISHES : { runForMs: 1000 }),
      { retries: 1 },
    );
    const { id } = await service.submit("a.py", { history: { outputCollection: false } });
    const run = await service.reached(id, "Completed");
    assert.equal(run.life.plan?.restored, undefined);
    const { values } = await service.flow.listFiles(
      { scope: SCOPE, container: run.dataContainerId },
      { limit: 20 },
    );
    assert.deepEqual(
      values.map((file) => file.path),
      ["azureml-logs/attempts/1/user_logs/std_log.txt", "user_logs/std_log.txt"],
    );
  });

  it("has its whole time in each attempt, and none of the way there counts", async () => {
    await using service = await ScriptedService.start(
      (_, plan) =>
        attemptOf(plan) === 1
          ? { ...VANISHES, vanishAfterMs: 20_000, waitForMs: 40_000 }
          : { runForMs: "forever", waitForMs: 40_000 },
      { retries: 1 },
    );
    const { id } = await service.submit("a.py", { maxRunDurationSeconds: 30 });
    const run = await service.reached(id, "Canceled");
    assert.equal(run.life.outcome?.reason, "OverTime");
    assert.equal(run.life.attempt, 2);
    const took = (run.life.endedAt ?? 0) - (run.life.attemptStartedAt ?? 0);
    assert.ok(took >= 30_000 && took <= 31_000, `${took} ms`);
    assert.ok(
      (run.life.startedAt ?? 0) + 60_000 <= (run.life.attemptStartedAt ?? 0),
      "the first start stays told",
    );
  });

  it("is canceled between its attempts, and no second one begins", async () => {
    const busy = { failLaunch: { error: new MalachiteError("EngineUnavailable", "It is busy.") } };
    await using service = await ScriptedService.start(
      (_, plan) => (attemptOf(plan) === 1 ? VANISHES : busy),
      { retries: 5 },
    );
    const { id } = await service.submit("a.py");
    await service.until(
      "the second attempt being due, which the engine does not take yet",
      async () => (await service.run(id)).life.attempt === 2,
    );
    await service.flow.cancelRun({ scope: SCOPE, runId: id, by: ADA });
    const run = await service.reached(id, "Canceled");
    assert.deepEqual([run.life.attempt, service.engine.accepted.length], [2, 1]);
    await service.until("the engine being freed", () => service.engine.jobs().size === 0);
  });

  it("is neither lost nor started twice when the service dies at any time", async () => {
    await using service = await ScriptedService.start(
      (_, plan) =>
        attemptOf(plan) <= 2 ? { ...VANISHES, stopForMs: 100, slowLaunchMs: 100 } : { runForMs: 1000 },
      { retries: 3 },
    );
    const { id } = await service.submit("a.py");
    let most = 0;
    for (let i = 0; i < 60 && (await service.status(id)) !== "Completed"; i++) {
      await service.clock.advance(37 * (i % 8));
      await service.restart();
      most = Math.max(most, service.engine.jobs().size);
    }
    const run = await service.reached(id, "Completed");
    assert.deepEqual([run.life.attempt, most], [3, 1]);
    assert.equal(service.engine.accepted.length, new Set(service.engine.accepted).size);
    assert.equal(service.engine.accepted.length, 3);
  });
});

describe("a run that its target does not take", () => {
  it("is tried once more in any case, for its script has not begun", async () => {
    const fault = new MalachiteError("RunIdTaken", "the name is taken for a moment");
    await using service = await ScriptedService.start((_, plan) =>
      attemptOf(plan) === 1 ? { failLaunch: { error: fault } } : { runForMs: 100 },
    );
    const { id } = await service.submit("a.py", { maxRunDurationSeconds: 30 });
    const run = await service.reached(id, "Completed");
    assert.equal(run.life.attempt, 2);
  });

  it("fails with the reason when it is refused again", async () => {
    const fault = new MalachiteError("RunIdTaken", "the name is taken");
    await using service = await ScriptedService.start(() => ({ failLaunch: { error: fault } }));
    const { id } = await service.submit("a.py");
    const run = await service.reached(id, "Failed");
    assert.deepEqual(
      [run.life.outcome?.reason, run.life.outcome?.message, run.life.attempt],
      ["LaunchRefused", "the name is taken", 2],
    );
  });

  it("is not tried again when its plan is what is wrong", async () => {
    const fault = new MalachiteError("UnsupportedField", "no such queue");
    await using service = await ScriptedService.start(() => ({ failLaunch: { error: fault } }), {
      retries: 9,
    });
    const { id } = await service.submit("a.py");
    assert.equal((await service.reached(id, "Failed")).life.attempt, 1);
  });
});
