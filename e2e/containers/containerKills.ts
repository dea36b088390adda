// The service is killed while an image is on its way: the next one goes on, and nothing of the first is left in the engine.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileOf, getRun, reached, story, submit } from "../support/runs.ts";
import { until } from "../support/service.ts";
import type { ContainerBench } from "./bench.ts";
import { startGate } from "./gate.ts";
import { startImageRegistry } from "./imageRegistry.ts";

/** A wheel with one module, made by python3's own zipfile. */
const WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("gated.py", "VALUE = 41\\n")
    wheel.writestr("gated-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: gated\\nVersion: 1\\n")
    wheel.writestr("gated-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("gated-1.dist-info/RECORD", "")
`;

export function containerKills(bench: ContainerBench): void {
  describe("of a service that is killed", () => {
    /** Kills the service at that point, starts it again, and answers what the script then says. */
    async function killed(
      configuration: Record<string, unknown>,
      script: string,
      isUnderWay: () => boolean,
      open: () => void,
    ): Promise<string> {
      const { service } = bench;
      const runId = await submit(service, { files: { "main.py": script }, configuration });
      await until("the image to be on its way", isUnderWay);
      await service.kill("SIGKILL");
      await service.start();
      assert.equal((await getRun(service, runId)).status, "Preparing");
      await until("the image to be on its way again", isUnderWay);
      open();
      await reached(service, runId, "Completed");
      const events = (await story(service, runId)).map(({ event }) => event);
      assert.deepEqual(
        ["prepared", "started"].map((name) => events.filter((event) => event === name).length),
        [1, 1],
      );
      await until("all containers to be gone", async () => (await bench.containers()).length === 0);
      const builds = join(service.data, "containers", ".builds");
      assert.deepEqual(leftIn(builds), []);
      return String(await fileOf(service, runId));
    }

    it("in a pull, have the image pulled", async (t) => {
      const { registry: address } = bench.engine;
      if (address === undefined) return t.skip("this engine was given, and asks no registry of the test");
      await using registry = await startImageRegistry(address, `slow in ${bench.name}`);
      const said = await killed(
        bench.inImage({ baseImage: `${address}/team/slow:1` }),
        "print(open('/slow').read())",
        () => registry.waiting() > 0,
        registry.open,
      );
      assert.equal(said, `slow in ${bench.name}\n`);
    });

    it("in the build of a Dockerfile, have the image built", async () => {
      await using gate = await startGate();
      const ask = `import urllib.request; open("/asked", "wb").write(urllib.request.urlopen("http://${gate.address}/").read())`;
      const text = `FROM ${bench.engine.image}\nRUN python3 -c '${ask}'\n`;
      const said = await killed(
        bench.inImage({ baseImage: undefined, baseDockerfile: text }),
        "print(open('/asked').read())",
        () => gate.waiting() > 0,
        gate.open,
      );
      assert.equal(said, "go\n");
      assert.deepEqual(buildersOf(gate.address), []);
    });

    it("in the install of packages on an image, have them installed", async () => {
      const file = join(bench.service.data, "..", "gated-1-py3-none-any.whl");
      execFileSync("python3", ["-c", WHEEL, file]);
      const wheel = readFileSync(file);
      await using gate = await startGate((_, response) => response.end(wheel));
      const pip = [`gated @ http://${gate.address}/gated-1-py3-none-any.whl`];
      const environment = {
        python: { condaDependencies: { dependencies: ["python", { pip }] } },
        docker: { enabled: true, baseImage: bench.engine.image },
      };
      const said = await killed(
        { environment },
        "import gated; print(gated.VALUE + 1)",
        () => gate.waiting() > 0,
        gate.open,
      );
      assert.equal(said, "42\n");
      assert.deepEqual(buildersOf(gate.address), []);
    });
  });
}

function leftIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // It is made with the first build.
    return [];
  }
}

/** Processes of this machine that were to ask the gate. */
const buildersOf = (address: string): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`http://${address}/`) &&
          !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
        );
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
