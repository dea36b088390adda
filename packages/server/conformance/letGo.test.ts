// Runs whose machine does not come back: an operator lets go of them, and they hold nothing any more. Should it come back after all, what
// it still has of them goes, and their records stay closed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFlow, MalachiteError, RunNews } from "@malachite/core";
import { checkHistory } from "./historyChecker.ts";
import type { Script } from "./scriptedDriver.ts";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

const FOREVER: Script = { runForMs: "forever" };
const NEVER_MS = 1e12;
const HOURS_MS = 3 * 3600_000;

const serviceOf = (script: Script = FOREVER, pool: Parameters<typeof ScriptedService.start>[1] = {}) =>
  ScriptedService.start(() => script, pool);
const letGo = (service: ScriptedService, runId: string, text?: string) =>
  service.flow.letGoRun({ scope: SCOPE, runId, by: ADA, ...(text === undefined ? {} : { text }) });
const storyOf = (service: ScriptedService, runId: string) => service.flow.story({ scope: SCOPE, runId });
const callsSince = (service: ScriptedService, from: number) =>
  service.engine.calls.slice(from).filter((call) => !/^(observe|usage) /.test(call));
const freeLetGo = (service: ScriptedService) => service.flow.freeLetGo(new AbortController().signal);

/** A run that was asked to end, on an engine that never says that it did. */
async function stuck(service: ScriptedService, before = async () => {}): Promise<string> {
  const { id } = await service.submit("a.py");
  await service.reached(id, "Running");
  await before();
  service.engine.unreachableFor(NEVER_MS);
  await service.flow.cancelRun({ scope: SCOPE, runId: id, by: ADA });
  await service.until("a stop that is not answered", () =>
    service.engine.calls.some((c) => c.startsWith("stop")),
  );
  return id;
}

/** Runs of three scripts, whose engine is away, and that nobody holds any more. */
async function threeLetGo(service: ScriptedService): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const name of ["a.py", "b.py", "c.py"]) ids.push((await service.submit(name)).id);
  for (const id of ids) await service.reached(id, "Running");
  service.engine.unreachableFor(NEVER_MS);
  for (const id of ids) await letGo(service, id);
  await service.until("the leases given back", async () => {
    const at = (await service.ports?.runs.now()) ?? 0;
    return (await service.ports?.runs.letGoOf({ at, limit: 10 }))?.length === 3;
  });
  return ids;
}

