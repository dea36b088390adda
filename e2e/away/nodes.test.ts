// A run of several nodes that share nothing with the service, nor with each other, but the network: each has a courier of its own.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { killAll } from "../support/leftovers.ts";
import { cancel, ended, fileOf, keyStart, processesOf, says, submit } from "../support/runs.ts";
import { ROOT, Service, SOURCE, until, workspacePath } from "../support/service.ts";

const TORCH = {
  ...{ target: "far", framework: "PyTorch", communicator: "Gloo" },
  ...{ nodeCount: 3, pytorch: { processCount: 3 } },
};
/** The first rank hears from all others, at the address that all are told. */
const MEET = `
import os, socket, time
rank, at = int(os.environ["RANK"]), (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    server = socket.create_server(at)
    print("met", sorted(server.accept()[0].recv(9).decode() for _ in range(2)), flush=True)
else:
    for _ in range(600):
        try:
            socket.create_connection(at, 5).sendall(str(rank).encode()); break
        except OSError: time.sleep(0.1)
print(rank, os.environ["NODE_RANK"], os.environ["AZ_BATCH_NODE_LIST"], open("in/data.txt").read(), "MALACHITE_PART" in os.environ, flush=True)
open("outputs/rank-%d.txt" % rank, "w").write(str(rank))
open("outputs/both.txt", "w").write("from %d" % rank)
`;
const UP = (last: string) => `
import os, sys, time
print("up", flush=True)
if os.environ["RANK"] == "1":
    ${last}
time.sleep(600)
`;

describe("runs of several nodes that share nothing but the network", () => {
  const far = mkdtempSync(join(tmpdir(), "malachite-far-"));
  const program = [...SOURCE, join(ROOT, "e2e/support/awayService.ts")];
  let service: Service;

  before(async () => {
    writeFileSync(join(far, "apart"), "");
    service = await Service.start({ program, env: { FAR: far, PATH: process.env.PATH ?? "" } });
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    rmSync(far, { recursive: true, force: true });
  });

  const start = (script: string, more: object = {}) =>
    submit(service, {
      files: { "main.py": script, "in/data.txt": "from the project" },
      configuration: { ...TORCH, ...more },
    });
  const path = (rank: number) => `user_logs/std_log_process_${rank}.txt`;
  const log = async (runId: string, rank: number): Promise<string> =>
    String(await fileOf(service, runId, path(rank)));
  const up = (runId: string) =>
    Promise.all([0, 1, 2].map((rank) => says(service, runId, /^up\n$/, path(rank))));
  const gone = (runId: string) => until("all to be gone", () => processesOf(runId).length === 0);
  /** The couriers of its nodes. Those of an earlier run may not be freed yet. */
  function nodes(runId: string): number[] {
    const note = readdirSync(far).find((name) => name.startsWith(keyStart(runId)) && name.endsWith(".pid"));
    return readFileSync(join(far, note ?? assert.fail(`no note of ${runId}`)), "utf8")
      .split(" ")
      .map(Number);
  }

  it("meet, and the logs and outputs of all come home; of one path that of the first", async () => {
    const runId = await start(MEET);
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    assert.match(
      await log(runId, 0),
      /^met \['1', '2'\]\n0 0 127\.0\.0\.1;127\.0\.0\.1;127\.0\.0\.1 from the project False\n$/,
    );
    for (const rank of [1, 2]) {
      assert.match(await log(runId, rank), new RegExp(`^${rank} ${rank} 127.* from the project False\\n$`));
      assert.equal(String(await fileOf(service, runId, `outputs/rank-${rank}.txt`)), String(rank));
    }
    assert.equal(String(await fileOf(service, runId, "outputs/both.txt")), "from 0");
    await until("their folders to be gone", () => readdirSync(join(far, "runs")).length === 0);
  });

  it("end with the process that fails, and say which", async () => {
    const runId = await start(UP("sys.exit(7)"));
    const run = await ended(service, runId);
    assert.match(JSON.stringify(run.error), /Rank 1 ended with exit code 7/);
    await gone(runId);
  });

  it("are canceled on all nodes", async () => {
    const runId = await start(UP("pass"));
    await up(runId);
    await cancel(service, runId);
    assert.equal((await ended(service, runId)).status, "Canceled");
    await gone(runId);
  });

  it("end when a node is lost", async () => {
    const runId = await start(UP("pass"));
    await up(runId);
    const [, second = 0] = nodes(runId);
    // With all that it has started.
    killAll([second, ...processesOf(runId).filter((one) => isBelow(one, second))]);
    const run = await ended(service, runId);
    assert.equal(run.status, "Failed");
    assert.match(JSON.stringify(run.error), /The connection to node 1 .*was lost/);
    await gone(runId);
  });

  it("do not begin where one of them has no environment, and say which", async () => {
    const environment = {
      python: { userManagedDependencies: true, interpreterPath: "python-that-is-not-there" },
    };
    const run = await ended(service, await start("pass", { environment }));
    assert.match(JSON.stringify(run.error), /no python interpreter 'python-that-is-not-there'/);
  });

  it("go on while the service is killed, and end under the next one", async () => {
    const runId = await start("import time\nfor i in range(40): print(i, flush=True); time.sleep(0.1)");
    await says(service, runId, "3\n", path(2));
    await service.kill("SIGKILL");
    await service.start();
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    const all = Array.from({ length: 40 }, (_, i) => `${i}\n`).join("");
    for (const rank of [0, 1, 2]) assert.equal(await log(runId, rank), all);
  });

  it("take files of no node that the run does not have", async () => {
    const runId = await start(
      "import os, time; print(os.environ['AZUREML_RUN_TOKEN'], os.environ['MALACHITE_LAUNCH_KEY'], flush=True); time.sleep(600)",
    );
    const [token = "", key = ""] = (await says(service, runId, "\n", path(1))).trim().split(" ");
    const at = `${service.url}/malachite/v1.0${workspacePath}/runs/${runId}/launches/${key}`;
    const ask = async (path: string, init: RequestInit = {}) => {
      const answer = await fetch(`${at}${path}`, { ...init, headers: { authorization: `Bearer ${token}` } });
      await answer.body?.cancel();
      return answer.status;
    };
    assert.equal(await ask("/files?node=2"), 200);
    assert.equal(await ask("/files?node=3"), 404);
    assert.equal(await ask("/files?node=-1"), 400);
    assert.equal(await ask("/files?node=3", { method: "POST", body: "" }), 404);
    assert.equal(await ask("/meeting"), 200);
    await cancel(service, runId);
    await ended(service, runId);
  });
});

function isBelow(pid: number, top: number): boolean {
  for (let at = pid, deep = 0; at > 1 && deep < 20; deep++) {
    if (at === top) return true;
    try {
      at = Number(readFileSync(`/proc/${at}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  }
  return false;
}
