// Puts a copy of a kept file into a run's project folder. No process of the run is there yet.
import { unlink, utimes } from "node:fs/promises";
import { hasCode, openFolderInside, openInside, segmentsOf } from "../../../files/index.ts";
import { copied } from "./takeFile.ts";

/** In place of a file of that path. The time of the file is kept: scripts look for their newest checkpoint by it. Removed meanwhile: nothing. */
export async function placeFile(root: string, path: string, project: string): Promise<void> {
  const file = await openInside(root, path).catch((error) => {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  });
  if (file === undefined) return;
  try {
    const segments = segmentsOf(path);
    const name = segments.pop() as string;
    await using folder = await openFolderInside(project, segments, { make: true });
    const target = folder.at(name);
    await unlink(target).catch((error) => {
      if (!hasCode(error, "ENOENT")) throw error;
    });
    await copied(file, target);
    const { atime, mtime } = await file.stat();
    await utimes(target, atime, mtime);
  } finally {
    await file.close();
  }
}
