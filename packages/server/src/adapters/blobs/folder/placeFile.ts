// Puts a copy of a kept file into a run's project folder. No process of the run is there yet.
import { unlink, utimes } from "node:fs/promises";
import { openFolderInside, openInside, orNothing, segmentsOf } from "../../../files/index.ts";
import { copied } from "./takeFile.ts";

/** The time of the file is kept: scripts look for their newest checkpoint by it. Removed meanwhile: nothing. */
export async function placeFile(root: string, path: string, project: string): Promise<void> {
  await using file = await openInside(root, path).catch(orNothing);
  if (file === undefined) return;
  await inPlace(project, path, async (target) => {
    await copied(file, target);
    const { atime, mtime } = await file.stat();
    await utimes(target, atime, mtime);
  });
}

/** Has a file made in place of the one of that path. */
export async function inPlace(
  project: string,
  path: string,
  make: (target: string) => Promise<void>,
): Promise<void> {
  const segments = segmentsOf(path);
  const name = segments.pop() as string;
  await using folder = await openFolderInside(project, segments, { make: true });
  const target = folder.at(name);
  await unlink(target).catch(orNothing);
  await make(target);
}
