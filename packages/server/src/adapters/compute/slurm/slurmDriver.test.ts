// The Slurm driver over a Slurm that loses answers, forgets, requeues and ends jobs by itself.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isMalachiteError, type Launch, type LaunchKey, MalachiteError, RUN_FOLDER } from "@malachite/core";
import { courierIn } from "../../../../conformance/courierUnderTest.ts";
import { marksOf } from "../../../../conformance/driverUnderTest.ts";
import { ENTRIES } from "../../../entries.ts";
import { createSlurmDriver } from "./slurmDriver.ts";
import type { SlurmCluster } from "./slurmTarget.ts";
import type { SlurmVoice } from "./slurmVoice.ts";
import type { SlurmJob } from "./slurmWords.ts";

const signal = new AbortController().signal;
const target = { name: "lab", kind: "slurm", pool: "target:lab", options: {} };
const key = "run-1-abc" as LaunchKey;
const launchOf = (): Launch => ({
  plan: { key, target, argv: ["true"], environment: {}, folders: ["outputs"], nodes: 1 },
  secrets: {},
});

/** A driver, its Slurm as a list of jobs, and the folder of the launch. */
function bench() {
  const folder = mkdtempSync(join(tmpdir(), "malachite-slurm-"));
  const slurm = {
    jobs: [] as SlurmJob[],
    /** What a submission throws after the job was taken, or before. */
    fails: undefined as { readonly taken: boolean } | undefined,
    down: false,
    questions: 0,
    now: 1_000_000,
    url: "http://service:1",
    /** Which Slurm was asked last. */
    asked: undefined as SlurmCluster | undefined,
  };
  const down = () => new MalachiteError("EngineUnavailable", "Slurm does not answer.");
  const voice: SlurmVoice = {
    async submit() {
      const id = String(slurm.jobs.length + 1);
      if (slurm.fails?.taken !== false) slurm.jobs.push({ id, name: key, state: "PENDING", reason: "None" });
      if (slurm.fails !== undefined) throw down();
      return id;
    },
    async jobs(cluster, names) {
      slurm.questions += 1;
      slurm.asked = cluster;
      if (slurm.down) throw down();
      return slurm.jobs.filter(({ name }) => names.includes(name));
    },
    async tell() {},
    resume: async () => false,
    async kill() {},
    async withdraw(_, jobs) {
      const ids = jobs.map(({ id }) => id);
      slurm.jobs = slurm.jobs.map((job) => (ids.includes(job.id) ? { ...job, state: "CANCELLED" } : job));
    },
    longest: async () => undefined,
    fault: async () => undefined,
  };
  const driver = createSlurmDriver({
    folder,
    voice,
    marks: marksOf("a"),
    placer: { place: async () => {}, placeFiles: async () => {} },
    clock: { now: () => slurm.now, monotonic: () => slurm.now, sleep: async () => {} },
    inherited: {},
    graceMs: 0,
    settleMs: 1000,
    courier: courierIn(folder),
    authority: "",
    serviceUrl: () => slurm.url,
    files: ENTRIES.slurm,
  });
  const at = join(folder, key);
  return {
    driver,
    slurm,
    at,
    set: (state: string, reason = "None", facts: Partial<SlurmJob> = {}) => {
      slurm.jobs = slurm.jobs.map((job) => ({ ...job, state, reason, ...facts }));
    },
    /** The sighting once files have had the time to arrive. */
    async sight() {
      const handle = (await driver.find(target, key, signal)) ?? assert.fail("not found");
      const first = (await driver.observe([handle], signal)).get(key);
      slurm.now += 2000;
      return { first, settled: (await driver.observe([handle], signal)).get(key) };
    },
    begin: () => mkdirSync(join(at, "claim")),
    end: (exit: object) => writeFileSync(join(at, "exit.json"), JSON.stringify(exit)),
    async [Symbol.asyncDispose]() {
      await driver[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

describe("the Slurm driver", () => {
  it("finds the job whose submission was taken and whose answer was lost, and submits no second one", async () => {
    await using b = bench();
    b.slurm.fails = { taken: true };
    await assert.rejects(b.driver.launch(launchOf(), signal), /does not answer/);
    b.slurm.fails = undefined;
    assert.ok(await b.driver.find(target, key, signal));
    await b.driver.launch(launchOf(), signal);
    assert.equal(b.slurm.jobs.length, 1);
  });

  it("takes a submission that shows up after it was made again as the same run", async () => {
    await using b = bench();
    b.slurm.fails = { taken: false };
    await assert.rejects(b.driver.launch(launchOf(), signal), /does not answer/);
    b.slurm.fails = undefined;
    assert.equal(await b.driver.find(target, key, signal), undefined);
    const handle = await b.driver.launch(launchOf(), signal);
    b.slurm.jobs.push({ id: "9", name: key, state: "PENDING", reason: "None" });
    b.slurm.jobs = b.slurm.jobs.map((job) => (job.id === "9" ? { ...job, state: "RUNNING" } : job));
    b.begin();
    assert.equal((await b.driver.observe([handle], signal)).get(key)?.at, "running");
    // The one that came too late finds the claim taken, and its end says nothing.
    b.slurm.jobs = b.slurm.jobs.map((job) => ({ ...job, state: job.id === "9" ? "PREEMPTED" : "FAILED" }));
    assert.deepEqual((await b.sight()).settled, {
      at: "gone",
      taken: "Slurm says of job 9: PREEMPTED.",
      as: "Preempted",
    });
    b.set("PENDING");
    await b.driver.stop(handle, 0, signal);
    assert.ok(b.slurm.jobs.every(({ state }) => state === "CANCELLED"));
  });

  it("knows the end of a job that Slurm has forgotten by its record, and is never without one sure at once", async () => {
    await using b = bench();
    const handle = await b.driver.launch(launchOf(), signal);
    b.begin();
    b.slurm.jobs = [];
    assert.deepEqual(await b.sight(), { first: { at: "running" }, settled: { at: "gone" } });
    b.end({ version: 1, code: 3 });
    assert.deepEqual((await b.driver.observe([handle], signal)).get(key), { at: "ended", code: 3 });
  });

  it("never takes a Slurm that does not answer for a job that is gone", async () => {
    await using b = bench();
    const handle = await b.driver.launch(launchOf(), signal);
    b.slurm.down = true;
    const isUnavailable = (error: unknown) => isMalachiteError(error) && error.code === "EngineUnavailable";
    for (const ask of [
      () => b.driver.observe([handle], signal),
      () => b.driver.find(target, key, signal),
      () => b.driver.stop(handle, 0, signal),
      () => b.driver.release(handle, signal),
    ])
      await assert.rejects(ask, isUnavailable);
  });

  it("looks in the folder of a target for what is left there of its own launches, which jobs that go on are not", async () => {
    await using b = bench();
    const runs = join(b.at, "..", "shared");
    const shared = { ...target, options: { folder: runs } };
    const place = b.driver.placeAt?.(shared) ?? assert.fail("no place");
    assert.equal(b.driver.placeAt?.({ ...shared, options: { folder: runs, qos: "low" } }), place);
    for (const options of [{}, { folder: join(b.at, "..") }, { folder: runs, shared: false }, { none: 1 }])
      assert.equal(b.driver.placeAt?.({ ...target, options }), undefined);
    const { plan, secrets } = launchOf();
    await b.driver.launch({ plan: { ...plan, target: shared }, secrets }, signal);
    mkdirSync(join(runs, "theirs"));
    const tomorrow = Date.now() + 24 * 3600_000;
    assert.deepEqual(await place.keys(tomorrow), [key]);
    assert.equal(await place.free(key, tomorrow, signal), false, "its job waits");
    b.slurm.down = true;
    await assert.rejects(place.free(key, tomorrow, signal), /does not answer/);
    b.slurm.down = false;
    b.set("FAILED", "NonZeroExitCode");
    assert.equal(await place.free(key, Date.now() - 3600_000, signal), false, "it is new");
    assert.equal(await place.free(key, tomorrow, signal), true);
    assert.deepEqual(
      readdirSync(runs).filter((name) => name[0] !== "."),
      ["theirs"],
    );
  });

  it("takes from no file that a run can write which Slurm is asked for what is left of it", async () => {
    await using b = bench();
    const { plan, secrets } = launchOf();
    const lab = { ...target, options: { conf: "/lab/slurm.conf" } };
    await b.driver.launch({ plan: { ...plan, target: lab }, secrets }, signal);
    const free = () => b.driver.place?.free(key, Date.now(), signal);
    b.begin();
    b.end({ version: 1, code: 3 });
    b.set("FAILED");
    b.slurm.asked = undefined;
    writeFileSync(join(b.at, "launch.json"), JSON.stringify({ cluster: { bin: b.at } }));
    assert.equal(await free(), true);
    assert.deepEqual(b.slurm.asked, { conf: "/lab/slurm.conf" });
    b.slurm.jobs = [];
    await b.driver.launch({ plan: { ...plan, target: lab }, secrets }, signal);
    b.slurm.asked = undefined;
    writeFileSync(join(b.at, "mark"), JSON.stringify({ key, engine: { cluster: { bin: b.at } } }));
    await assert.rejects(async () => free(), /does not tell its cluster any more/);
    assert.equal(b.slurm.asked, undefined);
  });

  it("asks once for many", async () => {
    await using b = bench();
    const handle = await b.driver.launch(launchOf(), signal);
    b.slurm.questions = 0;
    const many = Array.from({ length: 200 }, (_, i) => ({ ...handle, key: `${key}-${i}` as LaunchKey }));
    await b.driver.observe([handle, ...many], signal);
    assert.equal(b.slurm.questions, 1);
  });

  for (const [state, as] of [
    ["TIMEOUT", "OverTime"],
    ["NODE_FAIL", "NodeFailed"],
    ["PREEMPTED", "Preempted"],
    ["CANCELLED", "CanceledAtEngine"],
  ] as const)
    it(`tells ${state} apart, with a record of the signal and without`, async () => {
      await using b = bench();
      await b.driver.launch(launchOf(), signal);
      b.begin();
      b.set(state, "Why");
      const taken = { at: "gone", taken: `Slurm says of job 1: ${state} (Why).`, as };
      assert.deepEqual((await b.sight()).settled, taken);
      for (const by of ["SIGKILL", "SIGTERM"]) {
        b.end({ version: 1, code: null, signal: by });
        b.set("RUNNING");
        assert.deepEqual((await b.sight()).first, { at: "running" }, `${by} may be of the job's end`);
        b.set(state, "Why");
        assert.deepEqual((await b.sight()).first, taken, by);
        b.set("FAILED", "Why");
        assert.deepEqual((await b.sight()).first, { at: "ended", code: null, signal: by });
        b.set(state, "Why");
      }
      // A script that was told to end and ended with a code of its own.
      b.end({ version: 1, code: 1 });
      assert.equal((await b.sight()).first?.at, "ended");
      writeFileSync(join(b.at, "slurm-asked"), "");
      assert.deepEqual((await b.sight()).first, taken);
      b.end({ version: 1, code: 0 });
      assert.deepEqual((await b.sight()).first, { at: "ended", code: 0 });
    });

  it("waits with the failure of a run on several nodes for what Slurm says, which may have told the other nodes alone", async () => {
    await using b = bench();
    await b.driver.launch(launchOf(), signal);
    b.begin();
    b.end({ version: 1, code: 3 });
    b.set("RUNNING", "None", { makesRoom: true });
    assert.equal((await b.sight()).first?.at, "ended", "one node is not told to make room");
    b.set("COMPLETING");
    assert.equal((await b.sight()).first?.at, "ended", "nor is there another that could have been");
    mkdirSync(join(b.at, RUN_FOLDER.node(1)), { recursive: true });
    b.set("RUNNING", "None", { isWide: true });
    assert.deepEqual((await b.sight()).first, { at: "running" });
    b.set("COMPLETING", "None", { isWide: undefined });
    assert.deepEqual((await b.sight()).first, { at: "running" }, "one of its two nodes is done");
    b.set("FAILED", "NonZeroExitCode", { isWide: true });
    assert.match(JSON.stringify((await b.sight()).first), /"gone".*preempted job 1.*"Preempted"/);
    b.set("NODE_FAIL");
    assert.match(JSON.stringify((await b.sight()).first), /"gone".*NODE_FAIL.*"NodeFailed"/);
    b.set("FAILED", "NonZeroExitCode", { makesRoom: undefined });
    assert.deepEqual((await b.sight()).first, { at: "ended", code: 3 });
  });

  it("takes a run on several nodes whose script was killed as they made room as preempted", async () => {
    await using b = bench();
    await b.driver.launch(launchOf(), signal);
    b.begin();
    b.set("FAILED", "JobLaunchFailure", { isWide: true, makesRoom: true });
    assert.match(JSON.stringify((await b.sight()).settled), /"gone".*preempted job 1.*"Preempted"/);
  });

  it("tells memory as what ended it", async () => {
    await using b = bench();
    await b.driver.launch(launchOf(), signal);
    b.begin();
    b.set("OUT_OF_MEMORY");
    assert.deepEqual((await b.sight()).settled, {
      at: "ended",
      code: null,
      signal: "SIGKILL",
      outOfMemory: true,
    });
  });

  it("does not let a run that was put back into the queue run twice, and says so", async () => {
    await using b = bench();
    await b.driver.launch(launchOf(), signal);
    b.begin();
    b.set("PENDING", "BeginTime");
    const { settled } = await b.sight();
    assert.deepEqual(settled?.at === "gone" && [settled.as, settled.taken], [
      "Requeued",
      "Slurm says of job 1 that it is PENDING, after its script had begun.",
    ]);
    b.set("FAILED", "NonZeroExitCode");
    writeFileSync(join(b.at, "slurm-requeued"), "");
    const after = (await b.sight()).settled;
    assert.equal(after?.at === "gone" && after.as, "Requeued");
  });

  it("says what is wrong when the script never began, and why a job waits", async () => {
    await using b = bench();
    await b.driver.launch(launchOf(), signal);
    b.set("PENDING", "Resources");
    const { first } = await b.sight();
    assert.match((first?.at === "waiting" && first.why) || "", /^Slurm says of job 1: Resources, the nodes/);
    b.set("FAILED", "NonZeroExitCode");
    const { settled } = await b.sight();
    assert.match(
      (settled?.at === "ended" && settled.failure) || "",
      /FAILED \(NonZeroExitCode\)\. Its script has not begun: its node may not see the folder/,
    );
  });
});
