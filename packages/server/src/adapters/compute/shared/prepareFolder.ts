// Makes the folder of a launch as the start script expects it. May be repeated after a crash, as long as nothing has started.
import { mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type LaunchPlan,
  MalachiteError,
  type ProjectPlacer,
  PYTHON_START,
  PYTHON_START_NAME,
  RUN_FOLDER,
  START_SCRIPT,
  START_SCRIPT_NAME,
} from "@malachite/core";
import { segmentsOf } from "./openInside.ts";

/** What the driver must know of a launch when its handle was lost. */
export const LAUNCH_FILE = "launch.json";

/** `note`: what the driver writes into LAUNCH_FILE. Throws what the placer throws, InvalidDefinition when the project is in the way of a folder that must exist. */
export async function prepareFolder(
  folder: string,
  plan: LaunchPlan,
  placer: ProjectPlacer,
  note: object,
  signal: AbortSignal,
): Promise<void> {
  const project = join(folder, RUN_FOLDER.project);
  await mkdir(project, { recursive: true });
  if (plan.tree !== undefined) await placer.place(plan.tree, project, signal);
  // Side by side: each step waits for the disk, and the run waits for the last.
  await Promise.all([
    ...plan.folders.map((path) => makeFolder(project, path)),
    makeLog(join(folder, RUN_FOLDER.log)),
    writeFile(join(folder, LAUNCH_FILE), JSON.stringify({ version: 1, ...note })),
    writeFile(join(folder, START_SCRIPT_NAME), START_SCRIPT),
    writeFile(join(folder, PYTHON_START_NAME), PYTHON_START),
  ]);
}

/** The log exists from the start, so that whoever follows it can begin. */
async function makeLog(log: string): Promise<void> {
  await mkdir(dirname(log), { recursive: true });
  await (await open(log, "a")).close();
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
