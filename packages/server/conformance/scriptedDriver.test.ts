import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LaunchKey, type LaunchPlan, MalachiteError } from "@malachite/core";
import { collect, computeDriverConformance, LOG, readAll } from "./computeDriver.ts";
import { createFakeClock } from "./fakeClock.ts";
import { createScriptedEngine, type Script } from "./scriptedDriver.ts";

const target = { name: "scripted", kind: "scripted", pool: "scripted", options: {} };

/** The script is the command itself, as JSON. */
const scriptFor = (plan: LaunchPlan): Script => JSON.parse(plan.argv[0] ?? "{}");
const command = (script: Script): readonly string[] => [JSON.stringify(script)];

computeDriverConformance(
  "scripted",
  async () => {
    const clock = createFakeClock();
    const engine = createScriptedEngine({ clock, scriptFor });
    const withTime = () => {
      const driver = engine.driver();
      // A stop waits for its grace, and nobody else moves time meanwhile.
      const stop: typeof driver.stop = async (handle, graceMs, signal) => {
        const stopped = driver.stop(handle, graceMs, signal);
        await Promise.all([stopped, clock.advance(graceMs)]);
      };
      return { ...driver, stop };
    };
    return {
      driver: withTime(),
      target,
      restart: async () => withTime(),
      async withoutEngine(work) {
        engine.unreachableFor(1000);
        await work();
        await clock.advance(1000);
      },
      pass: (ms) => clock.advance(ms),
      async [Symbol.asyncDispose]() {},
    };
  },
  {
    realProcesses: false,
    payloads: {
      exit: (exitCode) => command({ exitCode }),
      die: (signal) => command({ signal }),
      print: (line) => command({ log: `${line}\n` }),
      forever: command({ runForMs: "forever" }),
      stubborn: command({ runForMs: "forever", ignoresTerm: true, log: "ready\n" }),
    },
  },
);

describe("scripted engine", () => {
  const signal = new AbortController().signal;
  function make(script: Script) {
    const clock = createFakeClock(0);
    const engine = createScriptedEngine({ clock, scriptFor: () => script });
    const plan = { key: "k" as LaunchKey, target, argv: ["x"], environment: {}, folders: [], nodes: 1 };
    return { clock, engine, driver: engine.driver(), launch: { plan, secrets: {} } };
  }

  it("waits, runs and ends as its script says, printing as it goes", async () => {
    const log = [
      { atMs: 0, text: "a" },
      { atMs: 15, text: "b" },
    ];
    const { clock, driver, launch } = make({ waitForMs: 10, why: "full", runForMs: 20, exitCode: 3, log });
    const handle = await driver.launch(launch, signal);
    const look = async () => (await driver.observe([handle], signal)).get(handle.key);
    assert.deepEqual(await look(), { at: "waiting", why: "full" });
    await clock.advance(10);
    assert.deepEqual(await look(), { at: "running", startedAt: 10 });
    assert.equal((await readAll(driver.folder(handle), LOG)).toString(), "a");
    await clock.advance(20);
    assert.deepEqual(await look(), { at: "ended", code: 3, startedAt: 10, endedAt: 30 });
    assert.equal((await readAll(driver.folder(handle), LOG)).toString(), "ab");
  });

  it("fails a launch as often as told, and is slow", async () => {
    const error = new MalachiteError("EngineUnavailable", "full");
    const { clock, engine, driver, launch } = make({ failLaunch: { error, times: 1 }, slowLaunchMs: 50 });
    await assert.rejects(driver.launch(launch, signal), error);
    assert.equal(await driver.find(target, launch.plan.key, signal), undefined);
    let accepted = false;
    const again = driver.launch(launch, signal).then(() => (accepted = true));
    await clock.advance(49);
    assert.equal(accepted, false);
    await clock.advance(1);
    await again;
    assert.deepEqual(engine.accepted, ["k"]);
  });

  it("takes a job and loses the answer", async () => {
    const { engine, driver, launch } = make({ loseAnswer: new Error("timed out") });
    await assert.rejects(driver.launch(launch, signal), /timed out/);
    assert.ok(await driver.find(target, launch.plan.key, signal));
    assert.deepEqual(engine.accepted, ["k"]);
  });

  it("forgets, by itself or on demand", async () => {
    const { clock, engine, driver, launch } = make({ runForMs: "forever", forgetAfterMs: 10 });
    const handle = await driver.launch(launch, signal);
    await clock.advance(10);
    assert.deepEqual((await driver.observe([handle], signal)).get(handle.key), { at: "gone" });
    const other = make({ runForMs: "forever" });
    const forgotten = await other.driver.launch(other.launch, signal);
    other.engine.forget(forgotten.key);
    assert.deepEqual((await other.driver.observe([forgotten], signal)).get(forgotten.key), { at: "gone" });
    assert.equal(engine.jobs().size, 1);
  });

  it("hints when told to, and lists its files", async () => {
    const { engine, driver, launch } = make({
      files: { "project/outputs/a": "1", "project/outputs/b/c": "22" },
    });
    const handle = await driver.launch(launch, signal);
    const end = new AbortController();
    const hints = collect(driver.hints(end.signal));
    await new Promise((resolve) => setImmediate(resolve));
    engine.hint(handle.key);
    await new Promise((resolve) => setImmediate(resolve));
    end.abort();
    assert.deepEqual(await hints, ["k"]);
    const files = await collect(driver.folder(handle).list("project/outputs/b"));
    assert.deepEqual(
      files.map(({ path, sizeBytes }) => [path, sizeBytes]),
      [["project/outputs/b/c", 2]],
    );
  });
});
