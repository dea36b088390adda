// Several processes of one run, on every engine that runs real ones: nodes are folders of the run, and the group ends as one.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FOLDER_MARK, type PlannedProcess, type ProcessGroup, portMark, RUN_FOLDER } from "@malachite/core";
import { type Bench, readAll } from "./computeDriver.ts";

export function driverGroups(bench: Bench): void {
  /** Nodes that the processes are on in turn. */
  const nodes = bench.options.severalNodes === false ? 1 : 2;
  const python = bench.options.python ?? "/usr/bin/python3";

  /** One process for each text of python. */
  function groupOf(codes: readonly string[], more: Partial<ProcessGroup> = {}) {
    const processes = codes.map(
      (code, rank): PlannedProcess => ({
        name: `rank ${rank}`,
        node: rank % nodes,
        argv: [python, "-c", code, FOLDER_MARK],
        environment: { RANK: String(rank) },
        log: RUN_FOLDER.logOf(rank),
      }),
    );
    const group: ProcessGroup = {
      starter: "direct",
      ports: ["master"],
      environment: { PORT: portMark("master") },
      graceMs: 500,
      ...more,
      processes,
    };
    return { nodes, folders: ["outputs"], group };
  }
  const launch = (name: string, codes: readonly string[]) =>
    bench.launch(name, [python, "../group.py"], groupOf(codes));
  const SLEEP = "import time; print('up', flush=True); time.sleep(600)";

  describe("a run of several processes", () => {
    it("has a log and a node's folder for each, and the same outputs for all", async () => {
      const code = [
        "import os, sys",
        "print(os.environ['RANK'], int(os.environ['PORT']) > 0, os.path.relpath(os.getcwd(), sys.argv[1]))",
        "open('outputs/%s.txt' % os.environ['RANK'], 'w').write('x')",
      ].join("\n");
      const handle = await launch("group", [code, code]);
      assert.equal((await bench.ended(handle)).code, 0);
      const folder = bench.driver.folder(handle);
      const log = async (rank: number) => String(await readAll(folder, RUN_FOLDER.logOf(rank)));
      assert.equal(await log(0), "0 True project\n");
      assert.equal(await log(1), `1 True ${nodes === 1 ? "" : "nodes/1/"}project\n`);
      for (const rank of [0, 1])
        assert.equal(String(await readAll(folder, `project/outputs/${rank}.txt`)), "x");
    });

    it("ends with the first process that fails, and says which", async () => {
      const handle = await launch("failing", [SLEEP, "import sys; print('bye'); sys.exit(7)", SLEEP]);
      assert.equal((await bench.ended(handle)).code, 7);
      const first = String(await readAll(bench.driver.folder(handle), RUN_FOLDER.groupExit));
      assert.deepEqual(JSON.parse(first), { code: 7, index: 1 });
    });

    it("is stopped whole", async () => {
      const stubborn = `import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n${SLEEP}`;
      const handle = await launch("stopped", [SLEEP, stubborn]);
      const folder = bench.driver.folder(handle);
      for (const rank of [0, 1])
        await bench.until(
          `rank ${rank} to be up`,
          async () => (await folder.size(RUN_FOLDER.logOf(rank))) === 3,
        );
      await bench.driver.stop(handle, 200, bench.signal);
      assert.equal((await bench.sight(handle)).at, "ended");
    });
  });
}
