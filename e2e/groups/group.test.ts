// Runs of several processes, with nothing but a python: folders, logs, ends, and what becomes of them when the service dies.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { letGo, logFilesOf, startedAll } from "../support/groups.ts";
import {
  cancel,
  ended,
  fileOf,
  getRun,
  processesOf,
  reached,
  submit,
  type WireRun,
} from "../support/runs.ts";
import { Service, until } from "../support/service.ts";

const torch = (processCount: number, nodeCount = 1) => ({
  framework: "PyTorch",
  communicator: "gloo",
  nodeCount,
  pytorch: { communicationBackend: "gloo", processCount, nodeCount },
});
const log = (rank: number) => `user_logs/std_log_process_${rank}.txt`;

/** Every rank tells the first one who it is, over the port that all were told; the first writes it down. */
const MEET = `
import json, os, socket, sys, time
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
at = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
me = {"rank": rank, "argv": sys.argv[1:], "cwd": os.getcwd(), "files": sorted(os.listdir(".")), "node": os.environ["NODE_RANK"]}
print("rank %d of %d" % (rank, size))
open("logs/of_%d.txt" % rank, "w").write("x")
if rank == 0:
    server = socket.socket()
    server.bind(at)
    server.listen(128)
    all = [me]
    while len(all) < size:
        one, _ = server.accept()
        with one, one.makefile() as said:
            all.append(json.loads(said.read()))
    json.dump(sorted(all, key=lambda one: one["rank"]), open("outputs/all.json", "w"))
else:
    for _ in range(600):
        try:
            with socket.create_connection(at) as one:
                one.sendall(json.dumps(me).encode())
            break
        except OSError:
            time.sleep(0.05)
    open("outputs/of_%d.txt" % rank, "w").write("y")
`;
type Met = { rank: number; argv: string[]; cwd: string; files: string[]; node: string };

/** Waits for its end; rank 2 does what it is told when a file is there. */
const WAIT = (last: string) => `
import os, signal, sys, time
rank = int(os.environ["RANK"])
if "--stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("outputs/ready_%d" % rank, "w").close()
print("ready %d" % rank)
while rank != 2 or len([n for n in os.listdir("outputs") if n.startswith("ready")]) < int(os.environ["WORLD_SIZE"]):
    time.sleep(0.02)
print("last words of 2")
${last}
`;

/** All wait to be let go; then one ends with a code, and the others go on. */
const LET_GO = (rank: number, code: number) => `
import os, sys, time
open("outputs/ready_%s" % os.environ["RANK"], "w").close()
while not os.path.exists("outputs/go"):
    time.sleep(0.02)
sys.exit(${code} if os.environ["RANK"] == "${rank}" else time.sleep(600))
`;

