// What a driver reads of a run's folder to learn where the run is. The run can write there, so nothing of it is trusted.
import { lstat } from "node:fs/promises";
import { type ExitReport, parseExitRecord, RUN_FOLDER, START_FILES } from "@malachite/core";
import { isAbsent, openFileInside } from "./openInside.ts";

const SMALL_FILE_BYTES = 64 * 1024;

/** The text of a small file of the run, or undefined when it is not there, no regular file or too long. */
export async function readSmallFile(folder: string, name: string): Promise<string | undefined> {
  const file = await openFileInside(folder, name);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    if (size > SMALL_FILE_BYTES) return undefined;
    return (await file.read(Buffer.alloc(size), 0, size, 0)).buffer.toString("utf8");
  } finally {
    await file.close();
  }
}

/** How the run in the folder has ended, as its start script wrote it down; undefined while it has not. */
export async function readExit(folder: string): Promise<ExitReport | undefined> {
  const text = await readSmallFile(folder, RUN_FOLDER.exit);
  return text === undefined ? undefined : parseExitRecord(text);
}

/** When the start script in the folder began, as it wrote down; undefined where it has not, or where the run has written over it. */
export async function readStartedAt(folder: string): Promise<number | undefined> {
  try {
    const { startedAt } = JSON.parse((await readSmallFile(folder, START_FILES.pids)) ?? "{}");
    return Number.isSafeInteger(startedAt) ? startedAt : undefined;
  } catch {
    // Half written, or not to be read now: only the instant of the start is lost.
    return undefined;
  }
}

/** Whether something of that path is there. Throws what the disk says otherwise. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
