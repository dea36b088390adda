// The process driver against the suite of all drivers: with control groups where the machine has them, and without.
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TargetSettings } from "@malachite/core";
import { type Cgroups, detectCgroups, noCgroups } from "../src/adapters/compute/process/cgroups.ts";
import { createLauncher } from "../src/adapters/compute/process/launcher.ts";
import { createProcessDriver } from "../src/adapters/compute/process/processDriver.ts";
import { inheritedEnvironment } from "../src/adapters/compute/shared/runEnvironment.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
import { driverUnderTest, EMPTY_PLACER, movedAway } from "./driverUnderTest.ts";
import { findPython } from "./findPython.ts";

const target: TargetSettings = { name: "local", kind: "process", pool: "local", options: {} };

async function makeDriver(groupsFor: (folder: string) => Cgroups): Promise<DriverUnderTest> {
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-driver-"));
  const make = (placer = EMPTY_PLACER) => {
    const launcher = createLauncher({
      entry: new URL("../src/adapters/compute/process/launcherMain.js", import.meta.url),
      nodeArgs: ["--conditions=malachite-src"],
      mark: folder,
    });
    const driver = createProcessDriver({
      folder,
      launcher,
      placer,
      clock: systemClock,
      cgroups: groupsFor(folder),
      inherited: inheritedEnvironment(process.env),
    });
    return {
      ...driver,
      async [Symbol.asyncDispose]() {
        await driver[Symbol.asyncDispose]();
        await launcher[Symbol.asyncDispose]();
      },
    };
  };
  return driverUnderTest({
    target,
    runs: folder,
    make,
    away: movedAway(folder),
    async end() {
      assert.deepEqual(groupsFor(folder).keys(), [], "control groups are left over");
      await rm(folder, { recursive: true });
    },
  });
}

const python = findPython();
const groups = detectCgroups(join(tmpdir(), "malachite-probe"));
const skip = process.platform === "win32" ? "the process driver needs a POSIX system" : undefined;
const noGroups = groups.of("x").length === 0 ? "no control groups can be made on this machine" : undefined;

computeDriverConformance("process, with control groups", () => makeDriver(detectCgroups), {
  skip: skip ?? noGroups,
  python,
  severalServers: true,
  holdsEverything: true,
  memoryLimit: groups.memory.usable ? { memoryMiB: 64 } : undefined,
  cpuLimit: groups.cpu.usable ? { cpus: 0.2 } : undefined,
});

computeDriverConformance(
  "process, without control groups",
  () => makeDriver(() => noCgroups("as the test asks")),
  {
    skip,
    python,
    severalServers: true,
  },
);
