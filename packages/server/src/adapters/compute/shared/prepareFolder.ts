// Makes the folder of a launch as the start script expects it. May be repeated after a crash, as long as nothing has started.
import { mkdir, open, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import {
  type ArtifactPlacer,
  type LaunchPlan,
  launchFiles,
  logsOf,
  MalachiteError,
  type ProjectPlacer,
  RUN_FOLDER,
} from "@malachite/core";
import { segmentsOf } from "./openInside.ts";
import { placeMounts } from "./placeMounts.ts";
import { readSmallFile } from "./smallFiles.ts";

/** What the driver must know of a launch when its handle was lost. */
const LAUNCH_FILE = "launch.json";

/** What the driver wrote there; nothing of it is trusted. Empty where there is none. */
export async function readLaunchNote(folder: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const note: unknown = JSON.parse((await readSmallFile(folder, LAUNCH_FILE)) ?? "{}");
    return typeof note === "object" && note !== null ? { ...note } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** Puts into a run's folder what the service keeps for it. */
export type RunPlacer = ProjectPlacer & ArtifactPlacer;

/** `note`: what the driver writes into LAUNCH_FILE; `seenAs`: see placeMounts. Throws what the placer throws, InvalidDefinition when the project is in the way of a folder that must exist. */
export async function prepareFolder(
  folder: string,
  plan: LaunchPlan,
  placer: RunPlacer,
  note: object,
  signal: AbortSignal,
  seenAs?: string,
): Promise<void> {
  const project = join(folder, RUN_FOLDER.project);
  await placeProject(project, plan, placer, signal);
  if (plan.restored !== undefined) await placer.placeFiles(plan.restored, project, signal);
  // Side by side: each step waits for the disk, and the run waits for the last.
  await Promise.all([
    ...plan.folders.map((path) => makeFolder(project, path)),
    ...logsOf(plan).map((path) => makeLog(join(folder, path))),
    writeFile(join(folder, LAUNCH_FILE), JSON.stringify({ version: 1, ...note })),
    ...launchFiles(plan).map(({ path, text }) => writeFile(join(folder, path), text)),
  ]);
  for (let node = 1; node < plan.nodes; node++) {
    signal.throwIfAborted();
    const own = join(folder, RUN_FOLDER.node(node));
    await placeProject(own, plan, placer, signal);
    await Promise.all(outermost(plan.folders).map((path) => shareFolder(project, own, path)));
  }
  await placeMounts(folder, plan, seenAs);
}

async function placeProject(
  project: string,
  { tree }: LaunchPlan,
  placer: ProjectPlacer,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(project, { recursive: true });
  if (tree !== undefined) await placer.place(tree, project, signal);
}

/** Without those that lie in others of them. */
const outermost = (paths: readonly string[]): readonly string[] =>
  paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));

/** The nodes of a run write into the same folders; what the project brings in them is in the first one's. */
async function shareFolder(project: string, own: string, path: string): Promise<void> {
  const link = join(own, path);
  await rm(link, { recursive: true, force: true });
  await mkdir(dirname(link), { recursive: true });
  await symlink(relative(dirname(link), join(project, path)), link);
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
