// Launches whose nodes share no folder with the service, over a Slurm that is a list of jobs.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Handle, isMalachiteError, type Launch, type LaunchKey, MalachiteError } from "@malachite/core";
import { readAll } from "../../../../conformance/computeDriver.ts";
import { courierIn } from "../../../../conformance/courierUnderTest.ts";
import { marksOf } from "../../../../conformance/driverUnderTest.ts";
import { ENTRIES } from "../../../entries.ts";
import { createSlurmDriver } from "./slurmDriver.ts";
import { SlurmRefused, type SlurmVoice, type Submission } from "./slurmVoice.ts";
import type { SlurmJob } from "./slurmWords.ts";

const signal = new AbortController().signal;
const target = {
  name: "lab",
  kind: "slurm",
  pool: "target:lab",
  options: { shared: false, bin: "/opt/slurm" },
};
const key = "run-1-abc" as LaunchKey;
const SECRET = "s3cr3t";
const launchOf = (more: Partial<Launch["plan"]> = {}): Launch => ({
  plan: {
    ...{ key, target, argv: ["true"], folders: ["outputs"], nodes: 1, away: { home: [], folders: [] } },
    environment: {
      AZUREML_SERVICE_ENDPOINT: "http://service:1",
      AZUREML_WORKSPACE_SCOPE: "/subscriptions/s",
      AZUREML_RUN_ID: "run 'x'",
      MINE: "of the user",
    },
    ...more,
  },
  secrets: { AZUREML_RUN_TOKEN: SECRET },
});

const several = (starter: "direct" | "mpirun"): Partial<Launch["plan"]> => ({
  nodes: 2,
  group: {
    ...{ starter, ports: [], environment: {}, graceMs: 1 },
    processes: [0, 1].map((node) => ({
      ...{ name: `rank ${node}`, node, argv: ["x"], environment: {} },
      log: `user_logs/${node}.txt`,
    })),
  },
});

