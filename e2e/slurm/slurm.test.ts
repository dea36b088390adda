// Runs on a real Slurm of two nodes, with a real service that is killed too.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { mpiOfMachine, type SlurmUnderTest, startSlurm, withoutSlurm } from "@malachite/server/conformance";
import { Home } from "../support/cli.ts";
import { lostRecord } from "../support/lostRecord.ts";
import {
  cancel,
  ended,
  fileOf,
  keyStart,
  processesOf,
  reached,
  type SubmitAsk,
  says,
  story,
  submit,
} from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";

const log = (rank: number) => `user_logs/std_log_process_${rank}.txt`;
/** Runs until the test puts a file beside its outputs. */
const WAITS =
  "import os, time\nprint('up', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.1)\nprint('done')";
/** The rendezvous of torch.distributed, with nothing but sockets: rank 0 listens at the master's address, all others come there. */
const MEET = `
import os, socket, sys, time
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
place = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    store = socket.create_server(place)
    peers = [store.accept()[0] for _ in range(size - 1)]
    total = sum(int(peer.recv(9)) for peer in peers)
    for peer in peers: peer.sendall(b"%d" % total)
else:
    while True:
        try:
            store = socket.create_connection(place); break
        except ConnectionRefusedError: time.sleep(0.05)
    store.sendall(b"%d" % rank)
    total = int(store.recv(9))
print("sum", total, os.environ["NODE_RANK"], os.environ["LOCAL_RANK"], os.environ["SLURMD_NODENAME"], flush=True)
open("outputs/%d" % rank, "w").write("x")
if "--fail" in sys.argv:
    if rank == 3: sys.exit(7)
    time.sleep(600)
`;
const ALLREDUCE = `
import os, sys
from mpi4py import MPI
world = MPI.COMM_WORLD
total = world.allreduce(world.rank + 1)
print("rank %d of %d on node %s at %s: sum %d" % (world.rank, world.size, os.environ["NODE_RANK"], os.environ["SLURMD_NODENAME"], total), flush=True)
if "--fail" in sys.argv and world.rank == 2:
    sys.exit(7)
world.barrier()
`;
const TORCH = {
  framework: "PyTorch",
  communicator: "Gloo",
  pytorch: { communicationBackend: "gloo", processCount: 4 },
  nodeCount: 2,
};

