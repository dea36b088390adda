// Runs of several processes in a container: its nodes are process groups in it, which find each other at its own loopback device.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadImage } from "@malachite/server/conformance";
import { ended, fileOf, reached, submit } from "../support/runs.ts";
import type { ContainerBench } from "./bench.ts";

const log = (rank: number) => `user_logs/std_log_process_${rank}.txt`;

const ALLREDUCE = `
import os, socket, sys
from mpi4py import MPI
world = MPI.COMM_WORLD
total = world.allreduce(world.rank + 1)
print("rank %d of %d on node %s in %s: sum %d, pid 1 is %s" % (world.rank, world.size, os.environ["NODE_RANK"],
    os.getcwd(), total, open("/proc/1/cmdline").read().split("\\0")[1]), flush=True)
if "--fail" in sys.argv and world.rank == 2:
    sys.exit(7)
world.barrier()
`;

/** The rendezvous of torch.distributed, with nothing but sockets: rank 0 listens at the master's address, all others come there. */
const MEET = `
import json, os, socket
names = ("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "RANK", "LOCAL_RANK", "NODE_RANK", "AZ_BATCHAI_PYTORCH_INIT_METHOD",
    "AZ_BATCH_MASTER_NODE", "AZUREML_NODE_COUNT", "GLOO_SOCKET_IFNAME")
told = {name: os.environ[name] for name in names}
print(json.dumps(told), flush=True)
rank, size = int(told["RANK"]), int(told["WORLD_SIZE"])
place = (told["MASTER_ADDR"], int(told["MASTER_PORT"]))
if rank == 0:
    store = socket.create_server(place)
    peers = [store.accept()[0] for _ in range(size - 1)]
    total = sum(int(peer.recv(9)) for peer in peers)
    for peer in peers:
        peer.sendall(b"%d" % total)
else:
    import time
    while True:
        try:
            store = socket.create_connection(place)
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    store.sendall(b"%d" % rank)
    total = int(store.recv(9))
print("sum", total)
`;

export function containerGroups(bench: ContainerBench): void {
  describe("of several processes", () => {
    it("add up by MPI over two nodes with two processes each, by the mpirun of the image", async () => {
      const image = await loadImage(bench.engine, "mpi", ["openmpi-bin", "python3-mpi4py"]);
      // What Debian's own scripts would have done, had they been run.
      const baseDockerfile = `FROM ${image}\nRUN ln -s mpirun.openmpi /usr/bin/mpirun\n`;
      const group = { communicator: "Mpi", mpi: { processCountPerNode: 2 }, nodeCount: 2 };
      const start = (more: object) =>
        submit(bench.service, {
          files: { "main.py": ALLREDUCE },
          configuration: bench.inImage({ baseImage: undefined, baseDockerfile }, { ...group, ...more }),
        });
      const good = await start({});
      // The nodes share a network device of their own, whatever else the container reaches.
      const alone = await start({ docker: { useDocker: true, arguments: ["--network", "none"] } });
      for (const runId of [good, alone]) {
        await reached(bench.service, runId, "Completed");
        for (const rank of [0, 1, 2, 3]) {
          const project = rank < 2 ? "project" : "nodes/1/project";
          // Before it, Open MPI may tell of libraries for networks that are not there.
          const last = String(await fileOf(bench.service, runId, log(rank)))
            .trim()
            .split("\n")
            .at(-1);
          assert.equal(
            last,
            `rank ${rank} of 4 on node ${rank >> 1} in /malachite/run/${project}: sum 10, pid 1 is /malachite/run/start.sh`,
          );
        }
      }
      const failed = await ended(bench.service, await start({ arguments: ["--fail"] }));
      assert.equal(failed.status, "Failed");
      assert.match(failed.error?.error?.message ?? "", /Rank 2 ended with exit code 7/);
    });

    it("meet as processes of PyTorch do, at the address and the port that they are told", async () => {
      const runId = await submit(bench.service, {
        files: { "main.py": MEET },
        configuration: bench.inImage(
          {},
          {
            framework: "PyTorch",
            communicator: "Gloo",
            pytorch: { communicationBackend: "gloo", processCount: 4 },
            nodeCount: 2,
          },
        ),
      });
      await reached(bench.service, runId, "Completed");
      const told = [];
      for (const rank of [0, 1, 2, 3]) {
        const [first = "", last] = String(await fileOf(bench.service, runId, log(rank))).split("\n");
        assert.equal(last, "sum 6");
        told.push(JSON.parse(first) as Record<string, string>);
      }
      const [{ MASTER_PORT: port = "" } = {}] = told;
      assert.match(port, /^\d+$/);
      assert.deepEqual(
        told,
        [0, 1, 2, 3].map((rank) => ({
          MASTER_ADDR: "127.0.0.1",
          MASTER_PORT: port,
          WORLD_SIZE: "4",
          LOCAL_WORLD_SIZE: "2",
          RANK: String(rank),
          LOCAL_RANK: String(rank % 2),
          NODE_RANK: String(rank >> 1),
          AZ_BATCHAI_PYTORCH_INIT_METHOD: `tcp://127.0.0.1:${port}`,
          AZ_BATCH_MASTER_NODE: `127.0.0.1:${port}`,
          AZUREML_NODE_COUNT: "2",
          GLOO_SOCKET_IFNAME: "lo",
        })),
      );
    });
  });
}
