import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError } from "@malachite/core";
import type { Script } from "./scriptedDriver.ts";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

const always = (script: Script) => () => script;
const FOREVER: Script = { runForMs: "forever" };

describe("the way of a run", () => {
  it("leads from its submission to its end, with log, outputs and a story", async () => {
    await using service = await ScriptedService.start(
      always({ runForMs: 500, log: "hello\n", files: { "project/outputs/model.txt": "42" } }),
    );
    const { id } = await service.submit("a.py");
    const run = await service.reached(id, "Completed");
    assert.equal(run.life.exit?.code, 0);
    assert.equal(run.life.outcome?.reason, "ExitedZero");
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
        "ended",
        "succeeded",
      ],
    );
    const files = await service.flow.listFiles(
      { scope: SCOPE, container: run.dataContainerId },
      { limit: 10 },
    );
    assert.deepEqual(
      files.values.map((file) => file.path),
      ["outputs/model.txt", "user_logs/std_log.txt"],
    );
    await service.until("the engine being freed", () => service.engine.jobs().size === 0);
  });

  for (const [what, script, reason] of [
    ["an exit code", { exitCode: 3 }, "ExitedNonZero"],
    ["a signal", { signal: "SIGSEGV" }, "KilledBySignal"],
    ["running out of memory", { signal: "SIGKILL", outOfMemory: true }, "OutOfMemory"],
    [
      "a command that cannot be started",
      { exitCode: 127, failure: "The command was not found." },
      "StartFailed",
    ],
    ["an engine that has forgotten it", { runForMs: "forever", forgetAfterMs: 3000 }, "Vanished"],
    [
      "an engine that refuses it",
      { failLaunch: { error: new MalachiteError("UnsupportedField", "no such queue") } },
      "LaunchRefused",
    ],
  ] as const satisfies readonly (readonly [string, Script, string])[]) {
    it(`ends in the truth: ${what} is ${reason}`, async () => {
      await using service = await ScriptedService.start(always(script));
      const { id } = await service.submit("a.py");
      const run = await service.reached(id, "Failed");
      assert.equal(run.life.outcome?.reason, reason);
      await service.until("the engine being freed", () => service.engine.jobs().size === 0);
    });
  }

  it("waits for files that cannot be read, and no longer than ten minutes: what is missing is a warning", async () => {
    const unreadable = new MalachiteError("EngineUnavailable", "EIO: i/o error, scandir");
    await using service = await ScriptedService.start(always({ exitCode: 0, unreadable }));
    const { id } = await service.submit("a.py");
    await service.reached(id, "Finalizing");
    const stood = service.clock.now();
    await service.until("the end", async () => (await service.status(id)) !== "Finalizing", {
      withinMs: 900_000,
      stepMs: 5000,
    });
    const ended = await service.run(id);
    assert.equal(ended.life.outcome?.reason, "ExitedZero");
    assert.ok(service.clock.now() - stood >= 600_000);
    assert.match(
      JSON.stringify(ended.about),
      /could not be read for 10 minutes after its end.*EIO: i\/o error, scandir/,
    );
  });

  it("is ended by an environment that is ready, when that was all it was for", async () => {
    await using service = await ScriptedService.start(always(FOREVER));
    const ask = {
      scope: SCOPE,
      experimentName: "e",
      runId: "prepare_1",
      definition: { configuration: { target: "local" } },
      by: ADA,
    };
    assert.equal(await service.flow.isPrepared(ask), true);
    await service.flow.submitRun({ ...ask, only: "prepare" });
    const run = await service.reached("prepare_1", "Completed");
    assert.deepEqual([run.life.outcome?.reason, run.life.plan], ["EnvironmentReady", undefined]);
    assert.equal(run.about.runType, "azureml.preparation");
    assert.equal(service.engine.jobs().size, 0);
  });

  it("runs a command in an empty folder when no project comes with it", async () => {
    await using service = await ScriptedService.start(always({ runForMs: 100 }));
    const run = await service.flow.submitRun({
      scope: SCOPE,
      experimentName: "e",
      definition: { configuration: { target: "local", command: "echo $HOME" } },
      by: ADA,
    });
    const { life } = await service.reached(run.id, "Completed");
    assert.deepEqual([life.plan?.tree, life.plan?.argv.includes("echo $HOME")], [undefined, true]);
  });

  it("waits for an engine that does not answer, and never takes that for the end", async () => {
    await using service = await ScriptedService.start(always({ runForMs: 20_000 }));
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    service.engine.unreachableFor(60_000);
    await service.clock.advance(40_000);
    assert.equal(await service.status(id), "Running");
    assert.equal((await service.reached(id, "Completed")).life.attempt, 1);
  });

  it("launches again what the engine did not take, and not what it took with its answer lost", async () => {
    const unavailable = new MalachiteError("EngineUnavailable", "try again");
    await using service = await ScriptedService.start((name) =>
      name === "lost.py" ? { loseAnswer: unavailable } : { failLaunch: { error: unavailable, times: 3 } },
    );
    const [lost, refused] = [await service.submit("lost.py"), await service.submit("refused.py")];
    await service.reached(lost.id, "Completed");
    await service.reached(refused.id, "Completed");
    assert.equal(service.engine.accepted.length, 2);
    assert.equal(new Set(service.engine.accepted).size, 2);
  });

  it("stops a run that takes longer than it may, to the second, and says so", async () => {
    await using service = await ScriptedService.start(always(FOREVER));
    const { id } = await service.submit("a.py", { maxRunDurationSeconds: 30 });
    await service.reached(id, "Running");
    const run = await service.reached(id, "Canceled");
    assert.equal(run.life.outcome?.reason, "OverTime");
    const took = (run.life.endedAt ?? 0) - (run.life.startedAt ?? 0);
    assert.ok(took >= 30_000 && took <= 31_000, `${took} ms`);
  });

  it("serves runs in the order they came, no more at once than the limit, and says exactly what one waits for", async () => {
    await using service = await ScriptedService.start(always({ runForMs: 5000 }), { runsAtOnce: 2 });
    const runs = [];
    for (let i = 0; i < 4; i++) runs.push(await service.submit("a.py", {}, `r${i}`));
    await service.reached("r0", "Running");
    await service.reached("r1", "Running");
    assert.equal(await service.status("r2"), "NotStarted");
    const why = await service.flow.why({ scope: SCOPE, runId: "r3" });
    assert.equal(why.waiting, true);
    assert.deepEqual(
      why.constraints.map((c) => c.code),
      ["limitReached", "behindOthers"],
    );
    assert.deepEqual(why.constraints[0]?.heldBy?.toSorted(), ["r0", "r1"]);
    assert.equal(why.constraints[1]?.ahead, 1);
    await service.reached("r3", "Completed");
    assert.equal(service.engine.accepted.length, 4);
    assert.match((await service.flow.why({ scope: SCOPE, runId: "r3" })).summary, /has ended as Completed/);
  });

  it("logs that its records are away once, not at each of its tries, and then goes on", async () => {
    await using service = await ScriptedService.start(always({ runForMs: 60_000 }));
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    const { runs } = service.ports ?? assert.fail();
    let tries = 0;
    const renew = async (): Promise<never> => {
      tries += 1;
      throw new MalachiteError("DatabaseUnavailable", "The database does not answer");
    };
    Object.assign(service.ports ?? {}, {
      runs: new Proxy(runs, { get: (of, name) => (name === "renew" ? renew : Reflect.get(of, name)) }),
    });
    await service.until("three tries", () => tries >= 3);
    assert.equal(
      service.warnings.filter((text) => text.startsWith("keeperFailed")).length,
      1,
      service.warnings.join("; "),
    );
    Object.assign(service.ports ?? {}, { runs });
    await service.reached(id, "Completed");
  });

  it("says why a launch was refused for as long as it is tried again", async () => {
    const error = new MalachiteError("EngineUnavailable", "gpu1 has 0 of 1 GPUs free");
    await using service = await ScriptedService.start(
      always({ failLaunch: { error, times: 4 }, runForMs: 5000 }),
    );
    const { id } = await service.submit("a.py");
    const why = async () => (await service.flow.why({ scope: SCOPE, runId: id })).summary;
    await service.until("the reason", async () => (await why()).includes("GPUs"));
    assert.match(
      await why(),
      /^It is being handed to the compute target 'local'\. It is tried again, for the last try was refused: gpu1 has 0 of 1 GPUs free\.$/,
    );
    await service.reached(id, "Running");
    assert.equal(await why(), "The run is Running and waits for nothing but its own code.");
  });

  it("says it anew of a next step that meets the same", async () => {
    await using service = await ScriptedService.start(always({ runForMs: 5000 }));
    const { id } = await service.submit("a.py");
    service.engine.unreachableFor(600_000);
    const why = async () => (await service.flow.why({ scope: SCOPE, runId: id })).summary;
    const refused = /It is tried again, for the last try was refused: The scripted engine does not answer\.$/;
    await service.until("the reason", async () => refused.test(await why()));
    await service.flow.cancelRun({ scope: SCOPE, runId: id, by: ADA });
    await service.until("the reason of the stop", async () => refused.test(await why()), {
      withinMs: 120_000,
    });
    assert.match(await why(), /^It was asked to end; its processes are being stopped\. It is tried again/);
  });

  it("says why a run waits at its engine, in the engine's words, also while that cannot be asked", async () => {
    const script = { waitForMs: 60_000, why: "Slurm says: Resources." };
    await using service = await ScriptedService.start(always(script));
    await service.submit("a.py", {}, "r");
    await service.reached("r", "Queued");
    await service.until("the job", async () => (await service.run("r")).life.handle !== undefined);
    const why = async () => (await service.flow.why({ scope: SCOPE, runId: "r" })).summary;
    assert.match(await why(), /has not started it yet\. Slurm says: Resources\.$/);
    service.engine.unreachableFor(1000);
    assert.match(await why(), /cannot be asked now\. The scripted engine does not answer\.$/);
  });

  it("lets tags change while it runs, and is not disturbed", async () => {
    await using service = await ScriptedService.start(always({ runForMs: 2000 }));
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    for (let i = 0; i < 5; i++)
      await service.flow.patchRun(
        { scope: SCOPE, runId: id },
        { tags: { n: String(i) }, status: "Failed" },
        ADA,
      );
    const run = await service.reached(id, "Completed");
    assert.equal(run.about.tags.n, "4");
  });
});

