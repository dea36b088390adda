// How full the file system is that runs lie on.
import { statfs } from "node:fs/promises";

/** Undefined where the system does not tell. */
export async function diskUsage(
  folder: string,
): Promise<{ readonly usedBytes: number; readonly availableBytes: number } | undefined> {
  try {
    const { blocks, bfree, bavail, bsize } = await statfs(folder);
    return { usedBytes: (blocks - bfree) * bsize, availableBytes: bavail * bsize };
  } catch {
    // The folder is not there: other questions tell that with more words.
    return undefined;
  }
}
