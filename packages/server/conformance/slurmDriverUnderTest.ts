// The Slurm driver with a real Slurm, as the suite of all drivers takes it.
import assert from "node:assert/strict";
import { readdirSync, realpathSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { TargetSettings } from "@malachite/core";
import { createLauncher } from "../src/adapters/compute/process/launcher.ts";
import { inheritedEnvironment } from "../src/adapters/compute/shared/runEnvironment.ts";
import { createSlurmCommands } from "../src/adapters/compute/slurm/slurmCommands.ts";
import { createSlurmDriver } from "../src/adapters/compute/slurm/slurmDriver.ts";
import { createSlurmRest } from "../src/adapters/compute/slurm/slurmRest.ts";
import { createSlurmVoice } from "../src/adapters/compute/slurm/slurmVoice.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { ENTRIES, NODE_ARGS } from "../src/entries.ts";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
import { courierIn, serveCourier } from "./courierUnderTest.ts";
import { driverUnderTest, EMPTY_PLACER, marksOf } from "./driverUnderTest.ts";
import { findPython } from "./findPython.ts";
import { startSlurm, withoutSlurm } from "./slurmEngine.ts";

type Ways = { readonly cgroups?: boolean; readonly rest?: boolean; readonly shared?: boolean };

/** Of a controller that is not there. */
const NOBODY = "ClusterName=nobody\nSlurmctldHost=localhost(127.0.0.1)\nSlurmctldPort=1\nMessageTimeout=2\n";
const TOKEN = "a token of the runs";

async function makeDriver({ cgroups = true, rest = false, shared = true }: Ways): Promise<DriverUnderTest> {
  const slurm = await startSlurm({ cgroups, rest });
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-slurm-runs-"));
  // One that can be made useless: then no command of Slurm knows where its controller is.
  const conf = join(folder, "slurm.conf");
  const open = () => writeFile(conf, `include ${slurm.conf}\n`);
  const shut = () => writeFile(conf, NOBODY);
  await open();
  const runs = join(folder, "runs");
  const door = await slurm.openRest?.();
  const tokenFile = join(folder, "token");
  if (door !== undefined) await writeFile(tokenFile, await slurm.run("scontrol", "token", "lifespan=3600"));
  const ways =
    door === undefined
      ? { conf }
      : { rest: `http://127.0.0.1:${door.port}`, restUser: "root", restTokenFile: tokenFile };
  const far = join(folder, "far");
  const options = shared ? ways : { ...ways, shared, folder: far };
  const target: TargetSettings = { name: "lab", kind: "slurm", pool: "lab", options };
  const launcher = createLauncher({ entry: ENTRIES.launcher, nodeArgs: NODE_ARGS, mark: folder });
  const courier = courierIn(folder);
  const server = await serveCourier(courier, TOKEN);
  const there = join(far, "runs", hostname());
  return driverUnderTest({
    target,
    runs: shared ? runs : join(folder, "away/home"),
    ...(shared
      ? {}
      : {
          folder: (key) => join(there, readdirSync(there).find((name) => name.startsWith(`${key}.`)) ?? ""),
          home: ["user_logs", "project/outputs", "project/a", "project/b"],
          environment: {
            AZUREML_SERVICE_ENDPOINT: server.url,
            AZUREML_WORKSPACE_SCOPE: "/subscriptions/s",
            AZUREML_RUN_ID: "run",
          },
          secrets: { AZUREML_RUN_TOKEN: TOKEN },
        }),
    make: (placer = EMPTY_PLACER) =>
      createSlurmDriver({
        folder: runs,
        placer,
        marks: marksOf("conformance"),
        voice: createSlurmVoice({
          commands: createSlurmCommands({ path: process.env.PATH ?? "", env: process.env, runner: launcher }),
          rest: createSlurmRest({ token: undefined, user: "nobody" }),
        }),
        clock: systemClock,
        inherited: inheritedEnvironment(process.env),
        graceMs: 10_000,
        settleMs: 500,
        courier,
        authority: "",
        serviceUrl: () => "http://service:1",
        files: ENTRIES.slurm,
      }),
    away: door ?? { shut, open },
    async end() {
      assert.equal(await slurm.run("squeue", "--noheader"), "", "jobs are left over");
      if (!shared) assert.deepEqual(await readdir(there), [], "folders of runs are left over");
      await server[Symbol.asyncDispose]();
      await courier[Symbol.asyncDispose]();
      await launcher[Symbol.asyncDispose]();
      await door?.shut();
      await slurm[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  });
}

/** Registers the suite. */
export function slurmDriverConformance(name: string, ways: Ways): void {
  const { cgroups = true, rest = false, shared = true } = ways;
  const skip = withoutSlurm();
  computeDriverConformance(name, () => makeDriver(ways), {
    ...(skip === undefined ? {} : { skip }),
    python: findPython(),
    holdsEverything: cgroups,
    ...(cgroups ? { memoryLimit: { memoryMiB: 64 } } : {}),
    severalServers: shared,
    severalNodes: true,
    filesComeHome: !shared,
    many: rest ? 6 : 12,
    deadlineMs: 60_000,
    // What Slurm tells each job, its sbatch from 23.11 on also for mpirun, and what a courier needs.
    variables:
      /^(SLURM\w*|(I_MPI_)?HYDRA_\w*|(OMPI|PRTE)_MCA_plm_slurm_args|ENVIRONMENT|HOSTNAME|SHELL|TERM|TMPDIR|ROCR_VISIBLE_DEVICES|OLDPWD|AZUREML_(SERVICE_ENDPOINT|WORKSPACE_SCOPE|RUN_ID|RUN_TOKEN))$/,
  });
}