describe("a cancel", () => {
  it("of a waiting run is its end, and the next one moves up", async () => {
    await using service = await ScriptedService.start(always(FOREVER), { runsAtOnce: 1 });
    await service.submit("a.py", {}, "first");
    await service.submit("a.py", {}, "second");
    await service.reached("first", "Running");
    const { status } = await service.flow.cancelRun({ scope: SCOPE, runId: "second", by: ADA });
    assert.equal(status, "Canceled");
    assert.equal(service.engine.accepted.length, 1);
  });

  it("of a running one is said only when the engine has ended it, with its log kept", async () => {
    await using service = await ScriptedService.start(always({ ...FOREVER, ignoresTerm: true, log: "up\n" }));
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    const asked = service.clock.now();
    assert.equal(
      (await service.flow.cancelRun({ scope: SCOPE, runId: id, by: ADA, text: "enough" })).status,
      "CancelRequested",
    );
    const run = await service.reached(id, "Canceled");
    assert.ok((run.life.endedAt ?? 0) - asked >= 5000, "the grace was given");
    assert.match(run.life.outcome?.message ?? "", /ada.*enough/);
    assert.equal(
      (await service.flow.fileInfo({ scope: SCOPE, container: run.dataContainerId }, "user_logs/std_log.txt"))
        .sizeBytes,
      3,
    );
  });

  it("in the middle of a launch ends the job that the launch makes", async () => {
    await using service = await ScriptedService.start(always({ ...FOREVER, slowLaunchMs: 3000 }));
    const { id } = await service.submit("a.py");
    await service.until("the launch being under way", () =>
      service.engine.calls.some((call) => call.startsWith("launch")),
    );
    await service.flow.cancelRun({ scope: SCOPE, runId: id, by: ADA });
    await service.reached(id, "Canceled");
    await service.until("the engine being freed", () => service.engine.jobs().size === 0);
  });

  it("asked twice, or after the end, changes nothing", async () => {
    await using service = await ScriptedService.start(always({ runForMs: 100 }));
    const { id } = await service.submit("a.py");
    const ended = await service.reached(id, "Completed");
    await service.until("the release", async () => (await service.run(id)).life.release === "paid");
    const { version } = await service.run(id);
    assert.equal((await service.flow.cancelRun({ scope: SCOPE, runId: id, by: ADA })).status, "Completed");
    assert.equal((await service.run(id)).version, version);
    assert.equal(ended.life.status, "Completed");
  });

  it("with a final status ends the run as that", async () => {
    await using service = await ScriptedService.start(always(FOREVER));
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    await service.flow.cancelRun({ scope: SCOPE, runId: id, by: ADA, finalStatus: "Completed" });
    assert.equal((await service.reached(id, "Completed")).life.outcome?.reason, "EndedAsCompleted");
  });
});

