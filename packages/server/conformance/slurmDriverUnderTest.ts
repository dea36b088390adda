// The Slurm driver with a real Slurm, as the suite of all drivers takes it.
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ComputeDriver, Launch, TargetSettings } from "@malachite/core";
import { inheritedEnvironment } from "../src/adapters/compute/shared/runEnvironment.ts";
import { createSlurmCommands } from "../src/adapters/compute/slurm/slurmCommands.ts";
import { createSlurmDriver } from "../src/adapters/compute/slurm/slurmDriver.ts";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
import { findPython } from "./findPython.ts";
import { startSlurm, withoutSlurm } from "./slurmEngine.ts";

const signal = new AbortController().signal;

async function makeDriver(cgroups: boolean): Promise<DriverUnderTest> {
  const slurm = await startSlurm({ cgroups });
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-slurm-runs-"));
  // A folder that can be taken away: then no command of Slurm knows where its controller is.
  const conf = join(folder, "slurm.conf");
  await writeFile(conf, `include ${slurm.conf}\n`);
  const runs = join(folder, "runs");
  const target: TargetSettings = { name: "lab", kind: "slurm", pool: "lab", options: { conf } };
  const make = () =>
    withConf(
      createSlurmDriver({
        folder: runs,
        placer: { place: async () => {}, placeFiles: async () => {} },
        commands: createSlurmCommands({ path: process.env.PATH ?? "", env: process.env }),
        clock: { now: Date.now, sleep: async () => {} },
        inherited: inheritedEnvironment(process.env),
        graceMs: 10_000,
        settleMs: 500,
      }),
      conf,
    );
  let made = make();
  return {
    driver: made,
    target,
    async restart() {
      await made[Symbol.asyncDispose]();
      made = make();
      return made;
    },
    write: (key, path, text) => writeFile(join(runs, key, "project", path), text),
    async withoutEngine(work) {
      await rename(conf, `${conf}.away`);
      try {
        await work();
      } finally {
        await rename(`${conf}.away`, conf);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const key of (await readdir(runs)).filter((name) => /^[a-z]/.test(name))) {
        const handle = await made.find(target, key as never, signal);
        if (handle !== undefined) await made.release(handle, signal);
      }
      assert.equal(await slurm.run("squeue", "--noheader"), "", "jobs are left over");
      await made[Symbol.asyncDispose]();
      await slurm[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** The suite changes options of the target: where its Slurm is stays among them. */
function withConf<T extends ComputeDriver>(driver: T, conf: string): T {
  const withOptions = (target: TargetSettings): TargetSettings => ({
    ...target,
    options: { conf, ...target.options },
  });
  return {
    ...driver,
    check: (target, at) => driver.check(withOptions(target), at),
    launch: ({ plan, secrets }: Launch, at: AbortSignal) =>
      driver.launch({ plan: { ...plan, target: withOptions(plan.target) }, secrets }, at),
  };
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
