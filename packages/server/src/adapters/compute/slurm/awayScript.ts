// The batch script of a run whose node shares no folder with the service: the courier as a text, and how it is begun. A constant for one
// release of the service; no user data in it.
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import { ADDRESS_OF } from "@malachite/core";
import { writeFileAtomic } from "../../../files/index.ts";
import { exists } from "../shared/smallFiles.ts";
import { JOB_NUDGES, JOB_SIGNALS } from "./jobScript.ts";

/** The exit code of a job whose node has no python3. */
const NO_PYTHON = 127;
const END = "MALACHITE_COURIER";
const LINE = 100;

/**
 * Its use: `SCRIPT --service URL --key KEY …`, see slurm_courier.py. The shell becomes python, which reads the program from its stdin. What
 * comes before that is ready for them ends nothing: signals of the service are ignored until then, and it says them again. Other nodes of
 * a run of several are given the same text on stdin, by srun.
 */
const scriptOf = (program: string, courier: string): string => `#!/bin/sh
# Runs a run of Malachite as a job of Slurm. See "Slurm" in the documentation.
trap '' ${Object.values({ ...JOB_SIGNALS }).join(" ")} ${Object.values({ ...JOB_NUDGES }).join(" ")}
for mal_python in python3 /usr/bin/python3 /usr/local/bin/python3 python; do
  if command -v "$mal_python" >/dev/null 2>&1; then break; fi
  mal_python=
done
[ -n "$mal_python" ] || exit ${NO_PYTHON}
MALACHITE_SCRIPT=$0
export MALACHITE_SCRIPT
exec "$mal_python" -I - "$@" <<'${END}'
PROGRAM = """
${program}
"""
${ADDRESS_OF}${courier}
${END}
`;

export type AwayScriptFiles = {
  /** courier.pyz. */
  program(): Promise<Uint8Array>;
  /** The folder with slurm_courier.py, ending in a slash. */
  readonly files: URL;
};

/** `folder`: where it is to lie; it is made, and a script of another release is left beside it. The path of the file. */
export async function awayScript(folder: string, { program, files }: AwayScriptFiles): Promise<string> {
  const packed = (await promisify(deflate)(await program())).toString("base64");
  const lines = packed.match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  const courier = await readFile(new URL("slurm_courier.py", files), "utf8");
  const text = scriptOf(lines.join("\n"), courier);
  const path = join(folder, `.courier-${createHash("sha256").update(text).digest("hex").slice(0, 12)}.sh`);
  if (!(await exists(path))) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileAtomic(path, text);
  }
  return path;
}
