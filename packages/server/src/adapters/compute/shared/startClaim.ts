// The claim in the folder of a launch: whoever makes it decides whether the command of the run begins. The start script makes a folder
// of it; a service that gives the launch up makes a link, so that each is known for what it is, by one act of the file system.
import { lstat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { START_FILES } from "@malachite/core";
import { hasCode } from "../../../files/index.ts";
import { isAbsent } from "./openInside.ts";

/** Where the link leads: to nothing. */
const GIVEN_UP = "given-up";

/** Who has it; undefined when nobody has, or no folder is there. */
export async function claimOf(folder: string): Promise<"started" | "given up" | undefined> {
  try {
    return (await lstat(join(folder, START_FILES.claim))).isSymbolicLink() ? "given up" : "started";
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Takes it, so that no start script begins any more; false when one has begun. May be repeated; no folder is success. */
export async function takeClaim(folder: string): Promise<boolean> {
  try {
    await symlink(GIVEN_UP, join(folder, START_FILES.claim));
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    if (!hasCode(error, "EEXIST")) throw error;
    return (await claimOf(folder)) !== "started";
  }
}
