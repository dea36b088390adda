// With a tool of that name that the test writes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ENTRIES, NODE_ARGS } from "../../../entries.ts";
import { createLauncher } from "../process/launcher.ts";
import { createGpuMeter, gpusOfRun } from "./gpuUsage.ts";

describe("gpu usage", { skip: process.platform === "win32" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-gpu-usage-"));
  const launcher = createLauncher({ entry: ENTRIES.launcher, nodeArgs: NODE_ARGS, mark: folder });
  after(async () => {
    await launcher[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  const meter = (gpus: string, processes: string) => {
    const script = `case "$1" in --query-gpu=*) ${gpus} ;; *) ${processes} ;; esac`;
    writeFileSync(join(folder, "nvidia-smi"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return createGpuMeter(`${folder}:/usr/bin:/bin`, launcher);
  };
  const TWO = `printf '0, GPU-a, 97, 40000, 81559, 350.12, 700.00\\n1, GPU-b, [N/A], 10, 81559, [N/A], [Not Supported]\\n'`;

  it("is told of those that the processes of a run are on, with the memory that these have", async () => {
    const looks = await meter(TWO, "printf 'GPU-a, 41, 1000\\nGPU-a, 42, 24\\nGPU-a, 77, 500\\n'")();
    assert.deepEqual(gpusOfRun(looks, [40, 41, 42], undefined), [
      {
        gpu: 0,
        utilizationPercent: 97,
        memoryBytes: 1024 * 2 ** 20,
        memoryLimitBytes: 81559 * 2 ** 20,
        powerWatts: 350.12,
        powerLimitWatts: 700,
      },
    ]);
    assert.deepEqual(gpusOfRun(looks, [1], undefined), []);
  });

  it("is told of those that a run was given, also where processes are not known", async () => {
    const looks = await meter(TWO, "exit 3")();
    assert.deepEqual(gpusOfRun(looks, [41], [1]), [
      { gpu: 1, memoryBytes: 10 * 2 ** 20, memoryLimitBytes: 81559 * 2 ** 20 },
    ]);
    assert.deepEqual(gpusOfRun(looks, [41], []), []);
  });

  it("is nothing where there is no tool, or one that is sick or says something else", async () => {
    assert.deepEqual(await createGpuMeter("/nowhere", launcher)(), []);
    assert.deepEqual(await meter("echo 'NVIDIA-SMI has failed'; exit 9", "exit 9")(), []);
    assert.deepEqual(await meter("echo what, is, this", "echo")(), []);
  });
});
