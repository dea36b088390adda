// Finds a real python3 for tests: shims of version managers double the start and hide the signal that ends it.
import { execFileSync } from "node:child_process";

/** Absolute path of the interpreter behind `python3`. Throws when there is none. */
export const findPython = (): string =>
  execFileSync("python3", ["-c", "import os,sys; print(os.path.realpath(sys.executable))"], {
    encoding: "utf8",
  }).trim();
