// A real browser for tests of the pages: the Chromium that the machine has, or Debian's, installed where that is possible.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The browser's program: MALACHITE_CHROMIUM, or one on the PATH. Undefined when there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.MALACHITE_CHROMIUM) return env.MALACHITE_CHROMIUM;
  for (const folder of (env.PATH ?? "").split(delimiter))
    for (const name of NAMES) if (existsSync(join(folder, name))) return join(folder, name);
  return undefined;
}

/** The same, installed from Debian's packages where this is a Debian whose packages we may change. */
export function ensureChromium(): string | undefined {
  const found = findChromium();
  if (found !== undefined || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return found;
  for (const update of [false, true]) {
    try {
      // Other tests may be installing something: they are waited for.
      const apt = (...args: string[]) =>
        execFileSync("apt-get", ["-o", "DPkg::Lock::Timeout=240", "-qq", ...args], {
          stdio: "ignore",
          timeout: 400_000,
          env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
        });
      if (update) apt("update");
      apt("install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core");
      break;
    } catch {
      // Old lists of packages, or none to fetch: then the tests say by name that they were skipped.
    }
  }
  return findChromium();
}

/** Starts the browser without a window. */
export const openBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    timeout: 120_000,
    args: [
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-gpu",
    ],
  });
