// A run over several machines of an ssh pool, with a real service and real ssh servers. Their folder is one and the same, so what is taken
// on one counts on the other too: two slots are one for each.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { withoutSshServer } from "@malachite/server/conformance";
import { killAll } from "../support/leftovers.ts";
import {
  cancel,
  ended,
  fileOf,
  getRun,
  keyStart,
  processesOf,
  says,
  story,
  submit,
} from "../support/runs.ts";
import { type Service, until } from "../support/service.ts";
import { orSkip } from "../support/tools.ts";
import { pythonWithMpi } from "../support/venvs.ts";
import { SshPool } from "./pool.ts";

const TORCH = {
  target: "lab",
  environment: { python: { userManagedDependencies: true, interpreterPath: "python3" } },
  framework: "PyTorch",
  communicator: "Gloo",
  nodeCount: 2,
  pytorch: { processCount: 2 },
};

/** The ranks meet where their variables say, without torch: the first says a word to the other. */
const MEET = `
import json, os, socket, sys, time
rank = int(os.environ["RANK"])
if rank == 0:
    server = socket.socket(); server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", int(os.environ["MASTER_PORT"]))); server.listen(1)
    line = server.accept()[0]; line.sendall(b"hello\\n")
else:
    for _ in range(600):
        try:
            line = socket.create_connection((os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))); break
        except OSError:
            time.sleep(0.05)
    print("heard", line.makefile().readline().strip(), flush=True)
print("rank", rank, "of", os.environ["WORLD_SIZE"], os.environ["AZ_BATCH_NODE_LIST"], "secret" if "MALACHITE_PART" in os.environ else "", flush=True)
open("outputs/rank-%d.txt" % rank, "w").write(str(rank))
open("outputs/both.txt", "a").write("from %d\\n" % rank)
`;

const SUM = `
import os
from mpi4py import MPI
world = MPI.COMM_WORLD
total = world.allreduce(world.rank)
print("rank", world.rank, "of", world.size, "node", os.environ["NODE_RANK"], os.environ["AZ_BATCH_NODE_LIST"], "sum", total,
      [name for name in os.environ if name.startswith(("MALACHITE_GROUP", "MALACHITE_PART"))], flush=True)
`;
const WAIT = `
import os, sys, time
from mpi4py import MPI
rank = MPI.COMM_WORLD.rank
MPI.COMM_WORLD.barrier()
print("up", flush=True)
LAST
time.sleep(600)
`;

/** As the real ones start a rank on each of two machines; it ends with 0 when it is told to end. */
const OBLIGING_MPIRUN = `#!/bin/sh
trap 'exit 0' TERM
shift 2
OMPI_COMM_WORLD_RANK=0 "$@" &
"$OMPI_MCA_plm_rsh_agent" 127.0.0.2 "OMPI_COMM_WORLD_RANK=1 exec /bin/sh -c 'exec \\"\\$MALACHITE_PYTHON\\" \\"\\$MALACHITE_GROUP_FILE\\" --rank'" &
wait
`;

/** Processes of a run whose folder ends like this. */
const processesIn = (end: string): number[] =>
  readdirSync("/proc")
    .filter((name) => {
      try {
        const variables = readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
        return variables.some((one) => one.startsWith("MALACHITE_RUN_FOLDER=") && one.endsWith(end));
      } catch {
        // No process, or one that has ended meanwhile.
        return false;
      }
    })
    .map(Number);

