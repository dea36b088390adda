// Environments with conda packages: a solver makes the prefix, uv adds the pip section. And those on top of a conda environment
// that is there: a virtual environment that sees its packages.
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { condaPython, MalachiteError } from "@malachite/core";
import { constraintFlags, flagsOf, requirementsFile, type Site, tool } from "./buildSteps.ts";
import { addressesOf, type Channel, withChannel } from "./channels.ts";
import type { Base } from "./condaBase.ts";
import type { CondaPackage } from "./lockText.ts";
import { addInstallers, compile, type Installed, installLock, makeVenv } from "./pipBuild.ts";
import { withLogins } from "./redact.ts";
import type { CondaTool } from "./toolbox.ts";

export type CondaSite = Site & {
  readonly conda: CondaTool;
  /** Packages and answers of channels, shared by all builds. */
  readonly cache: string;
  /** The folder with the program for py-rattler, ending in a slash. */
  readonly files: URL;
};

/** Makes `site.prefix` with the conda packages, then adds the pip section. */
export async function buildWithConda(site: CondaSite): Promise<Installed & { readonly python: string }> {
  const { recipe, prefix } = site;
  await solve(site);
  const packages = await packagesIn(prefix);
  if (recipe.lock?.conda) compareWithLock(packages, recipe.lock.conda);
  const python = packages.find(({ name }) => name === "python")?.version;
  if (python === undefined || !(await stat(join(prefix, "bin", "python")).catch(() => undefined)))
    throw new MalachiteError(
      "EnvironmentFailed",
      `The conda packages ${recipe.spec.packages.join(", ")} bring no python. Add python=3.x to the dependencies.`,
    );
  const before = new Set(await freeze(site));
  if (recipe.lock) {
    if (recipe.lock.pip.length > 0) await installLock(site, recipe.lock.pip, "add");
  } else if (recipe.requirements.length > 0) {
    const file = await requirementsFile(site, "requirements.txt", recipe.requirements);
    const argv = [
      ...[site.uv, "pip", "install", "--break-system-packages", "--python", join(prefix, "bin", "python")],
      ...flagsOf(recipe),
      ...(await constraintFlags(site)),
      ...["--requirement", file],
    ];
    await tool(site, argv, { does: "Installing the pip section" });
  }
  const pip = recipe.lock?.pip ?? (await lockOfAdded(site, before));
  return { python, conda: packages.map(({ name: _, version: __, ...one }) => one), pip };
}

