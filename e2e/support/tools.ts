// Foreign tools that tests need: fetched once through the ordinary clients of their registries, kept in a cache that is safe to
// delete. A tool that cannot be had skips its suite by name; where CI is true it fails instead.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { madeOnce } from "@malachite/server/conformance";
import { python3 } from "./runs.ts";

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "malachite", "e2e");

/** A folder of the cache, made by `make` the first time; its name holds what it is made of. Half-made folders never count. */
export function cached(name: string, madeOf: string | Uint8Array, make: (folder: string) => void): string {
  const key = createHash("sha256").update(madeOf).digest("hex").slice(0, 16);
  return madeOnce(join(CACHE, `${name}-${key}`), make);
}

/** Runs a program quietly; throws its name and the end of what it said. */
export function program(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly timeout?: number } = {},
): void {
  try {
    execFileSync(command, args, {
      timeout: 300_000,
      ...options,
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 2 ** 26,
    });
  } catch (error) {
    const { stderr, stdout, message } = error as { stderr?: Buffer; stdout?: Buffer; message: string };
    const said = `${stdout ?? ""}${stderr ?? ""}`.trim().split("\n").slice(-15).join("\n");
    throw new Error(`${command} failed: ${said || message}`);
  }
}

/** The python of a virtual environment that has these packages. */
export function pythonWith(name: string, packages: readonly string[]): string {
  const folder = cached(name, JSON.stringify([python3(), packages]), (folder) => {
    program(python3(), ["-m", "venv", folder]);
    // Called as a module: the scripts of a folder that is renamed point nowhere.
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    program(join(folder, "bin/python"), [...pip, ...packages]);
  });
  return join(folder, "bin/python");
}

/** What `make` gives; without it the test is skipped by its name with the reason, or fails where CI is true. */
export function orSkip<T>(t: TestContext, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (process.env.CI === "true") throw error;
    t.skip(error instanceof Error ? error.message.split("\n").slice(0, 3).join(" ") : String(error));
    return undefined;
  }
}
