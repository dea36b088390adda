// The pip section of conda dependencies: each item is a line of a requirements file. Read here so that what cannot be done is
// refused by name, and what names an environment is known; the tools read the lines again themselves. Pure.

/** What a line of a requirements file is. */
export type PipLine =
  | { readonly kind: "requirement"; readonly text: string; readonly hashes: readonly string[] }
  | { readonly kind: "option"; readonly name: PipOption; readonly value?: string }
  | { readonly kind: "include"; readonly constraints: boolean; readonly path: string }
  | { readonly kind: "fault"; readonly message: string };

const VALUED = [
  "index-url",
  "extra-index-url",
  "find-links",
  "no-binary",
  "only-binary",
  "trusted-host",
] as const;
const FLAGS = ["no-index", "pre", "require-hashes"] as const;
export type PipOption = (typeof VALUED)[number] | (typeof FLAGS)[number];

const SHORT: Readonly<Record<string, string>> = {
  "-i": "--index-url",
  "--pypi-url": "--index-url",
  "-f": "--find-links",
  "-r": "--requirement",
  "-c": "--constraint",
  "-e": "--editable",
};
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\//i;

/** The lines of a file, with continued ones joined and comments taken off. */
export const linesOf = (text: string): string[] =>
  text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");

/** Reads one line; several options may stand on one. */
export function readPipLine(line: string): readonly PipLine[] {
  const text = line.replace(/(^|\s)#.*$/, "").trim();
  if (text === "") return [];
  if (/[\0\r\n]/.test(text)) return [fault("A line cannot hold a line break or a NUL character.")];
  return text.startsWith("-") ? readOptions(words(text)) : [readRequirement(text)];
}

function readOptions(given: readonly string[]): PipLine[] {
  const read: PipLine[] = [];
  for (let i = 0; i < given.length; i++) {
    const word = given[i] ?? "";
    const glued = /^(-[ifrce])(.+)$/.exec(word);
    const at = word.indexOf("=");
    const [name, inline] = word.startsWith("--")
      ? at < 0
        ? [word, undefined]
        : [word.slice(0, at), word.slice(at + 1)]
      : glued
        ? [glued[1] ?? "", glued[2]?.replace(/^=/, "")]
        : [word, undefined];
    const long = (SHORT[name] ?? name).replace(/^--/, "");
    if ((FLAGS as readonly string[]).includes(long)) {
      read.push({ kind: "option", name: long as PipOption });
      continue;
    }
    const known = (VALUED as readonly string[]).includes(long);
    if (!known && long !== "requirement" && long !== "constraint") {
      read.push(fault(refusalOf(long, name)));
      return read;
    }
    const value = inline ?? given[++i];
    if (value === undefined || value === "") read.push(fault(`The option ${name} needs a value.`));
    else if (known) read.push(checkedOption(long as PipOption, value));
    else read.push(readInclude(name, long, value));
  }
  return read;
}

function checkedOption(name: PipOption, value: string): PipLine {
  const isPlace = name === "index-url" || name === "extra-index-url" || name === "find-links";
  if (isPlace && !ADDRESS.test(value) && !value.startsWith("/"))
    return fault(
      `The value of --${name} must be an address or an absolute path; '${value}' is neither. Packages of the project itself are not installed: an environment is shared by all runs that ask for the same.`,
    );
  return { kind: "option", name, value };
}

function readInclude(name: string, long: string, path: string): PipLine {
  if (ADDRESS.test(path) || path.startsWith("/"))
    return fault(`${name} reads a file of the project, by its relative path; '${path}' is none.`);
  return { kind: "include", constraints: long === "constraint", path: path.replace(/^(\.\/)+/, "") };
}

const refusalOf = (long: string, name: string): string =>
  long === "editable"
    ? "Editable packages (-e) are not installed: an environment is shared by all runs that ask for the same, and outlives each project. Import the package from the project folder, or name it as git+https://… without -e."
    : `The option ${name} is not taken. There are: ${[...VALUED, ...FLAGS].map((one) => `--${one}`).join(", ")}, -r, -c.`;

/** `name==1.0 --hash=sha256:…`, an address, or an absolute path. */
function readRequirement(text: string): PipLine {
  const [requirement = "", ...options] = text.split(/\s+(?=--[a-z])/);
  const hashes: string[] = [];
  for (const option of options) {
    const found = /^--hash[=\s]\s*([a-z0-9]+:[0-9a-fA-F]+)$/.exec(option.trim());
    if (!found?.[1])
      return fault(`'${option.trim()}' is not taken behind a requirement; only --hash=NAME:HEX is.`);
    hashes.push(found[1].toLowerCase());
  }
  if (isOfProject(requirement))
    return fault(
      `'${requirement}' is a path in the project. Packages of the project itself are not installed: an environment is shared by all runs that ask for the same. Import them from the project folder.`,
    );
  return { kind: "requirement", text: requirement.trim(), hashes };
}

const isOfProject = (text: string): boolean =>
  !ADDRESS.test(text) &&
  !text.startsWith("/") &&
  !/^[A-Za-z0-9][\w.-]*\s*(\[[^\]]*\])?\s*@/.test(text) &&
  (/^\.{1,2}(\/|$)/.test(text) || /\.(whl|tar\.gz|zip)$/.test(text));

/** Words as a shell would part them: blanks outside of quotes. */
const words = (text: string): string[] =>
  [...text.matchAll(/(?:"([^"]*)"|'([^']*)'|[^\s"'])+/g)].map(([word]) => word.replace(/["']/g, ""));

const fault = (message: string): PipLine => ({ kind: "fault", message });

/** The distribution that a requirement names, as indexes spell it; undefined for a bare address. */
export function distributionOf(requirement: string): string | undefined {
  const found = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[|[=<>!~;@(,\s]|$)/.exec(requirement);
  return found?.[1] === undefined ? undefined : normalName(found[1]);
}

export const normalName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, "-");