/** A virtual environment that sees the packages of the base; pip adds what the base lacks. */
export async function buildOnBase(site: Site, base: Base): Promise<Installed> {
  const { recipe, prefix } = site;
  const python = { path: base.python, version: base.version };
  await makeVenv(site, python, "--system-site-packages");
  await addInstallers(site, python, []);
  if (recipe.lock) {
    if (recipe.lock.pip.length > 0) await installLock(site, recipe.lock.pip, "add");
    return { pip: recipe.lock.pip };
  }
  const before = new Set(await freeze(site));
  const wanted = [...recipe.requirements, ...recipe.spec.installers.map(({ pip }) => pip)];
  if (wanted.length > 0) {
    const file = await requirementsFile(
      site,
      "requirements.txt",
      recipe.options.some(({ name }) => name === "pre") ? ["--pre", ...wanted] : wanted,
    );
    const constraints = await constraintFlags(site);
    const hosts = recipe.options.flatMap(({ name, value = "" }) =>
      name === "trusted-host" ? ["--trusted-host", value] : [],
    );
    // uv does not look at the packages of the base; pip does.
    const argv = [
      ...[join(prefix, "bin", "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"],
      ...hosts,
      ...(constraints.length > 0 ? ["--constraint", constraints[1] ?? ""] : []),
      ...["--requirement", file],
    ];
    await tool(site, argv, { does: "Installing the pip section on the base" });
  }
  return { pip: await lockOfAdded(site, before) };
}

async function solve(site: CondaSite): Promise<void> {
  const { recipe, conda, cache, prefix, place } = site;
  const { spec, channels, lock } = recipe;
  const specs = [
    ...(spec.python === undefined ? [] : [condaPython(spec.python)]),
    ...spec.packages.map((one) => withChannel(one, channels)),
    ...spec.installers.map(({ conda: one }) => one),
  ];
  const does = `Solving the conda packages ${specs.join(", ")} with ${toolWords(conda.kind)} from ${channelWords(channels)}`;
  await mkdir(cache, { recursive: true });
  if (conda.kind === "rattler") {
    const ask = {
      channels: addressesOf(channels),
      specs: lock?.conda ? lock.conda.map(exactSpec) : specs,
      prefix,
      cache,
      ...(lock?.conda ? { lock: lock.conda } : {}),
    };
    const program = fileURLToPath(new URL("rattler_env.py", site.files));
    const input =
      recipe.credentials.length > 0
        ? withLogins(JSON.stringify(ask), recipe.credentials)
        : JSON.stringify(ask);
    await tool(site, [conda.program, "-I", program], { input, does });
    return;
  }
  const variables = {
    CONDA_PKGS_DIRS: join(cache, "pkgs"),
    MAMBA_ROOT_PREFIX: cache,
    // Copies, not links: what a script writes into its environment must not reach the cache.
    CONDA_ALWAYS_COPY: "true",
    MAMBA_ALWAYS_COPY: "true",
  };
  let what = ["--override-channels", ...addressesOf(channels).flatMap((url) => ["--channel", url]), ...specs];
  if (lock?.conda) {
    const file = join(place, "work", "explicit.txt");
    await mkdir(join(place, "work"), { recursive: true, mode: 0o700 });
    const lines = lock.conda.map(({ url, md5 }) => (md5 === undefined ? url : `${url}#${md5}`));
    await writeFile(file, `@EXPLICIT\n${withLogins(lines.join("\n"), recipe.credentials)}\n`, {
      mode: 0o600,
    });
    what = ["--file", file];
  }
  const quiet = conda.kind === "conda" ? ["--quiet"] : [];
  const run = { ...site, environment: { ...site.environment, ...variables } };
  await tool(run, [conda.program, "create", "--yes", ...quiet, "--prefix", prefix, ...what], { does });
}

const toolWords = (kind: CondaTool["kind"]): string => (kind === "rattler" ? "py-rattler" : kind);

const channelWords = (channels: readonly Channel[]): string =>
  channels.map(({ name, url }) => (name === url ? url : `${name} (${url})`)).join(", ");

/** `python-3.8.18-0.tar.bz2` as a spec that only it meets. */
export function exactSpec({ url }: CondaPackage): string {
  const file = decodeURIComponent(url.slice(url.lastIndexOf("/") + 1)).replace(/\.(tar\.bz2|conda)$/, "");
  const [build = "", version = "", ...name] = file.split("-").reverse();
  return `${name.reverse().join("-")} ==${version} ${build}`;
}

type InPrefix = CondaPackage & { readonly name: string; readonly version: string };

/** As the prefix itself tells, whichever tool has made it. */
async function packagesIn(prefix: string): Promise<readonly InPrefix[]> {
  const folder = join(prefix, "conda-meta");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(
    files.map(async (name) => {
      const one = JSON.parse(await readFile(join(folder, name), "utf8")) as InPrefix;
      const { sha256, md5 } = one;
      return {
        name: one.name,
        version: one.version,
        url: one.url,
        ...(sha256 ? { sha256 } : {}),
        ...(md5 ? { md5 } : {}),
      };
    }),
  );
}

function compareWithLock(found: readonly InPrefix[], locked: readonly CondaPackage[]): void {
  const wanted = new Map(locked.map((one) => [one.url.slice(one.url.lastIndexOf("/") + 1), one]));
  for (const one of found) {
    const file = one.url.slice(one.url.lastIndexOf("/") + 1);
    const lock = wanted.get(file);
    const differs = (["sha256", "md5"] as const).some(
      (kind) => lock?.[kind] !== undefined && one[kind] !== undefined && lock[kind] !== one[kind],
    );
    if (!lock || differs)
      throw new MalachiteError(
        "EnvironmentFailed",
        `The conda package ${file} ${lock ? "has another hash than" : "is not in"} the lock, so the environment is not the one that was locked.`,
      );
    wanted.delete(file);
  }
  if (wanted.size > 0)
    throw new MalachiteError(
      "EnvironmentFailed",
      `The lock names conda packages that were not installed: ${[...wanted.keys()].join(", ")}.`,
    );
}

/** Distributions with versions that the environment itself holds. */
async function freeze(site: Site): Promise<readonly string[]> {
  const argv = [site.uv, "pip", "freeze", "--python", join(site.prefix, "bin", "python")];
  const text = await tool(site, argv, { quiet: true, does: "Listing what is installed" });
  return text.split("\n").filter((line) => line.trim() !== "");
}

/** What has come since, with hashes from the index. */
async function lockOfAdded(site: Site, before: ReadonlySet<string>): Promise<readonly string[]> {
  const added = (await freeze(site)).filter((line) => !before.has(line));
  if (added.length === 0) return [];
  const file = await requirementsFile(site, "added.in", added);
  return compile(site, join(site.prefix, "bin", "python"), file, ["--no-deps"]);
}

/** Where conda keeps its environments on this machine: beside its own program, and where its users have theirs. */
export const condaFolders = (programs: readonly string[], home: string): readonly string[] => [
  ...programs.map((program) => dirname(dirname(program))),
  ...[
    "miniconda3",
    "anaconda3",
    "miniforge3",
    "mambaforge",
    "micromamba",
    ".conda",
    ".local/share/mamba",
  ].map((name) => join(home, name)),
  "/opt/conda",
];