describe("a run over several machines of an ssh pool", { skip: withoutSshServer() ?? false }, () => {
  const pool = new SshPool();
  const { far, doors } = pool;
  let service: Service;
  before(async () => {
    await pool.start(2);
    ({ service } = pool);
  });
  after(() => pool[Symbol.asyncDispose]());

  const run = (script: string, more: Record<string, unknown> = {}) =>
    submit(service, { files: { "main.py": script }, configuration: { ...TORCH, ...more } });
  const pathOf = (rank: number) => `user_logs/std_log_process_${rank}.txt`;
  const logOf = (runId: string, rank: number) => fileOf(service, runId, pathOf(rank)).then(String);
  const logWith = (runId: string, rank: number, text: string) => says(service, runId, text, pathOf(rank));
  const farRuns = () =>
    readdirSync(join(far, "runs")).flatMap((name) => readdirSync(join(far, "runs", name)));
  const UP = "import os, time\nprint('up', os.environ['RANK'], flush=True)\ntime.sleep(600)";

  it("meets, has a log for each rank, and the outputs of all", async () => {
    const runId = await run(MEET);
    const end = await ended(service, runId);
    assert.equal(end.status, "Completed", JSON.stringify(end));
    assert.equal(await logOf(runId, 0), "rank 0 of 2 127.0.0.1;127.0.0.2 \n");
    assert.equal(await logOf(runId, 1), "heard hello\nrank 1 of 2 127.0.0.1;127.0.0.2 \n");
    for (const rank of [0, 1])
      assert.equal(String(await fileOf(service, runId, `outputs/rank-${rank}.txt`)), String(rank));
    // What both wrote is that of the first.
    assert.equal(String(await fileOf(service, runId, "outputs/both.txt")), "from 0\n");
    assert.ok(doors.every((door) => door.connections() > 0));
    await until("the far folders to be gone", () => farRuns().length === 0);
  });

  it("ends with the rank that fails first, on whatever machine, and says which", async () => {
    const runId = await run(
      "import os, sys, time\nif os.environ['RANK'] == '1': sys.exit(7)\ntime.sleep(600)",
    );
    const end = await ended(service, runId);
    assert.equal(end.status, "Failed");
    assert.match(JSON.stringify(end.error), /Rank 1 ended with exit code 7/);
    assert.deepEqual(processesOf(runId), []);
  });

  it("is cancelled on all machines, and takes its slots all together or waits", async () => {
    const first = await run(UP);
    for (const rank of [0, 1]) await logWith(first, rank, `up ${rank}`);
    const second = await run("print('hi')");
    await until(
      "the second to be tried",
      async () => (await getRun(service, second)).status !== "NotStarted",
    );
    assert.ok(["Starting", "Preparing", "Queued"].includes((await getRun(service, second)).status));
    await cancel(service, first);
    assert.equal((await ended(service, first)).status, "Canceled");
    assert.deepEqual(processesOf(first), []);
    assert.equal((await ended(service, second)).status, "Completed");
  });

  it("goes on while the service is killed, and was started once", async () => {
    const runId = await run(
      "import os, time\nfor i in range(40):\n    print('line', i, flush=True)\n    time.sleep(0.1)",
    );
    await logWith(runId, 1, "line 2");
    await service.kill();
    await service.start();
    const end = await ended(service, runId);
    assert.equal(end.status, "Completed", JSON.stringify(end));
    for (const rank of [0, 1])
      assert.equal(await logOf(runId, rank), Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join(""));
    assert.equal((await story(service, runId)).filter(({ event }) => event === "started").length, 1);
  });

  it("ends in words when one of its machines is lost, and frees that when it is back", async () => {
    const runId = await run(UP);
    for (const rank of [0, 1]) await logWith(runId, rank, `up ${rank}`);
    const [key] = farRuns().filter((name) => name.startsWith(keyStart(runId)) && name.endsWith("+1"));
    // Of machines that are as free as each other the first is taken first.
    const [, lost] = doors;
    await lost?.shut();
    // All that runs of it there, at one stroke, as when its power fails.
    const pids = processesIn(`/${key}`);
    assert.ok(pids.length > 1);
    killAll(pids);
    const end = await ended(service, runId);
    assert.equal(end.status, "Failed");
    assert.match(JSON.stringify(end.error), /The connection to node 1 \(127\.0\.0\.2\) was lost/);
    assert.ok(farRuns().includes(key ?? ""));
    await lost?.open();
    await until("what was there to be gone", () => farRuns().length === 0);
  });

  for (const mpi of ["openmpi", "mpich"] as const)
    describe(`by the mpirun of ${mpi}`, () => {
      const start = (python: string, script: string, processCountPerNode = 2) =>
        run(script, {
          framework: "Python",
          communicator: "Mpi",
          mpi: { processCountPerNode },
          environment: {
            python: { userManagedDependencies: true, interpreterPath: python },
            // Both machines are this one, where they would take each other's memory for their own.
            environmentVariables: { OMPI_MCA_btl: "self,tcp", OMPI_MCA_coll: "basic,self,libnbc" },
          },
        });

      it("adds up over two machines with two processes each", async (t) => {
        const python = orSkip(t, () => pythonWithMpi(mpi));
        if (!python) return;
        const runId = await start(python, SUM);
        const end = await ended(service, runId);
        assert.equal(end.status, "Completed", JSON.stringify(end) + (await logOf(runId, 0)));
        for (const rank of [0, 1, 2, 3])
          assert.equal(
            await logOf(runId, rank),
            `rank ${rank} of 4 node ${rank >> 1} 127.0.0.1;127.0.0.2 sum 6 []\n`,
          );
      });

      it("ends when a rank of another machine fails, and says which", async (t) => {
        const python = orSkip(t, () => pythonWithMpi(mpi));
        if (!python) return;
        const runId = await start(python, WAIT.replace("LAST", "if rank == 2: os._exit(7)"));
        const end = await ended(service, runId);
        assert.match(JSON.stringify(end.error), /Rank 2 ended with exit code 7/);
        assert.deepEqual(processesOf(runId), []);
      });

      it("is cancelled on all machines, and ends in words when one is lost", async (t) => {
        const python = orSkip(t, () => pythonWithMpi(mpi));
        if (!python) return;
        const first = await start(python, WAIT.replace("LAST", "pass"), 1);
        for (const rank of [0, 1]) await logWith(first, rank, "up");
        await cancel(service, first);
        assert.equal((await ended(service, first)).status, "Canceled");
        assert.deepEqual(processesOf(first), []);

        const second = await start(python, WAIT.replace("LAST", "pass"), 1);
        for (const rank of [0, 1]) await logWith(second, rank, "up");
        const [key] = farRuns().filter((name) => name.startsWith(keyStart(second)) && name.endsWith("+1"));
        killAll(processesIn(`/${key}`));
        const end = await ended(service, second);
        assert.match(JSON.stringify(end.error), /[Nn]ode 1 \(127\.0\.0\.2\) was lost/);
        assert.deepEqual(processesOf(second), []);
      });
    });

  it("fails when a machine of a run by MPI is lost, also where mpirun then says that all was well", async () => {
    const bin = mkdtempSync(join(far, "bin-"));
    symlinkSync(
      execFileSync("python3", ["-c", "import sys; print(sys.executable)"]).toString().trim(),
      join(bin, "python"),
    );
    writeFileSync(join(bin, "mpirun"), OBLIGING_MPIRUN, { mode: 0o755 });
    const runId = await run(UP.replaceAll("RANK", "OMPI_COMM_WORLD_RANK"), {
      framework: "Python",
      communicator: "OpenMpi",
      mpi: { processCountPerNode: 1 },
      environment: { python: { userManagedDependencies: true, interpreterPath: join(bin, "python") } },
    });
    for (const rank of [0, 1]) await logWith(runId, rank, `up ${rank}`);
    const [key] = farRuns().filter((name) => name.startsWith(keyStart(runId)) && name.endsWith("+1"));
    killAll(processesIn(`/${key}`));
    const end = await ended(service, runId);
    assert.equal(end.status, "Failed");
    assert.match(JSON.stringify(end.error), /[Nn]ode 1 \(127\.0\.0\.2\) was lost/);
  });

  it("is refused where there are fewer machines", async () => {
    await assert.rejects(
      run("print(1)", {
        communicator: "OpenMpi",
        nodeCount: 3,
        mpi: { processCountPerNode: 1 },
        framework: "Python",
      }),
      /MPI on 3 nodes was asked for, which are a machine each; the compute target 'lab' has 2/,
    );
    await assert.rejects(
      run("print(1)", { nodeCount: 5, pytorch: { processCount: 5 } }),
      /5 nodes were asked for; the compute target 'lab' has 4/,
    );
  });
});
