// Makes a folder durable with all that lies in it: for what was written file by file, and is relied on only when it is whole.
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { promisify } from "node:util";
import { hasCode, openRegular } from "../../../files/index.ts";
import { eachOf } from "../../shared/eachOf.ts";
import { foldersUnder, namesIn } from "./readFolder.ts";

/** The thread pool has four threads for the whole process: one stays free. */
const AT_ONCE = 3;
/** More are not synced one by one: 1,000 small files took 0.9 to 2.2 s so, and 30 to 130 ms by one sync of their file system. */
const FEW = 50;
const run = promisify(execFile);

/** The name of the folder itself is not made durable. What goes away meanwhile is passed over. Throws the system's error. */
export async function syncTree(root: string): Promise<void> {
  let files = 0;
  for await (const { folder } of foldersUnder(root, "")) {
    const names = (await namesIn(folder)).files;
    const were = files;
    files += names.length;
    if (were <= FEW && files > FEW && (await syncFileSystem(root))) return;
    await eachOf(names, AT_ONCE, undefined, async (name) => {
      try {
        await using file = await openRegular(folder.at(name), constants.O_RDONLY);
        await file.datasync();
      } catch (error) {
        if (!hasCode(error, "ENOENT", "ELOOP", "ENOTDIR", "ENXIO")) throw error;
      }
    });
    await folder.sync();
  }
}

/** Node has no syncfs; coreutils and busybox do. False where there is neither, or it could not. */
const syncFileSystem = (path: string): Promise<boolean> =>
  run("sync", ["-f", path]).then(
    () => true,
    () => false,
  );
