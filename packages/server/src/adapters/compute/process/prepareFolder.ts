// Makes the folder of a launch as the start script expects it. May be repeated after a crash, as long as nothing has started.
import { mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type LaunchPlan,
  MalachiteError,
  type ProjectPlacer,
  RUN_FOLDER,
  START_SCRIPT,
  START_SCRIPT_NAME,
} from "@malachite/core";
import { segmentsOf } from "../shared/openInside.ts";

/** What the driver must know of a launch when its handle was lost. */
export const LAUNCH_FILE = "launch.json";

/** Throws what the placer throws, InvalidDefinition when the project is in the way of a folder that must exist. */
export async function prepareFolder(
  folder: string,
  plan: LaunchPlan,
  placer: ProjectPlacer,
  group: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const project = join(folder, RUN_FOLDER.project);
  await mkdir(project, { recursive: true });
  if (plan.tree !== undefined) await placer.place(plan.tree, project, signal);
  for (const path of plan.folders) await makeFolder(project, path);
  await mkdir(dirname(join(folder, RUN_FOLDER.log)), { recursive: true });
  // The log exists from the start, so that whoever follows it can begin.
  await (await open(join(folder, RUN_FOLDER.log), "a")).close();
  await writeFile(join(folder, LAUNCH_FILE), JSON.stringify({ version: 1, group }));
  await writeFile(join(folder, START_SCRIPT_NAME), START_SCRIPT);
}

async function makeFolder(project: string, path: string): Promise<void> {
  if (segmentsOf(path) === undefined) {
    throw new MalachiteError("BadPath", `The folder '${path}' does not lie in the project folder.`, {
      target: path,
    });
  }
  try {
    await mkdir(join(project, path), { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "EEXIST" && code !== "ENOTDIR") throw cause;
    const text = `The project has a file '${path}' where the run needs a folder.`;
    throw new MalachiteError("InvalidDefinition", text, { target: path, cause });
  }
}
