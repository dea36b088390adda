// The example driver of docs/new-driver.md against the suite of all drivers.
import { realpathSync } from "node:fs";
import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLaunchKey, type TargetSettings } from "@malachite/core";
import { inheritedEnvironment } from "../src/adapters/compute/shared/runEnvironment.ts";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
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
  const make = () =>
    createJobsDriver({
      folder,
      placer: { place: async () => {}, placeFiles: async () => {} },
      inherited: inheritedEnvironment(process.env),
      python: python ?? "",
    });
  let driver = make();
  const signal = new AbortController().signal;
  return {
    driver,
    target,
    async restart() {
      await driver[Symbol.asyncDispose]();
      driver = make();
      return driver;
    },
    write: (key, path, text) => writeFile(join(folder, key, "project", path), text),
    async withoutEngine(work) {
      await rename(folder, `${folder}-away`);
      try {
        await work();
      } finally {
        await rename(`${folder}-away`, folder);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const key of await readdir(folder)) {
        const handle = isLaunchKey(key) ? await driver.find(target, key, signal) : undefined;
        if (handle !== undefined) await driver.release(handle, signal);
      }
      await driver[Symbol.asyncDispose]();
      await rm(home, { recursive: true });
    },
  };
}

computeDriverConformance("example of docs/new-driver.md", makeDriver, {
  skip:
    python === undefined || process.platform !== "linux" ? "its engine needs python3 on Linux" : undefined,
  python,
  many: 20,
  variables: ["JOBS_NAME"],
});
