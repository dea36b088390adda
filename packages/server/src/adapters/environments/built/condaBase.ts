// An environment of conda that is on this machine and serves as a base. It is looked at, never changed.
import { createHash } from "node:crypto";
import { readdir, realpath, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { MalachiteError } from "@malachite/core";

export type Base = {
  readonly prefix: string;
  readonly python: string;
  readonly version: string;
  /** Another one once packages of the base have changed. */
  readonly fingerprint: string;
};

const TARGET = "configuration.environment.python.baseCondaEnvironment";

/** A prefix by its path, or an environment by its name, `base` among them. Throws InvalidDefinition. */
export async function findBase(named: string, condaFolders: readonly string[]): Promise<Base> {
  const candidates = isAbsolute(named)
    ? [named]
    : condaFolders.flatMap((folder) =>
        named === "base" ? [folder] : [join(folder, "envs", named), join(folder, named)],
      );
  for (const prefix of candidates) {
    const meta = await readdir(join(prefix, "conda-meta")).catch(() => undefined);
    if (meta === undefined) continue;
    const packages = meta.filter((name) => name.endsWith(".json")).sort();
    const python = packages
      .map((name) => /^python-(\d+\.\d+\.\d+)-[^-]+\.json$/.exec(name)?.[1])
      .find(Boolean);
    if (python === undefined) throw refused(`The conda environment '${prefix}' has no python.`);
    const binary = await realpath(join(prefix, "bin", "python")).catch(() => undefined);
    if (binary === undefined) throw refused(`The conda environment '${prefix}' has no bin/python.`);
    const site = join(prefix, "lib", `python${python.split(".").slice(0, 2).join(".")}`, "site-packages");
    const { mtimeMs } = await stat(site).catch(() => ({ mtimeMs: 0 }));
    const fingerprint = createHash("sha256")
      .update(JSON.stringify([packages, mtimeMs]))
      .digest("hex");
    return { prefix, python: binary, version: python, fingerprint };
  }
  throw refused(
    `There is no conda environment '${named}' on this machine. Looked for: ${candidates.join(", ") || "nothing, since no folder of conda is here"}. Give the absolute path of a prefix, or leave it out.`,
  );
}

const refused = (message: string): MalachiteError =>
  new MalachiteError("InvalidDefinition", message, {
    target: TARGET,
    details: [{ target: TARGET, message }],
  });