describe("a restart of the service", () => {
  it("finds its runs at every stage and starts none twice", async () => {
    await using service = await ScriptedService.start(
      (name) => (name === "long.py" ? { runForMs: 30_000 } : { runForMs: 500 }),
      { runsAtOnce: 3 },
    );
    const ids = [];
    for (let i = 0; i < 9; i++) ids.push((await service.submit(i % 2 === 0 ? "long.py" : "short.py")).id);
    for (let i = 0; i < 6; i++) {
      await service.clock.advance(150 * i);
      await service.restart();
    }
    for (const id of ids) assert.equal((await service.reached(id, "Completed")).life.attempt, 1);
    assert.equal(service.engine.accepted.length, 9);
    await service.until("the engine being freed", () => service.engine.jobs().size === 0);
  });

  it("carries out a wish to cancel that was written before it", async () => {
    await using service = await ScriptedService.start(always({ ...FOREVER, ignoresTerm: true }));
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    await service.flow.cancelRun({ scope: SCOPE, runId: id, by: ADA });
    await service.restart();
    await service.reached(id, "Canceled");
  });

  it("ends at once what went over its time meanwhile", async () => {
    await using service = await ScriptedService.start(always(FOREVER));
    const { id } = await service.submit("a.py", { maxRunDurationSeconds: 5 });
    await service.reached(id, "Running");
    await service.restart();
    assert.equal((await service.reached(id, "Canceled")).life.outcome?.reason, "OverTime");
  });
});

