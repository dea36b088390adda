// Runs of several nodes on a real Slurm whose nodes see nothing of the service's disk, nor of each other's folders of runs: each has a courier.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { mpiOfMachine, type SlurmUnderTest, startSlurm } from "@malachite/server/conformance";
import { killAll } from "../support/leftovers.ts";
import { cancel, ended, fileOf, processesOf, says, story, submit } from "../support/runs.ts";
import { type Service, until } from "../support/service.ts";
import { type AwaySlurm, startAwaySlurm, withoutOwnSlurm } from "./awaySlurm.ts";

const TORCH = { framework: "PyTorch", communicator: "Gloo", nodeCount: 2, pytorch: { processCount: 2 } };
const MEET = `
import os, socket, time
rank, at = int(os.environ["RANK"]), (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    server = socket.create_server(("", at[1]))
    print("met", server.accept()[0].recv(9).decode(), flush=True)
else:
    for _ in range(600):
        try:
            socket.create_connection(at, 5).sendall(b"1"); break
        except OSError: time.sleep(0.1)
print(rank, os.environ["SLURMD_NODENAME"], os.environ["AZ_BATCH_NODE_LIST"], open("in/data.txt").read(), os.listdir(os.environ["HIDDEN"]), flush=True)
open("outputs/rank-%d.bin" % rank, "wb").write(b"x" * 3000000)
open("outputs/both.txt", "w").write("from %d" % rank)
`;
const EACH = (other: string) => `
import os, sys, time
print("up", flush=True)
if os.environ["RANK"] == "1":
    ${other}
time.sleep(600)
`;
const SUM = (last: string) => `
import os, sys, time
from mpi4py import MPI
world = MPI.COMM_WORLD
total = world.allreduce(world.rank)
print("up", world.rank, "of", world.size, "node", os.environ["NODE_RANK"], os.environ["SLURMD_NODENAME"], "sum", total, flush=True)
world.barrier()
${last}
`;
describe("runs of several nodes on a Slurm that shares no folder", {
  skip: withoutOwnSlurm(),
  timeout: 600_000,
}, () => {
  let lab: AwaySlurm;
  let slurm: SlurmUnderTest;
  let service: Service;
  before(async () => {
    lab = await startAwaySlurm(() => startSlurm({ cgroups: false, rest: true }), {
      all: { memoryMiB: 512 },
      targets: { plugin: { mpi: "pmix" } },
    });
    ({ slurm, service } = lab);
    // Machines have an address each.
    await slurm.run("scontrol", "update", "NodeName=n2", "NodeAddr=127.0.0.2");
  });
  after(() => lab?.[Symbol.asyncDispose]());

  const start = (script: string, configuration: object = TORCH) =>
    submit(service, {
      files: { "main.py": script, "in/data.txt": "of the project" },
      configuration: { target: "lab", environmentVariables: { HIDDEN: service.data }, ...configuration },
    });
  const path = (rank: number) => `user_logs/std_log_process_${rank}.txt`;
  const log = async (runId: string, rank: number) =>
    String(await fileOf(service, runId, path(rank)).catch(() => ""));
  const up = (runId: string, ...ranks: readonly number[]) =>
    Promise.all(ranks.map((rank) => says(service, runId, "up", path(rank))));
  const jobs = async () => (await slurm.run("squeue", "--noheader", "--format=%i")).trim();
  /** Slurm itself is done with a job a moment after its run has ended. */
  const noJobs = () => until("no job to be left", async () => (await jobs()) === "");

  for (const target of ["lab", "lab-rest"])
    it(`meet, and the logs and outputs of all come home; of one path that of the first: ${target}`, async () => {
      const runId = await start(MEET, { ...TORCH, target });
      const run = await ended(service, runId);
      assert.equal(run.status, "Completed", `${JSON.stringify(run.error)} ${await log(runId, 0)}`);
      assert.equal(await log(runId, 0), "met 1\n0 n1 127.0.0.1;127.0.0.2 of the project []\n");
      assert.equal(await log(runId, 1), "1 n2 127.0.0.1;127.0.0.2 of the project []\n");
      for (const rank of [0, 1])
        assert.equal((await fileOf(service, runId, `outputs/rank-${rank}.bin`)).length, 3_000_000);
      assert.equal(String(await fileOf(service, runId, "outputs/both.txt")), "from 0");
      await lab.cleared();
      await noJobs();
    });

  it("end with the process that fails, and say which", async () => {
    const run = await ended(service, await start(EACH("sys.exit(7)")));
    assert.match(JSON.stringify(run.error), /Rank 1 ended with exit code 7/);
    await lab.cleared();
  });

  it("are canceled on all nodes, with what they leave", async () => {
    const last =
      "import signal\n    signal.signal(15, lambda *_: (print('saved', flush=True), open('outputs/last', 'w').write('it'), os._exit(3)))";
    const runId = await start(EACH(last));
    await up(runId, 0, 1);
    await cancel(service, runId);
    assert.equal((await ended(service, runId)).status, "Canceled");
    assert.equal(await log(runId, 1), "up\nsaved\n");
    assert.equal(String(await fileOf(service, runId, "outputs/last")), "it");
    assert.deepEqual(processesOf(runId), []);
    await lab.cleared();
  });

  it("go on while the service is killed, and lose and double nothing", async () => {
    const runId = await start("import time\nfor i in range(80): print(i, flush=True); time.sleep(0.1)");
    await says(service, runId, "3\n", path(1));
    await service.kill();
    await service.start();
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    const all = Array.from({ length: 80 }, (_, i) => `${i}\n`).join("");
    for (const rank of [0, 1]) assert.equal(await log(runId, rank), all);
    assert.equal((await story(service, runId)).filter(({ event }) => event === "started").length, 1);
  });

  it("are started once where Slurm starts their job again", async () => {
    await noJobs();
    const runId = await start(EACH("pass"));
    await up(runId, 0, 1);
    const job = await jobs();
    await slurm.run("scontrol", "update", `job=${job}`, "requeue=1");
    await slurm.run("scontrol", "requeue", job);
    const run = await ended(service, runId);
    assert.match(JSON.stringify(run), /Requeued/);
    await noJobs();
  });

  describe("by MPI", () => {
    let more: object = {};
    before(() => {
      const { environmentVariables, python } = mpiOfMachine();
      more = {
        ...{ communicator: "Mpi", nodeCount: 2, mpi: { processCountPerNode: 2 }, environmentVariables },
        environment: { python: { userManagedDependencies: true, interpreterPath: python } },
      };
    });

    it("add up over two nodes with two processes each", async () => {
      const runId = await start(SUM(""), more);
      const run = await ended(service, runId);
      assert.equal(run.status, "Completed", `${JSON.stringify(run.error)} ${await log(runId, 0)}`);
      for (const rank of [0, 1, 2, 3]) {
        const node = rank >> 1;
        assert.match(
          await log(runId, rank),
          new RegExp(`^up ${rank} of 4 node ${node} n${node + 1} sum 6$`, "m"),
        );
      }
      await lab.cleared();
    });

    it("end with the rank that fails on another node, and say which", async () => {
      const runId = await start(SUM("if world.rank == 3: os._exit(7)\ntime.sleep(600)"), more);
      const run = await ended(service, runId);
      assert.match(JSON.stringify(run.error), /Rank 3 ended with exit code 7/);
      await lab.cleared();
    });

    it("are canceled on all nodes", async () => {
      const runId = await start(SUM("time.sleep(600)"), more);
      await up(runId, 0, 3);
      await cancel(service, runId);
      assert.equal((await ended(service, runId)).status, "Canceled");
      await lab.cleared();
    });

    it("are refused where a plugin of srun is to start them", async () => {
      await assert.rejects(
        start("", { ...more, target: "plugin" }),
        /400 .*configuration.nodeCount.*leave out the option mpi/s,
      );
    });
  });

  // The last: what is left of a courier that was killed, a later job removes.
  it("end when the processes of a node are lost", async () => {
    const runId = await start(EACH("pass"));
    await up(runId, 0, 1);
    const second = couriersOf("--node").filter((pid) => pid !== process.pid);
    assert.ok(second.length > 0);
    const below = processesOf(runId).filter((pid) => nodeOf(pid) === "n2");
    killAll([...second, ...below]);
    const run = await ended(service, runId);
    assert.equal(run.status, "Failed");
    assert.match(JSON.stringify(run.error), /The connection to node 1 .*was lost/);
    await noJobs();
  });
});

/** Couriers of this machine's nodes that were started with the argument. */
const couriersOf = (argument: string): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const words = textOf(`/proc/${name}/cmdline`).split("\0");
      return words.includes(argument) && words.includes("-I");
    })
    .map(Number);

const nodeOf = (pid: number): string | undefined =>
  /(?:^|\0)SLURMD_NODENAME=([^\0]+)/.exec(textOf(`/proc/${pid}/environ`))?.[1];

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
