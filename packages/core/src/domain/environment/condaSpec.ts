// `environment.python.condaDependencies`: the content of a conda environment file, as the SDK sends it. Pure.
import type { Detail } from "../failure/malachiteError.ts";
import { isObject, type JsonObject } from "../scope.ts";
import { isPlainConstraint } from "./condaVersion.ts";
import { type PipLine, readPipLine } from "./pipLines.ts";

export type CondaSpec = {
  /** As they are named, in order; the first wins. */
  readonly channels: readonly string[];
  /** What the version of python must be, in conda's words; undefined where nothing is said, or where a solver must choose it. */
  readonly python?: string;
  /** What only a conda solver can bring, as it was written; the python among it, where it names a build or a channel. */
  readonly packages: readonly string[];
  /** pip, setuptools and wheel: each virtual environment has them, so they alone need no conda. */
  readonly installers: readonly Installer[];
  /** The pip section, line by line. */
  readonly pip: readonly string[];
  /** Variables that the file sets for whatever runs in it. */
  readonly variables: Readonly<Record<string, string>>;
};

/** A tool that installs packages, as conda names it and as pip does. */
export type Installer = { readonly name: string; readonly conda: string; readonly pip: string };

const PATH = "configuration.environment.python.condaDependencies";
const KEYS = ["name", "channels", "dependencies", "prefix", "variables"];
const INSTALLERS = new Set(["pip", "setuptools", "wheel"]);
const PACKAGE = /^(?:(\S+)::)?([A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(.*)$/;

export type ReadCondaSpec = { readonly spec: CondaSpec; readonly faults: readonly Detail[] };

/** Reads all of it; each fault names its place. `name` and `prefix` say where conda would put it, and are the service's own choice. */
export function readCondaSpec(file: JsonObject): ReadCondaSpec {
  const faults: Detail[] = [];
  const wrong = (place: string, message: string, code?: string): void => {
    faults.push({ target: `${PATH}${place}`, message, ...(code === undefined ? {} : { code }) });
  };
  const unknown = Object.keys(file).filter((key) => !KEYS.includes(key) && file[key] !== null);
  for (const key of unknown)
    wrong(`.${key}`, `There is no such key in a conda environment file. There are: ${KEYS.join(", ")}.`);
  const channels = texts(file.channels, ".channels", wrong);
  const variables = variablesOf(file.variables, wrong);
  let python: string | undefined;
  const packages: string[] = [];
  const installers: Installer[] = [];
  const pip: string[] = [];
  const { dependencies = [] } = file;
  if (!Array.isArray(dependencies) && dependencies !== null) wrong(".dependencies", "Must be a list.");
  (Array.isArray(dependencies) ? (dependencies as unknown[]) : []).forEach((item, i) => {
    const place = `.dependencies[${i}]`;
    if (isObject(item)) {
      pip.push(...pipSection(item, place, wrong));
      return;
    }
    const text = typeof item === "string" ? item.replace(/(^|\s)#.*$/, "").trim() : "";
    const [, channel, name, rest = ""] = PACKAGE.exec(text) ?? [];
    if (name === undefined || /[\0\r\n]/.test(text)) {
      wrong(
        place,
        `${JSON.stringify(item)} is not a conda package. Write NAME, NAME=VERSION, or {"pip": [...]}.`,
      );
      return;
    }
    const plain = channel === undefined && (rest === "" || isPlainConstraint(rest));
    const lower = name.toLowerCase();
    if (lower === "python" && plain) {
      if (python !== undefined && rest !== "" && python !== rest) python = `${python},${rest}`;
      else python = rest === "" ? (python ?? "*") : rest;
    } else if (INSTALLERS.has(lower) && plain && !rest.includes("|"))
      installers.push({ name: lower, conda: text, pip: lower + pipVersion(rest) });
    else packages.push(text);
  });
  return {
    spec: {
      channels,
      ...(python === undefined || python === "*" ? {} : { python }),
      packages,
      installers,
      pip,
      variables,
    },
    faults,
  };
}

type Wrong = (place: string, message: string, code?: string) => void;

function pipSection(item: JsonObject, place: string, wrong: Wrong): string[] {
  const other = Object.keys(item).filter((key) => key !== "pip");
  for (const key of other) wrong(`${place}.${key}`, `Only {"pip": [...]} may stand among the packages.`);
  const lines = item.pip === null ? [] : texts(item.pip, `${place}.pip`, wrong);
  lines.forEach((line, i) => {
    for (const read of readPipLine(line))
      if (read.kind === "fault") wrong(`${place}.pip[${i}]`, read.message, "UnsupportedField");
  });
  return lines;
}

/** conda's `=20.2` is every 20.2 of pip's `==20.2.*`. */
function pipVersion(constraint: string): string {
  return constraint
    .split(",")
    .map((atom) => {
      const text = atom.trim();
      const fuzzy = /^=?(\d[\d.]*?)(\.\*)?$/.exec(text);
      if (!fuzzy) return text;
      const whole = text.startsWith("=") || fuzzy[2] !== undefined;
      return whole ? `==${fuzzy[1]}.*` : `==${fuzzy[1]}`;
    })
    .join(",");
}

function texts(value: unknown, place: string, wrong: Wrong): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    wrong(place, "Must be a list of texts.");
    return [];
  }
  return (value as unknown[]).flatMap((item, i) => {
    if (typeof item === "string" && item.trim() !== "") return [item.trim()];
    if (item !== null && item !== "") wrong(`${place}[${i}]`, "Must be a text.");
    return [];
  });
}

function variablesOf(value: unknown, wrong: Wrong): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) {
    wrong(".variables", "Must be an object of NAME: TEXT.");
    return {};
  }
  const variables: Record<string, string> = {};
  for (const [name, given] of Object.entries(value)) {
    if (given === null) continue;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) wrong(`.variables.${name}`, "Is not a name of a variable.");
    else if (["string", "number", "boolean"].includes(typeof given)) variables[name] = String(given);
    else wrong(`.variables.${name}`, "Must be a text.");
  }
  return variables;
}

/** Whether a conda solver has work with it. Channels alone are none: the SDK always names some. */
export const needsConda = ({ packages }: CondaSpec): boolean => packages.length > 0;

/** The lines of the pip section, read. */
export const pipLinesOf = ({ pip }: Pick<CondaSpec, "pip">): readonly PipLine[] => pip.flatMap(readPipLine);

/** The python as a conda solver is asked for it: `=3.8` and `>=3.8,<3.9` stand behind the name, a bare version needs a blank. */
export const condaPython = (constraint: string): string =>
  /^[=<>!~]/.test(constraint) ? `python${constraint}` : `python ${constraint}`;