function bench() {
  const folder = mkdtempSync(join(tmpdir(), "malachite-slurm-away-"));
  const slurm = {
    jobs: [] as SlurmJob[],
    submitted: [] as Submission[],
    fails: undefined as Error | undefined,
    now: 1_000_000,
    url: "http://service:1",
  };
  const voice: SlurmVoice = {
    async submit(_, submission) {
      if (slurm.fails !== undefined) throw slurm.fails;
      slurm.submitted.push(submission);
      slurm.jobs.push({ id: "7", name: key, state: "PENDING", reason: "None" });
      return "7";
    },
    jobs: async (_, names) => slurm.jobs.filter(({ name }) => names.includes(name)),
    async tell() {},
    resume: async () => false,
    async kill() {},
    async withdraw() {
      slurm.jobs = slurm.jobs.map((job) => ({ ...job, state: "CANCELLED" }));
    },
    longest: async () => undefined,
    fault: async () => undefined,
  };
  const courier = courierIn(folder);
  const driver = createSlurmDriver({
    folder: join(folder, "slurm"),
    voice,
    marks: marksOf("a"),
    placer: { place: async () => {}, placeFiles: async () => {} },
    clock: { now: () => slurm.now, monotonic: () => slurm.now, sleep: async () => {} },
    inherited: {},
    graceMs: 1500,
    settleMs: 1000,
    courier,
    authority: "",
    serviceUrl: () => slurm.url,
    files: ENTRIES.slurm,
  });
  return {
    driver,
    slurm,
    set: (state: string, reason = "None", facts: Partial<SlurmJob> = {}) => {
      slurm.jobs = slurm.jobs.map((job) => ({ ...job, state, reason, ...facts }));
    },
    /** As its courier sends it. Answers whether it was taken. */
    async home(path: string, text: string, node = 0): Promise<boolean | undefined> {
      const head = JSON.stringify({ path, from: 0, bytes: Buffer.byteLength(text), anew: true });
      const [taken] = await courier.take(
        key,
        (async function* () {
          yield Buffer.from(`${head}\n${text}`);
        })(),
        node,
      );
      return taken?.taken;
    },
    has: () => courier.has(key),
    async sight(handle: Handle) {
      await driver.observe([handle], signal);
      slurm.now += 2000;
      return (await driver.observe([handle], signal)).get(key);
    },
    async [Symbol.asyncDispose]() {
      await driver[Symbol.asyncDispose]();
      await courier[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

describe("the Slurm driver without a shared folder", () => {
  it("submits one constant script, in which nothing is of the user, and secrets are no arguments", async () => {
    await using b = bench();
    await b.driver.launch(launchOf(), signal);
    await b.driver.launch(launchOf(), signal);
    assert.equal(b.slurm.submitted.length, 1);
    const [{ script, scriptArguments, env, job } = assert.fail("nothing was submitted")] = b.slurm.submitted;
    const text = readFileSync(script, "utf8");
    assert.ok(!text.includes("of the user") && !text.includes("run-1-abc"));
    assert.ok(text.length < 100_000, `${text.length} bytes`);
    assert.deepEqual(scriptArguments, [
      ...["--service", "http://service:1/malachite/v1.0/subscriptions/s/runs/run%20'x'/launches/run-1-abc"],
      ...["--key", key, "--grace", "1.5", "--bin", "/opt/slurm"],
    ]);
    assert.deepEqual(Object.keys(env).sort(), ["MALACHITE_CA", "MALACHITE_SECRETS", "PATH"]);
    assert.equal(job.nodes, 1);
  });

  it("says how far a job is that runs and has not begun its script, and why one ended without a word", async () => {
    await using b = bench();
    const handle = await b.driver.launch(launchOf(), signal);
    const why = async () => {
      const seen = await b.sight(handle);
      return seen?.at === "waiting" ? (seen.why ?? "") : JSON.stringify(seen);
    };
    b.set("RUNNING");
    assert.match(await why(), /job 7: RUNNING; nothing of it has come.*does not reach the service/);
    assert.equal(await b.home("claim", "7.0"), true);
    assert.match(await why(), /its node fetches what the run is made of/);
    await b.home("stage.json", JSON.stringify({ why: "Its environment is made on n1." }));
    assert.equal(await why(), "Its environment is made on n1.");
    await b.home("pids", JSON.stringify({ pid: 1, startedAt: 5 }));
    assert.deepEqual(await b.sight(handle), { at: "running", startedAt: 5 });

    await using silent = bench();
    const other = await silent.driver.launch(launchOf(), signal);
    silent.set("FAILED", "NonZeroExitCode");
    assert.match(JSON.stringify(await silent.sight(other)), /"ended".*Nothing of it has come.*python3/);
  });

  it("takes a job that was started again, or taken away, as such, and its own end as its own", async () => {
    await using b = bench();
    const handle = await b.driver.launch(launchOf(), signal);
    assert.equal(await b.home("claim", "7.0"), true);
    assert.equal(await b.home("claim", "7.0"), true);
    assert.equal(await b.home("claim", "7.1"), false);
    await b.home("again", "7.1");
    b.set("FAILED");
    assert.match(JSON.stringify(await b.sight(handle)), /"gone".*"Requeued"/);
    await b.home("exit.json", JSON.stringify({ version: 1, code: 3, endedAt: 9 }));
    assert.equal((await b.sight(handle))?.at, "ended");

    await using late = bench();
    const over = await late.driver.launch(launchOf(), signal);
    await late.home("claim", "7.0");
    await late.home("asked", "");
    await late.home("exit.json", JSON.stringify({ version: 1, code: 3, endedAt: 9 }));
    late.set("RUNNING");
    assert.equal((await late.sight(over))?.at, "running");
    late.set("TIMEOUT");
    assert.match(JSON.stringify(await late.sight(over)), /"gone".*"OverTime"/);
    // Put back into the queue, before and after its second start, which finds the claim taken.
    late.set("PENDING");
    assert.match(JSON.stringify(await late.sight(over)), /"gone".*"Requeued"/);
    late.set("FAILED");
    assert.equal((await late.sight(over))?.at, "ended");
  });

  it("takes a run that ended in the time which Slurm gave it to make room as preempted, and waits for that word", async () => {
    await using b = bench();
    const handle = await b.driver.launch(launchOf(several("direct")), signal);
    await b.home("claim", "7.0");
    await b.home("exit.json", JSON.stringify({ version: 1, code: 126, endedAt: 9, failure: "node 1 ended" }));
    await b.home("exit.json", JSON.stringify({ version: 1, code: 3, endedAt: 9 }), 1);
    b.set("RUNNING", "None", { isWide: true });
    assert.equal((await b.sight(handle))?.at, "running");
    b.set("FAILED", "NonZeroExitCode", { makesRoom: true });
    assert.match(JSON.stringify(await b.sight(handle)), /"gone".*preempted job 7.*"Preempted"/);
    // What Slurm says itself goes before.
    b.set("TIMEOUT");
    assert.match(JSON.stringify(await b.sight(handle)), /"gone".*"OverTime"/);
  });

  it("forgets what was never taken, so that a job which shows up late begins nothing", async () => {
    await using b = bench();
    b.slurm.fails = new MalachiteError("EngineUnavailable", "Slurm does not answer.");
    await assert.rejects(b.driver.launch(launchOf(), signal), /does not answer/);
    assert.equal(await b.has(), true);
    assert.equal(await b.driver.find(target, key, signal), undefined);
    assert.equal(await b.has(), false);
    await assert.rejects(b.home("claim", "7.0"), (error) => isMalachiteError(error));
    b.slurm.fails = new SlurmRefused("no such account");
    await assert.rejects(b.driver.launch(launchOf(), signal), /no such account/);
    assert.equal(await b.has(), false);
    b.slurm.fails = undefined;
    const handle = await b.driver.launch(launchOf(), signal);
    await b.home("claim", "7.0");
    // Purged, and its claim tells that it has begun.
    b.slurm.jobs = [];
    assert.ok(await b.driver.find(target, key, signal));
    assert.equal((await b.sight(handle))?.at, "gone");
    await b.driver.release(handle, signal);
    assert.equal(await b.has(), false);
  });

  it("gives each of several nodes a courier of its own, whose files are waited for as long as the job lasts", async () => {
    await using b = bench();
    const handle = await b.driver.launch(launchOf(several("direct")), signal);
    assert.deepEqual(b.slurm.submitted[0]?.scriptArguments.slice(-2), ["--nodes", "2"]);
    assert.equal(b.slurm.submitted[0]?.job.nodes, 2);
    b.set("RUNNING");
    await b.home("claim", "7.0");
    await b.home("place.json", JSON.stringify({ address: "n1" }));
    const why = await b.sight(handle);
    assert.match(why?.at === "waiting" ? (why.why ?? "") : "", /^Node 1: nothing of it has come/);
    const end = (code: number) => JSON.stringify({ version: 1, code, endedAt: 9 });
    await b.home("exit.json", end(0));
    assert.equal((await b.sight(handle))?.at, "running");
    b.set("COMPLETED");
    assert.match(JSON.stringify(await b.sight(handle)), /"gone".*files of node 1.*"NodeFailed"/);
    await b.home("user_logs/1.txt", "from the second", 1);
    await b.home("exit.json", end(0), 1);
    assert.equal((await b.sight(handle))?.at, "ended");
    assert.deepEqual(await b.driver.find(target, key, signal), handle);
    assert.equal(String(await readAll(b.driver.folder(handle), "user_logs/1.txt")), "from the second");
  });

  it("refuses ranks of several nodes that a plugin of srun starts, and says when nodes cannot reach the service", async () => {
    await using b = bench();
    const plugin = { ...target, options: { ...target.options, mpi: "pmix" } };
    await assert.rejects(
      b.driver.launch(launchOf({ ...several("mpirun"), target: plugin }), signal),
      /share no folder.*leave out the option mpi/,
    );
    assert.equal(b.driver.isAway?.(target), true);
    assert.equal(b.driver.isAway?.({ ...target, options: {} }), false);
    assert.deepEqual(await b.driver.check(target, signal), { usable: true });
    for (const url of ["http://127.0.0.1:8080", "http://localhost:1", "https://[::1]:2"]) {
      b.slurm.url = url;
      const health = await b.driver.check(target, signal);
      assert.match(health.usable ? "" : health.reason, /cannot reach it at .*--public-url/);
    }
  });
});