describe("a run that is let go of", () => {
  it("ends at once as Canceled, says by whom and what that means, and its engine is asked no more", async () => {
    await using service = await serviceOf();
    const id = await stuck(service);
    const { run, status } = await letGo(service, id, "The host has burnt.");
    assert.equal(status, "Canceled");
    assert.deepEqual(
      [run.life.outcome?.reason, run.life.outcome?.message, run.life.release],
      [
        "LetGo",
        "Let go by ada: the machine was not asked; what still runs there runs on. The host has burnt.",
        "letGo",
      ],
    );
    await service.until("the keeper to have dropped it", async () => {
      const asked = service.engine.calls.length;
      await service.clock.advance(120_000);
      return callsSince(service, asked).length === 0;
    });
    const story = await storyOf(service, id);
    assert.deepEqual(
      [story.at(-1)?.event, story.at(-1)?.actor, story.at(-1)?.status],
      ["letGo", "ada", "Canceled"],
    );
    assert.deepEqual(checkHistory(story), []);
    assert.deepEqual(await service.ports?.runs.inHand(), []);
  });

  it("gives its place to the run that waits for it, and counts in no quota", async () => {
    await using service = await serviceOf(FOREVER, { runsAtOnce: 1 });
    const id = await stuck(service, async () => void (await service.submit("b.py", {}, "next")));
    const used = async () => (await service.flow.quotas(SCOPE, {}, { limit: 10 })).workspace;
    assert.deepEqual([(await used()).unfinishedRuns, (await used()).runningRuns], [2, 1]);
    await letGo(service, id);
    await service.until(
      "the next run being claimed",
      async () => (await service.status("next")) !== "NotStarted",
    );
    assert.deepEqual([(await used()).unfinishedRuns, (await used()).runningRuns], [1, 1]);
  });

  it("is dropped by the server that has it, though another one wrote that and its news were lost", async () => {
    await using service = await serviceOf();
    const id = await stuck(service);
    assert.ok(service.ports);
    const elsewhere = createFlow({ ...service.ports, news: new RunNews() });
    await elsewhere.letGoRun({ scope: SCOPE, runId: id, by: ADA });
    await service.until("the lease given back", async () => {
      const at = await service.ports?.runs.now();
      return (await service.ports?.runs.letGoOf({ at: at ?? 0, limit: 10 }))?.length === 1;
    });
    const asked = service.engine.calls.length;
    await service.clock.advance(120_000);
    assert.deepEqual(callsSince(service, asked), []);
  });

  it("stays let go of over a kill and a new start", async () => {
    await using service = await serviceOf();
    const id = await stuck(service);
    await letGo(service, id);
    const asked = service.engine.calls.length;
    await service.restart();
    await service.clock.advance(120_000);
    assert.deepEqual(callsSince(service, asked), []);
    assert.equal(await service.status(id), "Canceled");
  });

  it("is answered as it is when it is let go of once more", async () => {
    await using service = await serviceOf();
    const id = await stuck(service);
    const first = await letGo(service, id);
    const again = await letGo(service, id, "other words");
    assert.equal(again.run.version, first.run.version);
    assert.equal((await storyOf(service, id)).filter(({ event }) => event === "letGo").length, 1);
  });

  for (const [what, script, status] of [
    ["prepared or launched", { slowLaunchMs: NEVER_MS }, "Queued"],
    ["running", FOREVER, "Running"],
    [
      "finished, with files that cannot be read",
      { exitCode: 0, unreadable: new MalachiteError("EngineUnavailable", "away") },
      "Finalizing",
    ],
  ] as const)
    it(`ends also while it is being ${what}`, async () => {
      await using service = await serviceOf(script);
      const { id } = await service.submit("a.py");
      await service.reached(id, status);
      const { run } = await letGo(service, id);
      assert.deepEqual([run.life.status, run.life.outcome?.reason], ["Canceled", "LetGo"]);
      if (status === "Finalizing")
        assert.match(run.life.outcome?.message ?? "", /Its script had ended before: exit code 0\./);
      await service.until("nothing in hand", async () => (await service.ports?.runs.inHand())?.length === 0);
      assert.deepEqual(checkHistory(await storyOf(service, id)), []);
    });

  it("keeps the end that it has, where only the freeing of its target is owed", async () => {
    const unfreeable = new MalachiteError("EngineUnavailable", "away");
    await using service = await serviceOf({ runForMs: 1000, unfreeable });
    const { id } = await service.submit("a.py");
    await service.reached(id, "Completed");
    const { run } = await letGo(service, id);
    assert.deepEqual(
      [run.life.status, run.life.outcome?.reason, run.life.release],
      ["Completed", "ExitedZero", "letGo"],
    );
    await service.until("nothing in hand", async () => (await service.ports?.runs.inHand())?.length === 0);
    const story = await storyOf(service, id);
    assert.equal(story.at(-1)?.event, "letGo");
    assert.deepEqual(checkHistory(story), []);
  });

  it("loses what runs on when its machine comes back: it is ended and freed, and the record stays as it was", async () => {
    await using service = await serviceOf();
    const id = await stuck(service);
    const { run: closed } = await letGo(service, id);
    await service.until("the keeper to have dropped it", async () => {
      const at = (await service.ports?.runs.now()) ?? 0;
      return (await service.ports?.runs.letGoOf({ at, limit: 10 }))?.length === 1;
    });
    assert.equal(await freeLetGo(service), 0);
    assert.equal(service.engine.jobs().size, 1);
    service.engine.unreachableFor(0);
    assert.equal(await freeLetGo(service), 1);
    assert.equal(service.engine.jobs().size, 0);
    const now = await service.run(id);
    assert.deepEqual({ ...now.life, release: "letGo" }, closed.life);
    assert.equal(now.life.release, "paid");
    assert.deepEqual(checkHistory(await storyOf(service, id)), []);
    assert.equal(await freeLetGo(service), 0);
    // The order is answered as before.
    assert.equal((await letGo(service, id)).run.version, now.version);
  });

  it("asks a machine that stays away once a turn, however many of its runs were let go of", async () => {
    await using service = await serviceOf();
    await threeLetGo(service);
    const asked = service.engine.calls.length;
    await freeLetGo(service);
    assert.equal(callsSince(service, asked).length, 1);
  });

  it("is freed on a machine that is back, though another of the same target stays away", async () => {
    const unfreeable = new MalachiteError("EngineUnavailable", "this one stays away");
    await using service = await ScriptedService.start((name) =>
      name === "c.py" ? { ...FOREVER, unfreeable } : FOREVER,
    );
    const ids = await threeLetGo(service);
    service.engine.unreachableFor(0);
    for (let turn = 0; turn < 4; turn += 1) {
      await freeLetGo(service);
      await service.clock.advance(60_000);
    }
    const releases = await Promise.all(ids.map(async (id) => (await service.run(id)).life.release));
    assert.deepEqual(releases, ["paid", "paid", "letGo"]);
  });

  it("is refused where there is nothing to let go of, with what to do instead", async () => {
    await using service = await serviceOf({ runForMs: 100 }, { runsAtOnce: 1 });
    const { id } = await service.submit("a.py");
    await service.until(
      "its target being freed",
      async () => (await service.run(id)).life.release === "paid",
    );
    await assert.rejects(letGo(service, id), {
      code: "NothingToLetGo",
      message: /has ended as Completed and its machine owes nothing any more/,
    });
    await assert.rejects(letGo(service, "nobody"), { code: "RunNotFound" });
    const waits = await service.flow.addRun(
      { scope: SCOPE, experimentName: "e", runId: "theirs" },
      { runId: "theirs" },
      ADA,
    );
    assert.equal(waits.run.origin, "external");
    await assert.rejects(letGo(service, "theirs"), {
      code: "RunExecutedElsewhere",
      message: /Post its status instead/,
    });
  });

  it("is refused while it waits: a cancel ends it", async () => {
    await using service = await serviceOf(FOREVER, { runsAtOnce: 1 });
    const { id: first } = await service.submit("a.py");
    await service.reached(first, "Running");
    const { id } = await service.submit("b.py");
    await assert.rejects(letGo(service, id), { code: "RunNotStarted", message: /Cancel it instead/ });
    assert.equal(await service.status(id), "NotStarted");
  });

  it("is named as the way out of a run at work whose machine cannot be asked", async () => {
    await using service = await serviceOf();
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    const why = async () => (await service.flow.why({ scope: SCOPE, runId: id })).summary;
    assert.equal(await why(), "The run is Running and waits for nothing but its own code.");
    service.engine.unreachableFor(NEVER_MS);
    assert.equal((await service.flow.why({ scope: SCOPE, runId: id })).waiting, true, "so pages show it");
    assert.equal(
      await why(),
      `The compute target 'local' cannot be asked now, so the run is shown as it was last seen. The scripted engine does not answer. If its machine never comes back, an operator can let go of the run: malachite cancel --let-go ${id}`,
    );
  });

  it("is named as the way out once the end has been waited for long, and not before", async () => {
    await using service = await serviceOf();
    const id = await stuck(service);
    const why = async () => (await service.flow.why({ scope: SCOPE, runId: id })).summary;
    await service.until("the reason", async () => (await why()).includes("refused"));
    assert.equal(
      await why(),
      "It was asked to end; its processes are being stopped. It is tried again, for the last try was refused: The scripted engine does not answer.",
    );
    await service.clock.advance(HOURS_MS);
    assert.match(
      await why(),
      new RegExp(
        `^It was asked to end; its processes are being stopped\\. The compute target 'local' has not done what it was asked for 18\\d minutes; it is asked again until it does\\. The scripted engine does not answer\\. If its machine never comes back, an operator can let go of the run: malachite cancel --let-go ${id}`,
      ),
    );
    await letGo(service, id);
    assert.match(await why(), /^The run has ended as Canceled: Let go by ada/);
  });
});
