// The GPUs of this machine, asked for by the tests themselves.
import { execFileSync } from "node:child_process";

/** How many there are, as NVIDIA's tool tells. */
export function countGpus(): number {
  try {
    const found = execFileSync("nvidia-smi", ["--query-gpu=index", "--format=csv,noheader"], {
      encoding: "utf8",
    });
    return found.trim().split("\n").filter(Boolean).length;
  } catch {
    // There is no driver, so there is no GPU that could be used.
    return 0;
  }
}
