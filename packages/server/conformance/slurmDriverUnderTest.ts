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
import { createSlurmRest } from "../src/adapters/compute/slurm/slurmRest.ts";
import { createSlurmVoice } from "../src/adapters/compute/slurm/slurmVoice.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
import { driverUnderTest, EMPTY_PLACER, movedAway } from "./driverUnderTest.ts";
import { findPython } from "./findPython.ts";
import { startSlurm, withoutSlurm } from "./slurmEngine.ts";

async function makeDriver(cgroups: boolean, rest: boolean): Promise<DriverUnderTest> {
  const slurm = await startSlurm({ cgroups, rest });
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-slurm-runs-"));
  // One that can be taken away: then no command of Slurm knows where its controller is.
  const conf = join(folder, "slurm.conf");
  await writeFile(conf, `include ${slurm.conf}\n`);
  const runs = join(folder, "runs");
  const door = await slurm.openRest?.();
  const tokenFile = join(folder, "token");
  if (door !== undefined) await writeFile(tokenFile, await slurm.run("scontrol", "token", "lifespan=3600"));
  const options =
    door === undefined
      ? { conf }
      : { rest: `http://127.0.0.1:${door.port}`, restUser: "root", restTokenFile: tokenFile };
  const target: TargetSettings = { name: "lab", kind: "slurm", pool: "lab", options };
  return driverUnderTest({
    target,
    runs,
    make: (placer = EMPTY_PLACER) =>
      createSlurmDriver({
        folder: runs,
        placer,
        voice: createSlurmVoice({
          commands: createSlurmCommands({ path: process.env.PATH ?? "", env: process.env }),
          rest: createSlurmRest({ token: undefined, user: "nobody" }),
        }),
        clock: systemClock,
        inherited: inheritedEnvironment(process.env),
        graceMs: 10_000,
        settleMs: 500,
      }),
    away: door ?? movedAway(conf),
    async end() {
      assert.equal(await slurm.run("squeue", "--noheader"), "", "jobs are left over");
      await door?.shut();
      await slurm[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  });
}

/** Registers the suite. */
export function slurmDriverConformance(name: string, { cgroups = true, rest = false }): void {
  const skip = withoutSlurm();
  computeDriverConformance(name, () => makeDriver(cgroups, rest), {
    ...(skip === undefined ? {} : { skip }),
    python: findPython(),
    holdsEverything: cgroups,
    ...(cgroups ? { memoryLimit: { memoryMiB: 64 } } : {}),
    severalServers: true,
    many: rest ? 6 : 12,
    deadlineMs: 60_000,
    // What Slurm tells each job.
    variables: /^(SLURM\w*|ENVIRONMENT|HOSTNAME|SHELL|TERM|TMPDIR|ROCR_VISIBLE_DEVICES|OLDPWD)$/,
  });
}
