// What an ask comes to, all of it: the files of the project that it names read, channels as addresses, the base found. What two
// asks have the same, they share.
import { createHash } from "node:crypto";
import {
  type CondaSpec,
  type Detail,
  distributionOf,
  type EnvironmentAsk,
  linesOf,
  MalachiteError,
  type PipLine,
  type PipOption,
  readCondaSpec,
  readPipLine,
} from "@malachite/core";
import { type Channel, channelsOf } from "./channels.ts";
import { type Base, findBase } from "./condaBase.ts";
import { type Lock, parseLock } from "./lockText.ts";
import { type Credential, credentialsIn, redactor } from "./redact.ts";

export type Recipe = {
  readonly spec: CondaSpec;
  readonly channels: readonly Channel[];
  readonly base?: Base;
  /** Requirements without their hashes, and the files' options, each once. */
  readonly requirements: readonly string[];
  readonly constraints: readonly string[];
  readonly options: readonly { readonly name: PipOption; readonly value?: string }[];
  /** By distribution; with any, everything must have one. */
  readonly hashes: ReadonlyMap<string, readonly string[]>;
  readonly lock?: Lock;
  readonly credentials: readonly Credential[];
  /** Takes all that is secret in this recipe out of a text. */
  readonly redact: (text: string) => string;
};

export type RecipeSettings = {
  readonly packageIndex: string | undefined;
  readonly condaChannels: readonly string[];
  readonly condaFolders: readonly string[];
  /** What else tells the tools of a target from those of the settings. */
  readonly tools?: readonly string[];
};

/** Changed whenever the same recipe is built in another way. */
const FORMAT = 1;
/** Requirements that name requirements that name requirements. */
const DEEPEST = 10;
const PYTHON = "configuration.environment.python";
const PIP = `${PYTHON}.condaDependencies.dependencies`;

/** Throws InvalidDefinition or UnsupportedField naming every fault. */
export async function readRecipe(ask: EnvironmentAsk, settings: RecipeSettings): Promise<Recipe> {
  const { python = {} } = ask.environment;
  const { spec, faults } = readCondaSpec(python.condaDependencies ?? {});
  if (faults.length > 0) throw refusal(faults);
  const lines = await expand(spec.pip.flatMap(readPipLine), ask, "", 0, false);
  const base = python.baseCondaEnvironment
    ? await findBase(python.baseCondaEnvironment, settings.condaFolders)
    : undefined;
  if (base && spec.packages.length > 0)
    throw refusal([
      {
        code: "UnsupportedField",
        target: `${PYTHON}.baseCondaEnvironment`,
        message: `The base '${base.prefix}' is not changed, so no conda packages can be added to it (${spec.packages.join(", ")}): only packages of the pip section are. Install them into the base, or leave baseCondaEnvironment out and name all that is needed in condaDependencies.`,
      },
    ]);
  const channels = channelsOf(spec, settings.condaChannels);
  const secret = [
    ...lines.flatMap((line) =>
      line.kind === "option" ? (line.value ?? []) : line.kind === "requirement" ? line.text : [],
    ),
    ...channels.map(({ url }) => url),
    settings.packageIndex ?? "",
  ];
  const hashes = new Map<string, readonly string[]>();
  for (const line of lines)
    if (line.kind === "requirement" && line.hashes.length > 0) hashes.set(hashed(line.text), line.hashes);
  return {
    spec,
    channels,
    ...(base ? { base } : {}),
    requirements: lines.flatMap((line) =>
      line.kind === "requirement" && !line.constraint ? [line.text] : [],
    ),
    constraints: lines.flatMap((line) => (line.kind === "requirement" && line.constraint ? [line.text] : [])),
    options: lines.flatMap((line) =>
      line.kind === "option"
        ? [{ name: line.name, ...(line.value === undefined ? {} : { value: line.value }) }]
        : [],
    ),
    hashes,
    ...(ask.lock === undefined ? {} : { lock: parseLock(ask.lock) }),
    credentials: credentialsIn(secret),
    redact: redactor(secret),
  };
}

/** With `--hash`, a requirement must tell what it is the hash of. */
function hashed(requirement: string): string {
  const name = distributionOf(requirement);
  if (name !== undefined) return name;
  throw refusal([
    {
      target: PIP,
      message: `A requirement with --hash must begin with its name: write 'NAME @ ${requirement}'.`,
    },
  ]);
}

type Expanded = Exclude<PipLine, { kind: "include" | "fault" }> & { readonly constraint?: boolean };

async function expand(
  lines: readonly PipLine[],
  ask: EnvironmentAsk,
  folder: string,
  depth: number,
  constraint: boolean,
): Promise<Expanded[]> {
  const expanded: Expanded[] = [];
  for (const line of lines) {
    if (line.kind === "fault")
      throw refusal([{ code: "UnsupportedField", target: PIP, message: line.message }]);
    if (line.kind !== "include") expanded.push(constraint ? { ...line, constraint } : line);
    else {
      const path = inProject(folder, line.path);
      const text = depth < DEEPEST ? await readProjectFile(path, ask) : undefined;
      if (text === undefined)
        throw refusal([
          { target: PIP, message: `The files of requirements name each other without end at '${path}'.` },
        ]);
      const inner = linesOf(text).flatMap(readPipLine);
      const at = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
      expanded.push(...(await expand(inner, ask, at, depth + 1, constraint || line.constraints)));
    }
  }
  return expanded;
}

function inProject(folder: string, path: string): string {
  const parts: string[] = folder === "" ? [] : folder.split("/");
  for (const part of path.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined)
        throw refusal([{ target: PIP, message: `'${path}' leads out of the project folder.` }]);
    } else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

async function readProjectFile(path: string, { readProject }: EnvironmentAsk): Promise<string> {
  if (!readProject)
    throw refusal([
      {
        target: PIP,
        message: `The pip section reads '${path}', and this run has no project in which it could be. Send the project, or write the file's lines into the pip section.`,
      },
    ]);
  const text = await readProject(path);
  if (text !== undefined) return text;
  throw refusal([
    { target: PIP, message: `The pip section reads '${path}', which is no file of the project.` },
  ]);
}

function refusal(details: readonly Detail[]): MalachiteError {
  const code = details.every((one) => one.code === "UnsupportedField")
    ? "UnsupportedField"
    : "InvalidDefinition";
  const [first] = details;
  const more = details.length > 1 ? ` (and ${details.length - 1} more, see details)` : "";
  return new MalachiteError(
    code,
    `The environment cannot be built: ${first?.target}: ${first?.message}${more}`,
    {
      target: first?.target,
      details,
    },
  );
}

/** The same for the same content, interpreter and machine. */
export function recipeKey(recipe: Recipe, interpreter: string, settings: RecipeSettings): string {
  const { spec, channels, base, requirements, constraints, options, hashes, lock } = recipe;
  const needsChannels = spec.packages.length > 0;
  const content = [
    FORMAT,
    `${process.platform}-${process.arch}`,
    interpreter,
    base === undefined ? null : [base.prefix, base.fingerprint],
    needsChannels ? [channels, spec.python ?? null, spec.packages] : null,
    spec.installers,
    requirements,
    constraints,
    options,
    [...hashes].sort(),
    settings.packageIndex ?? null,
    lock ?? null,
    ...(settings.tools === undefined ? [] : [settings.tools]),
  ];
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 32);
}
