// A builder in a folder of its own, for tests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EnvironmentAsk } from "@malachite/core";
import { createMachineTools } from "../../../shared/machineTools.ts";
import {
  type BuiltEnvironments,
  type BuiltEnvironmentsOptions,
  createBuiltEnvironments,
} from "../builtEnvironments.ts";

/** What a test's builder is made of, but for what it is about. */
export const builderOptions = (folder: string): BuiltEnvironmentsOptions => ({
  folder,
  env: process.env,
  path: process.env.PATH ?? "/usr/bin:/bin",
  uv: undefined,
  conda: undefined,
  condaChannels: [],
  packageIndex: undefined,
  pythonDownloads: false,
  limitBytes: 1e12,
  buildMs: 300_000,
  files: new URL("../files/", import.meta.url),
  now: Date.now,
  inUse: async () => new Set(),
  tools: createMachineTools({
    path: process.env.PATH ?? "/usr/bin:/bin",
    env: { HOME: process.env.HOME ?? "/" },
    now: Date.now,
  }),
});

/** Folders that a test may fill, and the builder between them. Disposing removes all. */
export class BuilderBench implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "malachite-built-"));
  readonly wheels = join(this.path, "wheels");
  readonly folder = join(this.path, "environments");

  builder(options: Partial<BuiltEnvironmentsOptions> = {}): BuiltEnvironments {
    return createBuiltEnvironments({ ...builderOptions(this.folder), ...options });
  }

  /** An ask for packages of `wheels`, of any python. */
  ask(...pip: readonly string[]): EnvironmentAsk {
    const dependencies = ["python>=3.8", { pip: ["--no-index", `--find-links ${this.wheels}`, ...pip] }];
    return {
      environment: { python: { userManagedDependencies: false, condaDependencies: { dependencies } } },
      container: false,
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