describe("a submission", () => {
  it("sent again with the same id is the same run, with other content a conflict", async () => {
    await using service = await ScriptedService.start(always({}));
    const [first, again] = await Promise.all([
      service.submit("a.py", { arguments: ["1"] }, "mine"),
      service.submit("a.py", { arguments: ["1"] }, "mine"),
    ]);
    assert.equal(first.number, again.number);
    await assert.rejects(service.submit("a.py", { arguments: ["2"] }, "mine"), { code: "RunIdTaken" });
    await service.reached("mine", "Completed");
    assert.equal(service.engine.accepted.length, 1);
  });

  it("of the impossible is refused at once, by name", async () => {
    await using service = await ScriptedService.start(always({}));
    await assert.rejects(
      service.submit("a.py", { target: "gpu-cluster" }),
      (error: MalachiteError) => error.code === "UnknownTarget" && error.message.includes("There are: local"),
    );
    const missing = {
      scope: SCOPE,
      experimentName: "e",
      definition: { snapshotId: "00000000-0000-4000-8000-000000000000", configuration: { script: "a.py" } },
      by: ADA,
    };
    await assert.rejects(service.flow.submitRun(missing), { code: "SnapshotNotFound" });
    const { snapshotId } = await service.submit("a.py");
    await assert.rejects(
      service.flow.submitRun({ ...missing, definition: { snapshotId, configuration: { script: "b.py" } } }),
      { code: "ScriptNotFound" },
    );
    await assert.rejects(
      service.flow.submitRun({
        ...missing,
        definition: { snapshotId, parentRunId: "nobody", configuration: { script: "a.py" } },
      }),
      { code: "InvalidDefinition" },
    );
  });
});
