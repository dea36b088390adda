// The Slurm driver with a real Slurm, as the suite of all drivers takes it.
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TargetSettings } from "@malachite/core";
import { inheritedEnvironment } from "../src/adapters/compute/shared/runEnvironment.ts";
import { createSlurmCommands } from "../src/adapters/compute/slurm/slurmCommands.ts";
import { createSlurmDriver } from "../src/adapters/compute/slurm/slurmDriver.ts";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
import { driverUnderTest, movedAway } from "./driverUnderTest.ts";
import { findPython } from "./findPython.ts";
import { startSlurm, withoutSlurm } from "./slurmEngine.ts";

async function makeDriver(cgroups: boolean): Promise<DriverUnderTest> {
  const slurm = await startSlurm({ cgroups });
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-slurm-runs-"));
  // One that can be taken away: then no command of Slurm knows where its controller is.
  const conf = join(folder, "slurm.conf");
  await writeFile(conf, `include ${slurm.conf}\n`);
  const runs = join(folder, "runs");
  const target: TargetSettings = { name: "lab", kind: "slurm", pool: "lab", options: { conf } };
  return driverUnderTest({
    target,
    runs,
    make: () =>
      createSlurmDriver({
        folder: runs,
        placer: { place: async () => {}, placeFiles: async () => {} },
        commands: createSlurmCommands({ path: process.env.PATH ?? "", env: process.env }),
        clock: { now: Date.now, sleep: async () => {} },
        inherited: inheritedEnvironment(process.env),
        graceMs: 10_000,
        settleMs: 500,
      }),
    away: movedAway(conf),
    async end() {
      assert.equal(await slurm.run("squeue", "--noheader"), "", "jobs are left over");
      await slurm[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  });
}

/** Registers the suite. */
export function slurmDriverConformance(name: string, cgroups: boolean): void {
  const skip = withoutSlurm();
  computeDriverConformance(name, () => makeDriver(cgroups), {
    ...(skip === undefined ? {} : { skip }),
    python: findPython(),
    holdsEverything: cgroups,
    ...(cgroups ? { memoryLimit: { memoryMiB: 64 } } : {}),
    many: 12,
    deadlineMs: 60_000,
    // What Slurm tells each job.
    variables: /^(SLURM\w*|ENVIRONMENT|HOSTNAME|SHELL|TERM|TMPDIR|ROCR_VISIBLE_DEVICES|OLDPWD)$/,
  });
}
