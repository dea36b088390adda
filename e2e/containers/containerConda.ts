// Conda packages on an image without conda: a real solver, and a channel of the test's own.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { baseImage } from "@malachite/server/conformance";
import { fileOf, reached, submit } from "../support/runs.ts";
import { ROOT, workspacePath } from "../support/service.ts";
import { BUILD_LOG, type ContainerBench } from "./bench.ts";
import { startGate } from "./gate.ts";

const CONDA = join(ROOT, "../shared/engines/conda.sh");

export function containerConda(bench: ContainerBench): void {
  it("have conda packages by a real solver on an image without conda, and again by their lock", {
    skip: existsSync(CONDA) ? false : "the script for a conda channel is not beside the repository",
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-channel-"));
    t.after(() => rmSync(folder, { recursive: true }));
    // The python of the image, as conda would pack it: those of this machine find their libraries nowhere else.
    const [bin, lib] = ["usr/bin/python3.11", "usr/lib/python3.11"];
    const version = join(folder, "pyenv/versions/3.11.2");
    mkdirSync(version, { recursive: true });
    execFileSync("tar", [
      "-xf",
      join(baseImage(), "base.tar"),
      "-C",
      version,
      "--strip-components=2",
      `./${bin}`,
      `./${lib}`,
    ]);
    // Without pyenv's own python3, which would name its own folder.
    const env = {
      ...process.env,
      PATH: "/usr/bin:/bin",
      PYENV_ROOT: join(folder, "pyenv"),
      CONDA_PYTHONS: "3.11",
    };
    const started = spawnSync(CONDA, ["start", folder], { encoding: "utf8", timeout: 200_000, env });
    if (started.status !== 0) return t.skip(`no conda channel: ${started.stderr.slice(-300)}`);
    // A container sees no folder of this machine.
    await using channel = await startGate((request, response) => {
      const path = join(folder, "channel", new URL(request.url ?? "", "http://x").pathname);
      if (!existsSync(path)) return response.writeHead(404).end();
      return response.end(readFileSync(path));
    });
    channel.open();
    const url = `http://${channel.address}`;
    const environment = {
      python: {
        condaDependencies: {
          channels: [url],
          dependencies: [`${url}::python=3.11.2=0`],
        },
      },
      docker: { enabled: true, baseImage: bench.engine.image },
    };
    const script =
      "import os, sys, zlib; print(sys.version_info[:3], sys.prefix, os.environ['CONDA_PREFIX'])";
    const runId = await submit(bench.service, {
      files: { "main.py": script },
      configuration: { environment },
    });
    await reached(bench.service, runId, "Completed");
    const said = "(3, 11, 2) /opt/malachite/env /opt/malachite/env\n";
    assert.equal(String(await fileOf(bench.service, runId)), said);
    const log = String(await fileOf(bench.service, runId, BUILD_LOG));
    assert.match(
      log,
      /The image has no conda: py-rattler solves the packages, with its python \/usr\/bin\/python3/,
    );
    assert.match(log, / \+ python 3\.11\.2 0/);
    const lock = String(await fileOf(bench.service, runId, "azureml-logs/environment-lock.txt"));
    assert.match(lock, new RegExp(`^${url}/linux-64/python-3\\.11\\.2-0\\.tar\\.bz2#[0-9a-f]{32}$`, "m"));
    const again = await bench.service.json<{ runId: string }>(
      "POST",
      `/malachite/v1.0${workspacePath}/runs/${runId}/rerun`,
      {},
    );
    await reached(bench.service, again.runId, "Completed");
    assert.equal(String(await fileOf(bench.service, again.runId)), said);
  });
}
