// Scripts and definitions of runs of several pods for tests, and what can be seen of such runs.
import type { ClusterUnderTest } from "@malachite/server/conformance";
import { fileOf } from "../support/runs.ts";
import { type Service, until } from "../support/service.ts";
import { MPI_IMAGE } from "./mpiImage.ts";

export const LONG_MS = 120_000;
/** As a framework does it: rank 0 listens at the address that all are told, the others come there with their names. */
export const MEET = `
import os, socket, sys, time
env = os.environ
at = (env["MASTER_ADDR"], int(env["MASTER_PORT"]))
if env["RANK"] == "0":
    server = socket.create_server(("", at[1]))
    names = [socket.gethostname()]
    for _ in range(int(env["WORLD_SIZE"]) - 1):
        names.append(server.accept()[0].recv(200).decode())
    print("met", len(set(names)), env["AZ_BATCH_NODE_LIST"].count(";") + 1, env["AZUREML_NODE_COUNT"], flush=True)
else:
    for _ in range(600):
        try:
            socket.create_connection(at, 5).sendall(socket.gethostname().encode()); break
        except OSError: time.sleep(0.1)
    print("rank", env["RANK"], "node", env["NODE_RANK"], flush=True)
open("outputs/%s.txt" % env["RANK"], "w").write(os.path.basename(os.getcwd()))
print([name for name in env if name.startswith("MALACHITE_POD")], flush=True)
`;
export const EACH = (other: string) => `
import os, time
print("up", flush=True)
if os.environ["RANK"] == "1":
    ${other}
time.sleep(600)
`;
export const TORCH = {
  framework: "PyTorch",
  communicator: "Gloo",
  nodeCount: 2,
  pytorch: { processCount: 2 },
};

/** By the mpirun of the image, which starts its daemon in the other pod. */
export const MPI = {
  ...{ communicator: "Mpi", nodeCount: 2, mpi: { processCountPerNode: 2 } },
  environment: {
    python: { userManagedDependencies: true, interpreterPath: "/usr/bin/python3" },
    docker: { baseImage: MPI_IMAGE },
  },
};
export const SUM = (last: string) => `
import os, socket, sys, time
from mpi4py import MPI
world = MPI.COMM_WORLD
names = set(world.allgather(socket.gethostname()))
print("up", world.rank, "of", world.size, "node", os.environ["NODE_RANK"], "pods", len(names), "sum", world.allreduce(world.rank), flush=True)
world.barrier()
${last}
`;

/** What each process is told of the nodes of its run, and to how many of them that leads. */
export const TOLD = `
import os, socket
nodes = os.environ["AZ_BATCH_NODE_LIST"].split(";")
found = set(socket.gethostbyname(node) for node in nodes)
print("told", os.environ["MASTER_ADDR"], *nodes, "which lead to", len(found), flush=True)
`;

/** Questions to the service and the cluster about the runs that are at work. */
export function looksAt(service: () => Service, cluster: () => ClusterUnderTest) {
  const log = async (runId: string, rank: number) =>
    String(await fileOf(service(), runId, `user_logs/std_log_process_${rank}.txt`).catch(() => ""));
  const up = (runId: string, ...ranks: readonly number[]) =>
    until(
      "all to be up",
      async () =>
        (await Promise.all(ranks.map((rank) => log(runId, rank)))).every((text) => text.includes("up")),
      LONG_MS,
    );
  const podOf = async (node: number) =>
    (
      await cluster().kubectl(
        ...["get", "pods", "-l", `malachite.service,batch.kubernetes.io/job-completion-index=${node}`],
        ...["-o", "jsonpath={.items[0].metadata.name}"],
      )
    ).trim();

  const evict = (name: string) =>
    cluster().create(`/api/v1/namespaces/default/pods/${name}/eviction`, {
      ...{ apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: "default" } },
    });
  return { log, up, podOf, evict };
}
