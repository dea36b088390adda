// Runs on a Slurm as a lab has it: nodes that fail, jobs that make room for others, GPUs, and administrators at work.
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Door, type SlurmUnderTest, startLab, withoutSlurm } from "@malachite/server/conformance";
import { Home } from "../support/cli.ts";
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
import { Service, until, workspacePath } from "../support/service.ts";

/** Runs until the test puts a file beside its outputs. */
const WAITS =
  "import os, time\nprint('up', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.1)\nprint('done')";
const skip =
  withoutSlurm() ??
  (process.env.MALACHITE_TEST_SLURM === undefined ? undefined : "the Slurm that was given is not changed");

describe("runs on the Slurm of a lab", { skip: skip ?? false, timeout: 600_000 }, () => {
  const home = new Home();
  let slurm: SlurmUnderTest;
  let door: Door;
  let service: Service;
  before(async () => {
    slurm = await startLab({ rest: true });
    door = (await slurm.openRest?.()) ?? assert.fail("no slurmrestd");
    const restTokenFile = join(home.folder, "token");
    writeFileSync(restTokenFile, await slurm.run("scontrol", "token", "lifespan=3600"));
    const settings = join(home.folder, "settings.yaml");
    const on = (options: object) => ({ kind: "slurm", conf: slurm.conf, memoryMiB: 256, ...options });
    const target = {
      lab: on({}),
      "one-node": on({ extraArguments: ["--nodelist=n2"] }),
      canceled: on({ partition: "canceled", exclusive: true }),
      "canceled-rest": {
        ...{ kind: "slurm", rest: `http://127.0.0.1:${door.port}`, restUser: "root", restTokenFile },
        ...{ memoryMiB: 256, partition: "canceled", exclusive: true },
      },
      requeued: on({ partition: "requeued", exclusive: true }),
      gpu: on({ gpusPerNode: 2, gpuType: "a100" }),
      "too-many": on({ gpusPerNode: 8 }),
      "other-type": on({ gpusPerNode: 1, gpuType: "h100" }),
      "too-long": on({ partition: "canceled", timeLimitMinutes: 60 }),
      reserved: on({ reservation: "later" }),
    };
    writeFileSync(settings, JSON.stringify({ target }));
    const flags = ["--settings", settings, "--grace-seconds", "1", "--retries", "1"];
    service = await Service.start({ flags });
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    await door?.shut();
    await slurm?.[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  const start = (target: string, script = WAITS, configuration: object = {}) =>
    submit(service, { files: { "main.py": script }, configuration: { target, ...configuration } });
  const logOf = async (runId: string) => String(await fileOf(service, runId).catch(() => ""));
  const whyOf = async (runId: string) =>
    (await service.json<{ summary: string }>("GET", `/malachite/v1.0${workspacePath}/runs/${runId}/why`))
      .summary;
  const told = (runId: string, text: string) =>
    until(`'${text}' as the reason`, async () => (await whyOf(runId)).includes(text));
  const events = async (runId: string) => JSON.stringify(await story(service, runId));
  const folders = (runId: string) =>
    readdirSync(join(service.data, "slurm")).filter((name) => name.startsWith(keyStart(runId)));
  const go = (runId: string, file = "go") => {
    for (const name of folders(runId)) writeFileSync(join(service.data, "slurm", name, "project", file), "");
  };
  const jobOf = async (runId: string) =>
    (await slurm.run("squeue", "--noheader", `--name=${folders(runId).join(",")}`, "--format=%i")).trim();
  const scontrol = (...args: readonly string[]) => slurm.run("scontrol", ...args);
  const targets = async () =>
    (
      await service.json<{ value: { name: string; usable: boolean; reason?: string }[] }>(
        "GET",
        `/malachite/v1.0${workspacePath}/targets`,
      )
    ).value;

  it("are started again when their node fails, as often as retries says, and wait for one with the reason", async () => {
    const runId = await start("one-node");
    await says(service, runId, "up");
    await scontrol("update", "nodename=n2", "state=down", "reason=burnt");
    await until("the second attempt", async () => /"NodeFailed"/.test(await events(runId)));
    assert.match(await events(runId), /Slurm says of job \d+: NODE_FAIL \(NodeDown\)/);
    await scontrol("update", "nodename=n2", "state=idle").catch(() => {
      // It has answered, and so is idle already.
    });
    await says(service, runId, "up");
    // Its retries are used up: now it is told as the end.
    await until(
      "Slurm to have it on its node",
      async () => (await getRun(service, runId)).status === "Running",
    );
    await until("the folder of the second attempt", () => folders(runId).length === 1);
    await scontrol("update", "nodename=n2", "state=down", "reason=burnt");
    const run = await ended(service, runId);
    assert.match(`${run.status} ${JSON.stringify(run.error)}`, /^Failed .*NODE_FAIL.*NodeFailed/);
    await scontrol("update", "nodename=n2", "state=idle").catch(() => {
      // The same.
    });
  });

  it("make room for jobs that go before them, canceled or requeued, and are started again after those", async () => {
    const started = await Promise.all(["canceled", "requeued"].map((target) => start(target)));
    for (const runId of started) await says(service, runId, "up");
    const first = ["--partition=first", "--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=sleep 2"];
    await slurm.run("sbatch", ...first);
    for (const runId of started) {
      await until("it to be preempted", async () => /"Preempted"/.test(await events(runId)));
      assert.match(await events(runId), /Slurm says of job \d+: PREEMPTED/);
    }
    for (const runId of started) {
      await says(service, runId, "up");
      await until("the second attempt alone", () => folders(runId).length === 1);
      go(runId);
      await reached(service, runId, "Completed");
      assert.equal(await logOf(runId), "up\ndone\n");
    }
  });

  for (const target of ["canceled", "canceled-rest"])
    it(`of several nodes that end in the time they have to make room are started again too, ${target}`, async () => {
      const asked = `
import os, signal, time
def last(*_): print("asked", flush=True); os._exit(3)
signal.signal(signal.SIGTERM, last)
print("up", flush=True)
while not os.path.exists("outputs/go"): time.sleep(0.1)
`;
      await scontrol("update", "partition=canceled", "GraceTime=20");
      const torch = {
        framework: "PyTorch",
        communicator: "Gloo",
        nodeCount: 2,
        pytorch: { processCount: 2 },
      };
      const runId = await start(target, asked, torch);
      const both = (log: RegExp) => async () => {
        const all = [0, 1].map((rank) => fileOf(service, runId, `user_logs/std_log_process_${rank}.txt`));
        return (await Promise.all(all).catch(() => [""])).every((text) => log.test(String(text)));
      };
      await until("both to be up", both(/^up$/m));
      const first = ["--partition=first", "--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=sleep 2"];
      await slurm.run("sbatch", ...first);
      await until("it to be preempted", async () => /"Preempted"/.test(await events(runId)));
      // Slurm 24.11 says itself what 22.05 calls a failure.
      const preempted = /given for that \(GraceTime\)|Slurm says of job \d+: PREEMPTED/;
      assert.match(await events(runId), preempted);
      const second = () => folders(runId).length === 1 && /-2-/.test(folders(runId).join());
      await until("the second attempt alone", second);
      await until("both to be up again", both(/^up\n$/));
      go(runId, "outputs/go");
      await reached(service, runId, "Completed");
      await scontrol("update", "partition=canceled", "GraceTime=0");
    });

  it("that may take longer than their partition allows begin, and have the time that it allows", async () => {
    // What the SDK of Azure ML asks for unless told.
    const maxRunDurationSeconds = 30 * 86_400;
    for (const target of ["canceled", "canceled-rest"]) {
      const runId = await start(target, WAITS, { maxRunDurationSeconds });
      await says(service, runId, "up");
      assert.match(await scontrol("show", "job", await jobOf(runId)), / TimeLimit=00:30:00 /);
      go(runId);
      await reached(service, runId, "Completed");
    }
  });

  it("get the GPUs that they ask for and wait for those of others; a target that promises more than there are is told", async () => {
    const shown =
      "import os; print(os.environ['CUDA_VISIBLE_DEVICES'], os.environ['SLURM_JOB_GPUS'], flush=True)\n";
    const one = await start("gpu", shown + WAITS);
    await says(service, one, "up");
    assert.match(await logOf(one), /^0 0\nup/);
    const nccl = {
      framework: "PyTorch",
      communicator: "Nccl",
      pytorch: { communicationBackend: "nccl", processCount: 2 },
    };
    const both = await start("gpu", shown, nccl);
    await told(both, "Resources, the nodes, processors, memory or GPUs that it needs are not free");
    go(one);
    await reached(service, one, "Completed");
    await reached(service, both, "Completed");
    const all = await targets();
    const reasonOf = (name: string) => all.find((target) => target.name === name)?.reason ?? "";
    assert.equal(reasonOf("gpu"), "");
    assert.match(reasonOf("too-many"), /no node of the partition main has so many GPUs\. .* gpu:a100:2/);
    assert.match(reasonOf("other-type"), /so many GPUs of the type h100/);
    assert.match(reasonOf("too-long"), /canceled lets no job run longer than 30 minutes/);
  });

  it("end whole while they are suspended, with what left its session, also by a service that was killed in the middle", async () => {
    // Its parent has ended: Slurm, which knows processes by their parents here, does not find it.
    const stray = `import subprocess
subprocess.run("(setsid sh -c 'trap "" TERM; while :; do sleep 0.1; done' &)", shell=True)
`;
    for (const killed of [false, true]) {
      const runId = await start("lab", stray + WAITS);
      await says(service, runId, "up");
      await scontrol("suspend", await jobOf(runId));
      await cancel(service, runId);
      if (killed) {
        await service.kill();
        await service.start();
      }
      assert.equal((await ended(service, runId)).status, "Canceled");
      assert.deepEqual(processesOf(runId), []);
    }
  });

  it("tell what administrators do with them: held, closed, drained, reserved, suspended", async () => {
    await scontrol("update", "partitionname=main", "state=down");
    await assert.rejects(start("lab"), /503 .*The partition main is down: it starts no jobs\./);
    await scontrol("update", "partitionname=main", "state=up");
    for (const node of ["n1", "n2"])
      await scontrol("update", `nodename=${node}`, "state=drain", "reason=cleaning");
    const drained = await start("lab");
    await told(drained, "DRAINED");
    await scontrol("hold", await jobOf(drained));
    await told(drained, "JobHeldAdmin, it is held by an administrator");
    await scontrol("release", await jobOf(drained));
    for (const node of ["n1", "n2"]) await scontrol("update", `nodename=${node}`, "state=resume");
    await says(service, drained, "up");
    await scontrol("suspend", await jobOf(drained));
    assert.equal((await getRun(service, drained)).status, "Running");
    await scontrol("resume", await jobOf(drained));
    await cancel(service, drained);
    assert.equal((await ended(service, drained)).status, "Canceled");
    assert.deepEqual(processesOf(drained), []);
    const asked = ["starttime=now+1hour", "duration=60", "nodes=n1,n2", "users=root"];
    await scontrol("create", "reservation", "reservationname=later", ...asked);
    const reserved = await start("reserved");
    await told(reserved, "Reservation, its reservation has not begun");
    await cancel(service, reserved);
    await ended(service, reserved);
    await scontrol("delete", "reservation=later");
    const refused = await ended(service, await start("reserved"));
    assert.match(
      `${refused.status} ${JSON.stringify(refused.error)}`,
      /^Failed .*Requested reservation is invalid/,
    );
    // Slurm itself is done with them a moment later.
    await until("no job to be left", async () => (await slurm.run("squeue", "--noheader")) === "");
  });
});
