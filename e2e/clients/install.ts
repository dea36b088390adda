// The clients of the matrix, each in a virtual environment of its own that is kept between runs.
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, program } from "../support/tools.ts";
import type { Entry } from "./matrix.ts";

/**
 * The real interpreter of that version on the PATH, or one that pyenv keeps: the folder of its shims, which is on the PATH, lies
 * beside that of its versions.
 */
export function pythonOf(version: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const kept = folders
    .filter((folder) => basename(folder) === "shims")
    .flatMap((folder) => globSync(join(dirname(folder), "versions", `${version}.*`, "bin/python")));
  for (const python of [...kept, ...folders.map((folder) => join(folder, `python${version}`))]) {
    if (!existsSync(python)) continue;
    try {
      const print = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2], sys.executable)";
      const [found, path] = execFileSync(python, ["-c", print], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      })
        .trim()
        .split(" ");
      if (found === version) return path;
    } catch {
      // A shim of a version that is not installed, or a Python without venv: look on.
    }
  }
  return undefined;
}

const constraintsOf = (id: string) => fileURLToPath(new URL(`./constraints/${id}.txt`, import.meta.url));

/** The python that has the client of the entry. Throws naming what is missing. */
export function installed(entry: Entry): string {
  const base = pythonOf(entry.python);
  if (base === undefined) throw new Error(`There is no Python ${entry.python} on this machine.`);
  const constraints = constraintsOf(entry.id);
  const madeOf = JSON.stringify([base, entry.packages, readFileSync(constraints, "utf8")]);
  const folder = cached(`client-${entry.id}`, madeOf, (folder) => {
    program(base, ["-m", "venv", folder]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", constraints];
    program(join(folder, "bin/python"), [...pip, ...entry.packages]);
  });
  return join(folder, "bin/python");
}
