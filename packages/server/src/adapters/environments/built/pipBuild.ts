// Environments of Python and pip packages alone: resolved to a lock, then installed from it, into a virtual environment.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  checkHashes,
  constraintFlags,
  flagsOf,
  lockLines,
  requirementsFile,
  type Site,
  tool,
} from "./buildSteps.ts";
import type { CondaPackage } from "./lockText.ts";
import { readPinned } from "./lockText.ts";
import type { Python } from "./pythons.ts";
import { withLogins } from "./redact.ts";

/** What was installed: the conda part, if any, and each distribution with its hashes. */
export type Installed = { readonly conda?: readonly CondaPackage[]; readonly pip: readonly string[] };

/** Debian keeps the wheels of pip and setuptools here, for all its pythons. */
const DEBIAN_WHEELS = "/usr/share/python-wheels";

/** Makes `site.prefix` of that python. */
export async function buildWithPip(site: Site, python: Python): Promise<Installed> {
  await makeVenv(site, python);
  const lines = await resolveLock(site, python.path);
  if (lines.length > 0) await installLock(site, lines, "sync");
  await addInstallers(site, python, lines);
  return { pip: lines };
}

export async function makeVenv(site: Site, python: Python, ...flags: string[]): Promise<void> {
  const argv = [site.uv, "venv", "--python", python.path, ...flags, site.prefix];
  await tool(site, argv, { does: `Making a virtual environment of ${python.path}` });
}

/** The lock of the recipe, or a new one. */
async function resolveLock(site: Site, python: string): Promise<readonly string[]> {
  const { recipe } = site;
  if (recipe.lock) return recipe.lock.pip;
  const wanted = [...recipe.requirements, ...recipe.spec.installers.map(({ pip }) => pip)];
  if (wanted.length === 0) return [];
  const file = await requirementsFile(site, "requirements.in", wanted);
  return compile(site, python, file, []);
}

/** Exact versions with hashes of what a file of requirements comes to. */
export async function compile(
  site: Site,
  python: string,
  file: string,
  flags: readonly string[],
): Promise<readonly string[]> {
  const { recipe, uv, place } = site;
  const out = join(place, "work", "lock.txt");
  const argv = [
    ...[uv, "pip", "compile", "--generate-hashes", "--no-header", "--no-annotate"],
    ...["--python", python, "--output-file", out],
    ...flagsOf(recipe),
    ...(flags.length > 0 ? flags : await constraintFlags(site)),
    file,
  ];
  await tool(site, argv, { quiet: true, does: "Resolving the packages" });
  const text = await readFile(out, "utf8");
  return lockLines(checkHashes(recipe, readPinned(text)));
}

/** `sync`: nothing else is in the environment afterwards. `add`: what is there stays. */
export async function installLock(site: Site, lines: readonly string[], how: "sync" | "add"): Promise<void> {
  const { recipe, uv, prefix } = site;
  const file = await requirementsFile(
    site,
    "lock.in",
    lines.map((line) => withLogins(line, recipe.credentials)),
  );
  const argv = [
    ...[uv, "pip"],
    ...(how === "sync" ? ["sync"] : ["install", "--no-deps", "--break-system-packages"]),
    ...["--python", join(prefix, "bin", "python")],
    ...flagsOf(recipe),
    ...(how === "sync" ? [file] : ["--requirement", file]),
  ];
  await tool(site, argv, { does: "Installing the packages" });
}

/**
 * An environment of conda has pip, and scripts count on it. The python brings the wheels itself, so this needs no index; where it
 * has none, the environment is whole without.
 */
export async function addInstallers(
  site: Site,
  { path, version }: Python,
  lines: readonly string[],
): Promise<void> {
  const minor = version.split(".").slice(0, 2).join(".");
  const own = join(dirname(dirname(path)), "lib", `python${minor}`, "ensurepip", "_bundled");
  for (const folder of [own, DEBIAN_WHEELS]) {
    const wheels = (await readdir(folder).catch(() => [] as string[])).filter((name) =>
      name.endsWith(".whl"),
    );
    const there = new Set(readPinned(lines.join("\n")).map(({ name }) => name));
    const missing = ["pip", "setuptools"].filter(
      (name) => !there.has(name) && wheels.some((wheel) => wheel.startsWith(`${name}-`)),
    );
    if (missing.length === 0) continue;
    const argv = [
      ...[site.uv, "pip", "install", "--no-deps", "--no-index", "--find-links", folder],
      ...["--python", join(site.prefix, "bin", "python"), ...missing],
    ];
    await tool(site, argv, { does: `Installing ${missing.join(" and ")}` });
    return;
  }
}
