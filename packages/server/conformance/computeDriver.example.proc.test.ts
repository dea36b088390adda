// The example driver of docs/new-driver.md against the suite of all drivers.
import { realpathSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TargetSettings } from "@malachite/core";
import { inheritedEnvironment } from "../src/adapters/compute/shared/runEnvironment.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
import { driverUnderTest, EMPTY_PLACER, movedAway } from "./driverUnderTest.ts";
import { createJobsDriver } from "./example/jobsDriver.ts";
import { findPython } from "./findPython.ts";

const python = findPython();

async function makeDriver(): Promise<DriverUnderTest> {
  const home = await mkdtemp(join(realpathSync(tmpdir()), "malachite-example-"));
  const folder = join(home, "runs");
  const target: TargetSettings = {
    name: "example",
    kind: "jobs",
    pool: "example",
    options: { engine: join(home, "engine") },
  };
  return driverUnderTest({
    target,
    runs: folder,
    make: (placer = EMPTY_PLACER) =>
      createJobsDriver({
        folder,
        placer,
        inherited: inheritedEnvironment(process.env),
        python: python ?? "",
        clock: systemClock,
      }),
    away: movedAway(folder),
    end: () => rm(home, { recursive: true }),
  });
}

computeDriverConformance("example of docs/new-driver.md", makeDriver, {
  skip:
    python === undefined || process.platform !== "linux" ? "its engine needs python3 on Linux" : undefined,
  python,
  severalServers: true,
  many: 20,
  variables: ["JOBS_NAME"],
});