describe("a run of several processes", () => {
  let service: Service;
  before(async () => {
    service = await Service.start({ flags: ["--runs-at-once", "4", "--grace-seconds", "2"] });
  });
  after(() => service[Symbol.asyncDispose]());

  async function met(count: number, nodes: number, more: Record<string, unknown> = {}) {
    const runId = await submit(service, {
      files: { "main.py": MEET, "outputs/brought.txt": "b" },
      configuration: { ...torch(count, nodes), ...more },
    });
    await reached(service, runId, "Completed", 180_000);
    return { runId, all: JSON.parse(String(await fileOf(service, runId, "outputs/all.json"))) as Met[] };
  }

  it("gives each node a folder, and all of them the same outputs and logs", async () => {
    const { runId, all } = await met(4, 2, { arguments: ["--local", "$LOCAL_RANK", "$NODE_RANK", "$HOME"] });
    assert.deepEqual(
      all.map(({ rank, argv, node }) => [rank, argv, node]),
      [
        [0, ["--local", "0", "0", "$HOME"], "0"],
        [1, ["--local", "1", "0", "$HOME"], "0"],
        [2, ["--local", "0", "1", "$HOME"], "1"],
        [3, ["--local", "1", "1", "$HOME"], "1"],
      ],
    );
    const [first, , third] = all;
    assert.equal(all[1]?.cwd, first?.cwd);
    assert.equal(third?.cwd, `${first?.cwd.replace(/\/project$/, "")}/nodes/1/project`);
    for (const one of all) assert.deepEqual(one.files, ["logs", "main.py", "outputs"]);
    for (const rank of [0, 1, 2, 3]) {
      assert.equal(String(await fileOf(service, runId, log(rank))), `rank ${rank} of 4\n`);
      assert.equal(String(await fileOf(service, runId, `logs/of_${rank}.txt`)), "x");
    }
    assert.equal(String(await fileOf(service, runId, "outputs/of_3.txt")), "y");
    assert.equal(String(await fileOf(service, runId, "outputs/brought.txt")), "b");
    const logs = await logFilesOf(service, runId);
    assert.deepEqual(
      logs.filter((path) => path.startsWith("user_logs/")),
      [0, 1, 2, 3].map(log),
    );
  });

  it("holds 64 of them", async () => {
    const { all } = await met(64, 4);
    assert.deepEqual(
      all.map((one) => one.rank),
      Array.from({ length: 64 }, (_, rank) => rank),
    );
  });

  /** Runs four of which the third ends as told. */
  async function failed(last: string, more: string[] = []): Promise<WireRun> {
    const runId = await submit(service, {
      files: { "main.py": WAIT(last) },
      configuration: { ...torch(4), arguments: more },
    });
    const run = await ended(service, runId);
    assert.equal(run.status, "Failed");
    assert.deepEqual(processesOf(runId), []);
    return run;
  }
  const words = (run: WireRun): string => JSON.stringify(run.error);

  it("ends as one when a process fails, and says which, how and what it said last", async () => {
    const run = await failed("raise ValueError('no more data')");
    assert.match(words(run), /Rank 2 ended with exit code 1; the other 3 processes were stopped\./);
    assert.match(words(run), /User program failed with ValueError: no more data/);
    assert.match(words(run), /last words of 2/);
    const said = String(await fileOf(service, run.runId, log(0)));
    assert.match(said, /^ready 0\nmalachite: rank 2 ended with exit code 1; the 3 others are stopped\.\n$/);
  });

  it("ends with the exit code of the process that failed", async () => {
    assert.match(words(await failed("os._exit(7)")), /Rank 2 ended with exit code 7/);
  });

  it("ends with the signal of the process that failed, and forces those that do not end", async () => {
    const run = await failed("os.kill(os.getpid(), signal.SIGKILL)", ["--stubborn"]);
    assert.match(words(run), /Rank 2 ended with signal SIGKILL/);
  });

  it("is told of a process that cannot be started", async () => {
    const runId = await submit(service, {
      files: { "main.py": "" },
      configuration: { ...torch(2), script: "gone.py" },
    }).catch((error: Error) => error.message);
    assert.match(runId, /ScriptNotFound/);
  });

  it("is cancelled whole", async () => {
    const runId = await submit(service, {
      files: { "main.py": WAIT("") },
      configuration: { ...torch(3, 3), script: "main.py", arguments: ["--stubborn"] },
    });
    // One more than there are is waited for, so nobody ends.
    await startedAll(runId, 3);
    await cancel(service, runId);
    await ended(service, runId);
    assert.deepEqual(processesOf(runId), []);
  });

  it("leaves nothing behind when what started its processes is killed", async () => {
    const runId = await submit(service, {
      files: { "main.py": WAIT("") },
      configuration: { ...torch(2), arguments: ["--stubborn"] },
    });
    await startedAll(runId, 2);
    const starter = processesOf(runId).find(
      (pid) =>
        readFileSync(`/proc/${pid}/cmdline`, "utf8").endsWith("\0../group.py\0") &&
        !readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("/bin/sh"),
    );
    process.kill(starter ?? assert.fail("no starter"), "SIGKILL");
    const run = await ended(service, runId);
    assert.equal(run.status, "Failed");
    assert.match(words(run), /ended by signal SIGKILL/);
    assert.deepEqual(processesOf(runId), []);
  });

  it("goes on without the service, and its end is told by the next one", async () => {
    const runId = await submit(service, {
      files: { "main.py": LET_GO(1, 5) },
      configuration: torch(3),
    });
    const folder = await startedAll(runId, 3);
    await reached(service, runId, "Running");
    const before = processesOf(runId);
    await service.kill();
    await service.start();
    assert.equal((await getRun(service, runId)).status, "Running");
    await sleep(500);
    assert.deepEqual(processesOf(runId), before);
    letGo(folder);
    const run = await ended(service, runId);
    assert.match(words(run), /Rank 1 ended with exit code 5; the other 2 processes were stopped/);
    assert.deepEqual(processesOf(runId), []);
  });

  it("is told whole when the service was away at its end", async () => {
    const runId = await submit(service, {
      files: { "main.py": LET_GO(2, 6) },
      configuration: torch(3),
    });
    const folder = await startedAll(runId, 3);
    await service.kill();
    letGo(folder);
    await until("its processes to end", async () => processesOf(runId).length === 0);
    await service.start();
    assert.match(words(await ended(service, runId)), /Rank 2 ended with exit code 6/);
  });

  it("of a command runs it once on each node", async () => {
    const runId = await submit(service, {
      files: { "main.py": "" },
      configuration: {
        script: undefined,
        command: 'echo "node $NODE_RANK of $AZUREML_NODE_COUNT" > outputs/$AZ_BATCHAI_TASK_INDEX.txt',
        nodeCount: 2,
      },
    });
    await reached(service, runId, "Completed");
    for (const node of [0, 1])
      assert.equal(String(await fileOf(service, runId, `outputs/${node}.txt`)), `node ${node} of 2\n`);
  });

  it("needs GPUs for nccl", async () => {
    const refused = await submit(service, {
      files: { "main.py": "" },
      configuration: { ...torch(2), communicator: "nccl" },
    }).catch((error: Error) => error.message);
    assert.match(
      refused,
      /400.*Nccl needs a GPU for each process, so 2; the compute target 'local' has none/,
    );
  });
});
