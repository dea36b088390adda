// Runs on a real Slurm whose nodes see nothing of the service's disk, by its commands and by slurmrestd, with a real service that is killed.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type SlurmUnderTest, startSlurm } from "@malachite/server/conformance";
import {
  cancel,
  ended,
  fileOf,
  getRun,
  keyStart,
  processesOf,
  reached,
  says,
  story,
  submit,
} from "../support/runs.ts";
import { type Service, until, workspacePath } from "../support/service.ts";
import { type AwaySlurm, startAwaySlurm, withoutOwnSlurm } from "./awaySlurm.ts";

/** Says what it has been given, logs a metric through the service with nothing but the standard library, and leaves a file. */
const REPORT = `
import json, os, sys, urllib.request
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": 0.25, "timestamp": 1, "step": 1}
ask = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric", json.dumps(body).encode(),
    {"authorization": "Bearer " + os.environ["AZUREML_RUN_TOKEN"], "content-type": "application/json"}, method="POST")
print("metric", urllib.request.urlopen(ask).status, sys.argv[1:], open("in/data.txt").read(), flush=True)
print("node", os.environ["SLURMD_NODENAME"], int(os.environ["SLURM_JOB_ID"]) > 0, os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
print("hidden", os.listdir(os.environ["HIDDEN"]), flush=True)
os.makedirs("outputs/deep"); open("outputs/deep/model.bin", "wb").write(b"x" * 100000)
`;
/** Ends what it does when it is asked to, and leaves the last of it; beside it runs one that hears nothing. */
const STUBBORN = `
import os, signal, subprocess, sys, time
ignore = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen(["setsid", sys.executable, "-c", ignore])
def last(*_):
    open("outputs/last.bin", "wb").write(b"z" * 3000000); print("saved", flush=True); sys.exit(3)
signal.signal(signal.SIGTERM, last)
print("up", flush=True)
while True: time.sleep(0.1)
`;
const LINES = `
import time
open("outputs/starts", "a").write("x")
for i in range(150):
    print("line", i, "y" * 200, flush=True); time.sleep(0.05)
`;
describe("runs on a Slurm that shares no folder with the service", {
  skip: withoutOwnSlurm(),
  timeout: 600_000,
}, () => {
  let lab: AwaySlurm;
  let slurm: SlurmUnderTest;
  let service: Service;
  before(async () => {
    lab = await startAwaySlurm(() => startSlurm({ cgroups: false, rest: true }), { all: { memoryMiB: 256 } });
    ({ slurm, service } = lab);
  });
  after(() => lab?.[Symbol.asyncDispose]());

  const start = (target: string, script: string, configuration: object = {}) =>
    submit(service, {
      files: { "main.py": script, "in/data.txt": "of the project" },
      configuration: { target, ...configuration },
    });
  const logOf = async (runId: string, path?: string) =>
    String(await fileOf(service, runId, path).catch(() => ""));
  const jobOf = async (runId: string) =>
    (await slurm.run("squeue", "--noheader", "--format=%j %i"))
      .split("\n")
      .find((line) => line.startsWith(keyStart(runId)))
      ?.split(" ")[1] ?? "";

  for (const target of ["lab", "lab-rest"]) {
    it(`are given all they need, and all they leave comes home: ${target}`, async () => {
      const runId = await start(target, REPORT, {
        arguments: ["--x", "a 'b' $c\nd"],
        environmentVariables: { HIDDEN: service.data, CUDA_VISIBLE_DEVICES: "" },
      });
      const run = await ended(service, runId);
      assert.equal(run.status, "Completed", JSON.stringify(run.error));
      const log = await logOf(runId);
      assert.match(log, /^metric 200 \['--x', "a 'b' \$c\\nd"\] of the project$/m);
      assert.match(log, /^node n[12] True/m);
      // The nodes see nothing of what the service has there.
      assert.match(log, /^hidden \[\]$/m);
      assert.ok(existsSync(join(service.data, "server.json")));
      assert.equal((await logOf(runId, "outputs/deep/model.bin")).length, 100_000);
      await lab.cleared();
    });

    it(`bring home what they leave when they are canceled, and nothing of them runs on: ${target}`, async () => {
      const runId = await start(target, STUBBORN);
      await says(service, runId, "up");
      await reached(service, runId, "Running");
      await cancel(service, runId);
      assert.equal((await ended(service, runId)).status, "Canceled");
      assert.equal(await logOf(runId), "up\nsaved\n");
      assert.equal((await fileOf(service, runId, "outputs/last.bin")).length, 3_000_000);
      assert.deepEqual(processesOf(runId), []);
      await lab.cleared();
      // Slurm itself is done with it a moment later.
      await until("no job to be left", async () => (await slurm.run("squeue", "--noheader")) === "");
    });
  }

  it("go on while the service is dead, and lose and double nothing", async () => {
    const runId = await start("lab", LINES);
    await says(service, runId, "line 10");
    for (let kills = 0; kills < 2; kills++) {
      await service.kill();
      await service.start();
    }
    await service.kill();
    await until("the command to end", () => processesOf(runId).length === 0);
    await service.start();
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    const lines = Array.from({ length: 150 }, (_, i) => `line ${i} ${"y".repeat(200)}\n`);
    assert.equal(await logOf(runId), lines.join(""));
    assert.equal(await logOf(runId, "outputs/starts"), "x");
    assert.equal((await story(service, runId)).filter(({ event }) => event === "started").length, 1);
  });

  it("are started once where Slurm starts their job again, and end as Slurm ends them", async () => {
    const waits = "import time\nprint('up', flush=True)\ntime.sleep(600)";
    const [requeued, canceled] = await Promise.all([start("lab", waits), start("lab", waits)]);
    for (const runId of [requeued, canceled]) await says(service, runId, "up");
    const job = await jobOf(requeued);
    await slurm.run("scontrol", "update", `job=${job}`, "requeue=1");
    await slurm.run("scontrol", "requeue", job);
    await slurm.run("scancel", await jobOf(canceled));
    const [one, two] = [await ended(service, requeued), await ended(service, canceled)];
    assert.match(`${one.status} ${JSON.stringify(one)}`, /^Failed .*Requeued/);
    assert.equal(await logOf(requeued), "up\n");
    assert.equal(two.status, "Canceled");
    assert.match(JSON.stringify(await story(service, canceled)), /CANCELLED/);
  });

  it("are of several processes on a node, too", async () => {
    const runId = await start("lab", "import os; print('rank', os.environ['RANK'])", {
      framework: "PyTorch",
      communicator: "Gloo",
      pytorch: { communicationBackend: "gloo", processCount: 2 },
      nodeCount: 1,
    });
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    assert.equal(await logOf(runId, "user_logs/std_log_process_1.txt"), "rank 1\n");
    assert.equal((await getRun(service, runId)).status, "Completed");
    const { value } = await service.json<{ value: { name: string; usable: boolean; reason?: string }[] }>(
      "GET",
      `/malachite/v1.0${workspacePath}/targets`,
    );
    for (const name of ["lab", "lab-rest"])
      assert.equal(value.find((one) => one.name === name)?.usable, true);
  });
});