describe("runs on Slurm", { skip: withoutSlurm() ?? false, timeout: 600_000 }, () => {
  const home = new Home();
  let slurm: SlurmUnderTest;
  let service: Service;
  before(async () => {
    slurm = await startSlurm();
    const settings = join(home.folder, "settings.yaml");
    const { conf } = slurm;
    const target = {
      lab: { kind: "slurm", conf, memoryMiB: 256 },
      "lab-srun": { kind: "slurm", conf, memoryMiB: 256, mpi: "pmix" },
      nowhere: { kind: "slurm", conf, partition: "none" },
    };
    writeFileSync(settings, JSON.stringify({ target }));
    service = await Service.start({ flags: ["--settings", settings, "--grace-seconds", "1"] });
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    await slurm?.[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  const start = (script: string, configuration: object = {}, more: Partial<SubmitAsk> = {}) =>
    submit(service, {
      files: { "main.py": script },
      configuration: { target: "lab", ...configuration },
      ...more,
    });
  const logOf = async (runId: string, path?: string) =>
    String(await fileOf(service, runId, path).catch(() => ""));
  const whyOf = async (runId: string) =>
    (await service.json<{ summary: string }>("GET", `/malachite/v1.0${workspacePath}/runs/${runId}/why`))
      .summary;
  const folders = () => readdirSync(join(service.data, "slurm")).filter((name) => /^[a-z]/.test(name));
  const folderOf = (runId: string) => folders().find((name) => name.startsWith(keyStart(runId))) ?? "";
  const go = (runId: string) =>
    writeFileSync(join(service.data, "slurm", folderOf(runId), "project", "go"), "");
  const jobOf = async (runId: string) =>
    (await slurm.run("squeue", "--noheader", `--name=${folderOf(runId)}`, "--format=%i")).trim();

  it("are the same as those on this machine, but for the target", async () => {
    const script =
      "import os, sys; print(sys.argv[1:], os.path.basename(os.getcwd()), sorted(os.listdir('.')), os.environ['MINE']); open('outputs/x', 'w').write('y')";
    const same = { arguments: ["--rate", "0.1", "a b"], environmentVariables: { MINE: "1" } };
    const [here, there] = await Promise.all([
      start(script, { ...same, target: "local" }),
      start(script, same),
    ]);
    for (const runId of [here, there]) await reached(service, runId, "Completed");
    assert.equal(await logOf(there), await logOf(here));
    assert.match(await logOf(there), /\['--rate', '0.1', 'a b'\] project/);
    assert.equal(await logOf(there, "outputs/x"), "y");
    await until("the folder to be freed", () => folders().length === 0);
  });

  it("are submitted and followed by the command line, and go on while the service is dead", async () => {
    const project = join(home.folder, "project");
    mkdirSync(project);
    writeFileSync(join(project, "main.py"), WAITS);
    home.env = { MALACHITE_ENDPOINT: service.url };
    const { stdout, stderr, code } = await home.run(
      ...["submit", project, "--script", "main.py", "--target", "lab"],
    );
    assert.equal(code, 0, stderr);
    const runId = stdout.trim();
    await says(service, runId, "up");
    await reached(service, runId, "Running");
    await service.kill("SIGKILL");
    go(runId);
    await until("the end", () => existsSync(join(service.data, "slurm", folderOf(runId), "exit.json")));
    await service.start();
    await reached(service, runId, "Completed");
    assert.equal(await logOf(runId), "up\ndone\n");
    assert.equal((await story(service, runId)).filter(({ event }) => event === "started").length, 1);
  });

  it("of which a service has lost the record leave nothing in a folder that it shares with another", async () => {
    const settings = join(home.folder, "sharing.yaml");
    const runs = join(home.folder, "runs");
    const lab = { kind: "slurm", conf: slurm.conf, memoryMiB: 256, folder: runs };
    writeFileSync(settings, JSON.stringify({ target: { lab } }));
    await lostRecord({
      ...{ settings, runs, configuration: { target: "lab" } },
      goesOn: async (key) => (await slurm.run("squeue", "--noheader", `--name=${key}`)) !== "",
    });
  });

  it("are stopped whole, and at their limit of time", async () => {
    const stubborn = `import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["setsid", "sleep", "600"]); print("up", flush=True); time.sleep(600)`;
    const [canceled, late] = await Promise.all([
      start(stubborn),
      start("import time; print('up', flush=True); time.sleep(600)", { maxRunDurationSeconds: 2 }),
    ]);
    await says(service, canceled, "up");
    await cancel(service, canceled);
    assert.equal((await ended(service, canceled)).status, "Canceled");
    assert.deepEqual(processesOf(canceled), []);
    const run = await ended(service, late);
    assert.equal(run.status, "Canceled");
    assert.match(JSON.stringify(await story(service, late)), /limit was 2 s/);
    // Slurm itself is done with them a moment later.
    await until("no job to be left", async () => (await slurm.run("squeue", "--noheader")) === "");
  });

  it("are stopped also while they are suspended, when they hear nothing", async () => {
    const runId = await start(WAITS);
    await says(service, runId, "up");
    await slurm.run("scontrol", "suspend", await jobOf(runId));
    await cancel(service, runId);
    assert.equal((await ended(service, runId)).status, "Canceled");
    assert.deepEqual(processesOf(runId), []);
  });

  it("tell why they wait, and are taken out of Slurm's queue when they are canceled", async () => {
    const all = ["--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=sleep 600"];
    const before = (await slurm.run("sbatch", "--parsable", ...all)).trim();
    const runId = await start("print(1)");
    const why = /Slurm says of job \d+: Resources, the nodes, processors/;
    await until("Slurm's reason", async () => why.test(await whyOf(runId)));
    await cancel(service, runId);
    assert.equal((await ended(service, runId)).status, "Canceled");
    const left = async () => (await slurm.run("squeue", "--noheader", "--format=%i")).trim();
    await until("the other job alone to be left", async () => (await left()) === before);
    await slurm.run("scancel", before);
    await until("both nodes to be free", async () => (await slurm.run("squeue", "--noheader")) === "");
  });

  it("end as Slurm ended them: memory, canceled there, put back into the queue", async () => {
    const [memory, canceled, requeued] = await Promise.all([
      start("x = bytearray(1 << 30); print('got it')"),
      start(WAITS),
      start(`open('outputs/starts', 'a').write('x')\n${WAITS}`),
    ]);
    for (const runId of [canceled, requeued]) await says(service, runId, "up");
    await slurm.run("scancel", await jobOf(canceled));
    const job = await jobOf(requeued);
    await slurm.run("scontrol", "update", `job=${job}`, "requeue=1");
    await slurm.run("scontrol", "requeue", job);
    const [one, two, three] = [
      await ended(service, memory),
      await ended(service, canceled),
      await ended(service, requeued),
    ];
    assert.match(`${one.status} ${JSON.stringify(one)}`, /^Failed .*OutOfMemory/);
    assert.equal(two.status, "Canceled");
    assert.match(JSON.stringify(await story(service, canceled)), /CANCELLED/);
    assert.match(`${three.status} ${JSON.stringify(three)}`, /^Failed .*Requeued/);
    assert.equal(await logOf(requeued, "outputs/starts"), "x");
  });

  it("of several nodes are one job, whose processes run on their nodes and end as one", async () => {
    const [good, failing] = await Promise.all([
      start(MEET, TORCH),
      start(MEET, { ...TORCH, arguments: ["--fail"] }),
    ]);
    await reached(service, good, "Completed");
    for (const rank of [0, 1, 2, 3]) {
      const node = rank >> 1;
      assert.equal(await logOf(good, log(rank)), `sum 6 ${node} ${rank % 2} n${node + 1}\n`);
      assert.equal(await logOf(good, `outputs/${rank}`), "x");
    }
    const run = await ended(service, failing);
    assert.equal(run.status, "Failed");
    assert.match(
      run.error?.error?.message ?? "",
      /Rank 3 ended with exit code 7; the other 3 processes were stopped/,
    );
    assert.deepEqual(processesOf(failing), []);
  });

  it("add up by MPI over two nodes, started by mpirun and by srun", async () => {
    const { environmentVariables, python } = mpiOfMachine();
    const ask = {
      communicator: "Mpi",
      mpi: { processCountPerNode: 2 },
      nodeCount: 2,
      environmentVariables,
      environment: { python: { userManagedDependencies: true, interpreterPath: python } },
    };
    const started = await Promise.all(
      ["lab", "lab-srun"].map((target) => start(ALLREDUCE, { ...ask, target })),
    );
    for (const runId of started) {
      await reached(service, runId, "Completed");
      for (const rank of [0, 1, 2, 3])
        assert.match(
          await logOf(runId, log(rank)),
          new RegExp(`^rank ${rank} of 4 on node ${rank >> 1} at n${(rank >> 1) + 1}: sum 10$`, "m"),
        );
    }
    const failed = await ended(service, await start(ALLREDUCE, { ...ask, arguments: ["--fail"] }));
    assert.match(failed.error?.error?.message ?? "", /Rank 2 ended with exit code 7/);
  });

  it("are refused where the target is not usable, with the reason", async () => {
    const { value } = await service.json<{ value: { name: string; usable: boolean; reason?: string }[] }>(
      "GET",
      `/malachite/v1.0${workspacePath}/targets`,
    );
    const [lab, nowhere] = ["lab", "nowhere"].map((name) => value.find((one) => one.name === name));
    assert.equal(lab?.usable, true, lab?.reason);
    assert.match(nowhere?.reason ?? "", /Slurm has no partition 'none'/);
  });
});
