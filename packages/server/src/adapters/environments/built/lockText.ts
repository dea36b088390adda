// The lock of an environment as a file for people and for `malachite rerun`: conda packages by address and hash, then what pip
// installs by version and hashes. Without passwords.
import { MalachiteError, normalName } from "@malachite/core";

export type CondaPackage = { readonly url: string; readonly sha256?: string; readonly md5?: string };

export type Lock = {
  readonly platform: string;
  /** The whole version of the python. */
  readonly python: string;
  /** Absent for an environment that no conda has made. */
  readonly conda?: readonly CondaPackage[];
  /** One requirement a line, with its hashes. */
  readonly pip: readonly string[];
};

const TITLE = "# Lock of an environment of Malachite, version 1. `malachite rerun` installs exactly this.";
const CONDA = "@EXPLICIT";
const PIP = "# pip";

export function printLock({ platform, python, conda, pip }: Lock): string {
  const packages = conda?.map(
    ({ url, sha256, md5 }) => `${url}#${sha256 ? `sha256:${sha256}` : (md5 ?? "")}`,
  );
  return `${[
    TITLE,
    `# platform: ${platform}`,
    `# python: ${python}`,
    ...(packages ? [CONDA, ...packages] : []),
    PIP,
    ...pip,
  ].join("\n")}\n`;
}

/** Throws InvalidDefinition for a text that is none of ours. */
export function parseLock(text: string): Lock {
  const lines = text.split("\n").map((line) => line.trim());
  const value = (name: string): string =>
    lines.find((line) => line.startsWith(`# ${name}: `))?.slice(name.length + 4) ?? "";
  const pipAt = lines.indexOf(PIP);
  const condaAt = lines.indexOf(CONDA);
  const [platform, python] = [value("platform"), value("python")];
  if (lines[0] !== TITLE || pipAt < 0 || platform === "" || python === "")
    throw new MalachiteError(
      "InvalidDefinition",
      "The lock of the environment is not one that was written here.",
    );
  const filled = (from: number, to?: number): string[] => lines.slice(from, to).filter((line) => line !== "");
  return {
    platform,
    python,
    ...(condaAt < 0 ? {} : { conda: filled(condaAt + 1, pipAt).map(readPackage) }),
    pip: filled(pipAt + 1),
  };
}

function readPackage(line: string): CondaPackage {
  const at = line.lastIndexOf("#");
  const [url, hash] = at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
  if (hash.startsWith("sha256:")) return { url, sha256: hash.slice(7) };
  return hash === "" ? { url } : { url, md5: hash };
}

/** One requirement of what `uv pip compile` writes. */
export type Pinned = {
  readonly requirement: string;
  readonly name: string;
  readonly hashes: readonly string[];
};

export function readPinned(text: string): readonly Pinned[] {
  return text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.replace(/^\s*#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("-"))
    .map((line) => {
      const hashes = [...line.matchAll(/--hash[=\s]([a-z0-9]+:[0-9a-fA-F]+)/g)].map(([, hash = ""]) => hash);
      const requirement = line.replace(/\s+--hash[=\s]\S+/g, "").trim();
      const name = normalName(/^[A-Za-z0-9][\w.-]*/.exec(requirement)?.[0] ?? requirement);
      return { requirement, name, hashes };
    });
}

export const printPinned = ({ requirement, hashes }: Pinned): string =>
  [requirement, ...hashes.map((hash) => `--hash=${hash}`)].join(" ");
