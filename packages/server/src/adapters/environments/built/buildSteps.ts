// What the steps of all builds share: where they work, with which tool, and the files that they hand to uv.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BuildLog, MalachiteError } from "@malachite/core";
import { runTool, ToolFailed } from "./buildProcess.ts";
import { type Pinned, printPinned } from "./lockText.ts";
import type { Recipe } from "./recipe.ts";

export type { BuildLog };

/** One build: its place, its tools, and who hears it. */
export type Site = {
  readonly recipe: Recipe;
  /** The folder of the environment; `env` in it is the prefix. */
  readonly place: string;
  readonly prefix: string;
  readonly uv: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

/** Runs a tool and answers its output. Throws EnvironmentFailed with the tool's own last words. */
export async function tool(
  site: Site,
  argv: readonly string[],
  more: { readonly quiet?: boolean; readonly input?: string; readonly does: string },
): Promise<string> {
  const { recipe, place, environment, say, signal } = site;
  const at = join(place, "work");
  await mkdir(at, { recursive: true, mode: 0o700 });
  const { does, ...options } = more;
  try {
    const run = { argv, at, mark: place, environment, say: (line: string) => say(recipe.redact(line)) };
    return await runTool({ ...run, ...options }, signal);
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error;
    throw new MalachiteError("EnvironmentFailed", recipe.redact(`${does} failed:\n${error.message}`), {
      cause: new Error(`exit ${error.code}`),
    });
  }
}

/** Options that uv knows by other names than pip, and does not read in files. */
const FLAG_OF: Readonly<Record<string, (value: string) => readonly string[]>> = {
  pre: () => ["--prerelease", "allow"],
  "trusted-host": (host) => ["--allow-insecure-host", host],
};

export const flagsOf = ({ options }: Recipe): string[] => [
  // As pip does it: of several indexes, the best version wins wherever it is.
  "--index-strategy",
  "unsafe-best-match",
  ...options.flatMap(({ name, value = "" }) => FLAG_OF[name]?.(value) ?? []),
];

/** Options that go into the files of requirements, where no list of processes shows what is in them. */
const optionLines = ({ options }: Recipe): string[] =>
  options
    .filter(({ name }) => FLAG_OF[name] === undefined && name !== "require-hashes")
    .map(({ name, value }) => (value === undefined ? `--${name}` : `--${name} ${value}`));

/** A file of requirements with the index options of the recipe in front. */
export async function requirementsFile(site: Site, name: string, lines: readonly string[]): Promise<string> {
  const file = join(site.place, "work", name);
  await mkdir(join(site.place, "work"), { recursive: true, mode: 0o700 });
  await writeFile(file, `${[...optionLines(site.recipe), ...lines].join("\n")}\n`, { mode: 0o600 });
  return file;
}

/** A file of constraints, and how uv is told of it; nothing where there are none. */
export async function constraintFlags(site: Site, more: readonly string[] = []): Promise<string[]> {
  const lines = [...site.recipe.constraints, ...more];
  if (lines.length === 0) return [];
  const file = join(site.place, "work", "constraints.txt");
  await mkdir(join(site.place, "work"), { recursive: true, mode: 0o700 });
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  return ["--constraints", file];
}

/**
 * Where the definition gives hashes, those and no others are allowed, and each package must have one, as pip has it. Throws
 * EnvironmentFailed naming those that have none.
 */
export function checkHashes({ hashes, options }: Recipe, pinned: readonly Pinned[]): readonly Pinned[] {
  if (hashes.size === 0 && !options.some(({ name }) => name === "require-hashes")) return pinned;
  const bare = pinned.filter(({ name }) => !hashes.has(name)).map(({ requirement }) => requirement);
  if (bare.length > 0)
    throw new MalachiteError(
      "EnvironmentFailed",
      `With --hash at one requirement, each package needs one, those that others depend on too. These have none: ${bare.join(", ")}.`,
    );
  return pinned.map((one) => ({ ...one, hashes: hashes.get(one.name) ?? [] }));
}

export const lockLines = (pinned: readonly Pinned[]): string[] => pinned.map(printPinned);
