// The line and what runs take from it, on real stores with an engine whose behaviour is data.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError, MalachiteError } from "@malachite/core";
import type { Script } from "./scriptedDriver.ts";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

/** `a5.py` runs for five seconds, any other until it is ended. */
const bySeconds = (name: string): Script => {
  const seconds = /(\d+)\.py$/.exec(name)?.[1];
  return { runForMs: seconds === undefined ? "forever" : Number(seconds) * 1000 };
};
const wish = (cuda: string) => ({ environmentVariables: { CUDA_VISIBLE_DEVICES: cuda } });

const whyOf = async (service: ScriptedService, runId: string) => service.flow.why({ scope: SCOPE, runId });
const end = (service: ScriptedService, runId: string) =>
  service.flow.cancelRun({ scope: SCOPE, runId, by: ADA });
const visible = async (service: ScriptedService, runId: string) =>
  (await service.run(runId)).life.plan?.environment.CUDA_VISIBLE_DEVICES;

describe("the queue", () => {
  it("serves higher priorities first, and says so to those behind", async () => {
    await using service = await ScriptedService.start(bySeconds, { runsAtOnce: 1 });
    await service.submit("first.py", {}, "first");
    await service.reached("first", "Running");
    for (const [id, priority] of Object.entries({ low: -5, usual: null, high: 100 }))
      await service.submit("a1.py", { priority }, id);
    const { constraints } = await whyOf(service, "low");
    assert.deepEqual(
      constraints.map(({ code, resource, ahead }) => [code, resource ?? ahead]),
      [
        ["limitReached", "places"],
        ["behindOthers", 2],
      ],
    );
    assert.equal((await whyOf(service, "high")).constraints.length, 1);
    await end(service, "first");
    await service.reached("low", "Completed");
    const started = await Promise.all(
      ["high", "usual", "low"].map(async (id) => (await service.run(id)).life.startedAt ?? 0),
    );
    assert.deepEqual(
      started,
      started.toSorted((a, b) => a - b),
    );
  });

  it("gives GPUs by number, lets a run without pass, and keeps them for the one that waits", async () => {
    await using service = await ScriptedService.start(bySeconds, { runsAtOnce: 4, gpus: [0, 1] });
    await service.submit("a.py", {}, "one");
    await service.reached("one", "Running");
    await service.submit("b.py", wish("0,1"), "both");
    await service.submit("c.py", {}, "behind");
    await service.submit("d.py", wish("-1"), "none");
    await service.reached("none", "Running");
    assert.deepEqual(
      [await service.status("both"), await service.status("behind")],
      ["NotStarted", "NotStarted"],
    );
    assert.deepEqual([await visible(service, "one"), await visible(service, "none")], ["0", ""]);
    assert.deepEqual((await whyOf(service, "both")).constraints, [
      {
        code: "limitReached",
        resource: "gpus",
        needed: 2,
        free: 1,
        heldBy: ["one"],
        message: "It needs 2 GPUs; of 2 1 is free; the others are held by one.",
      },
    ]);
    const behind = await whyOf(service, "behind");
    assert.match(
      behind.summary,
      /needs 1 GPU; of 2 1 is free, for runs before it; .* 1 run is served before it/,
    );
    await end(service, "one");
    await service.reached("both", "Running");
    assert.equal(await visible(service, "both"), "0,1");
    assert.deepEqual((await whyOf(service, "behind")).constraints[0]?.heldBy, ["both"]);
    const [local] = await service.flow.targets();
    assert.deepEqual([local?.gpus, local?.gpusFree, local?.gpusPerRun], [2, 0, 1]);
  });

  it("knows after a restart who holds which GPUs", async () => {
    await using service = await ScriptedService.start(bySeconds, { gpus: [0, 1, 2] });
    for (const id of ["a", "b"]) await service.submit("x.py", {}, id);
    await service.reached("a", "Running");
    await service.reached("b", "Running");
    await end(service, "a");
    await service.reached("a", "Canceled");
    await service.restart();
    await service.submit("x.py", wish("0,1"), "c");
    await service.reached("c", "Running");
    assert.deepEqual([await visible(service, "b"), await visible(service, "c")], ["1", "0,2"]);
    assert.deepEqual((await service.run("c")).life.gpus, [0, 2]);
    const story = await service.flow.story({ scope: SCOPE, runId: "c" });
    assert.deepEqual(story.find(({ event }) => event === "claimed")?.detail?.gpus, [0, 2]);
  });

  it("counts the nodes of a target, and shares nothing with targets that have something of their own", async () => {
    await using service = await ScriptedService.start(bySeconds, {
      runsAtOnce: 1,
      gpus: [0],
      targets: { cluster: { nodes: 3 }, rig: { gpuIds: [7] } },
    });
    const to = (target: string, more: object = {}) => ({ target, ...more });
    await service.submit("a.py", {}, "local");
    await service.submit("b.py", to("cluster", { nodeCount: 2 }), "two");
    await service.submit("c.py", to("rig"), "rig");
    for (const id of ["local", "two", "rig"]) await service.reached(id, "Running");
    await service.submit("d.py", to("cluster", { nodeCount: 2 }), "wide");
    await service.submit("e.py", to("cluster"), "narrow");
    const { constraints } = await whyOf(service, "wide");
    assert.ok(
      constraints.some(({ resource, needed, free }) => resource === "nodes" && needed === 2 && free === 1),
    );
    assert.equal(await service.status("narrow"), "NotStarted");
    assert.deepEqual([await visible(service, "rig"), await visible(service, "two")], ["7", ""]);
    await end(service, "two");
    await service.reached("wide", "Running");
    await service.until(
      "the other node being given out",
      async () => (await service.status("narrow")) !== "NotStarted",
    );
  });

  it("refuses at once what its target can never do, with the list of those that there are", async () => {
    await using service = await ScriptedService.start(bySeconds, {
      targets: { rig: { gpuIds: [4, 5], nodes: 1 } },
    });
    const refusal = async (configuration: Record<string, unknown>) => {
      const error = await service.submit("a.py", configuration).then(
        () => assert.fail("it was taken"),
        (thrown: unknown) => thrown,
      );
      assert.ok(isMalachiteError(error));
      return `${error.code} ${error.message}`;
    };
    const list = "local (any number of nodes, no GPUs), rig (1 node, 2 GPUs)";
    assert.match(
      await refusal({ target: "rig", nodeCount: 2 }),
      /^TargetTooSmall configuration.nodeCount: 2 nodes .* 'rig' has 1/,
    );
    assert.ok((await refusal({ target: "rig", nodeCount: 2 })).endsWith(` There are: ${list}.`));
    assert.match(
      await refusal({ target: "rig", ...wish("0,1,2") }),
      /^TargetTooSmall .*CUDA_VISIBLE_DEVICES: 3 GPUs were asked for; the compute target 'rig' has 2/,
    );
    const unknown = await refusal({ target: "rug" });
    assert.ok(unknown.startsWith("UnknownTarget There is no compute target 'rug'") && unknown.includes(list));
  });

  it("says what a run waits for that its target has no more, and goes on with the others", async () => {
    await using service = await ScriptedService.start(bySeconds, { runsAtOnce: 2, gpus: [0, 1] });
    for (const id of ["a", "b"]) await service.submit("x.py", {}, id);
    await service.reached("b", "Running");
    await service.submit("x.py", wish("0,1"), "big");
    await service.restart({ runsAtOnce: 3, gpus: [0] });
    assert.deepEqual((await whyOf(service, "big")).constraints, [
      { code: "outOfReach", message: "It needs 2 GPUs, and there are 1 in all." },
    ]);
    await service.submit("x.py", wish("-1"), "plain");
    await service.reached("plain", "Running");
    await service.restart({ runsAtOnce: 4, gpus: [0, 1] });
    await end(service, "a");
    await end(service, "b");
    await service.reached("big", "Running");
  });

  it("launches at once when a run of its pool makes room, however long its tries are apart by then", async () => {
    const error = new MalachiteError("EngineUnavailable", "gpu1 has 0 of 2 GPUs free");
    const isFull = (): boolean => service.engine.jobs().size > 0;
    const script = (name: string): Script =>
      name === "first.py" ? { runForMs: 100_000 } : isFull() ? { failLaunch: { error } } : { runForMs: 1000 };
    await using service: ScriptedService = await ScriptedService.start(script, { runsAtOnce: 4 });
    const first = await service.submit("first.py");
    await service.reached(first.id, "Running");
    const second = await service.submit("second.py");
    await service.reached(first.id, "Completed", 120_000);
    await service.reached(second.id, "Completed", 120_000);
    const at = async (runId: string, name: string) =>
      (await service.flow.story({ scope: SCOPE, runId })).find(({ event }) => event === name)?.at ??
      Number.NaN;
    const late = (await at(second.id, "launched")) - (await at(first.id, "released"));
    assert.ok(late >= 0 && late < 1000, `${late} ms`);
  });
});
