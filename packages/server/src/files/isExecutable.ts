// Whether a program could be started from a file.
import { access, constants, stat } from "node:fs/promises";

/** False for what is not there, is no file, or is not ours to run. Never throws. */
export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
