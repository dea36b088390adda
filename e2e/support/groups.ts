// Looking at runs of several processes from outside.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { experiment, processesOf } from "./runs.ts";
import { type Service, until } from "./service.ts";

/** The folder of a run that has a process now. */
export function folderOf(runId: string): string | undefined {
  for (const pid of processesOf(runId)) {
    try {
      const found = /(?:^|\0)MALACHITE_RUN_FOLDER=([^\0]+)/.exec(
        readFileSync(`/proc/${pid}/environ`, "utf8"),
      );
      if (found?.[1]) return found[1];
    } catch {
      // It has ended meanwhile.
    }
  }
  return undefined;
}

/** Waits until so many processes of the run have made their file `outputs/ready_…`; the folder of the run. */
export const startedAll = (runId: string, count: number): Promise<string> =>
  until(`${count} processes of ${runId} to be ready`, async () => {
    const folder = folderOf(runId);
    const outputs = folder === undefined ? undefined : join(folder, "project/outputs");
    if (outputs === undefined || !existsSync(outputs)) return undefined;
    return readdirSync(outputs).filter((name) => name.startsWith("ready_")).length >= count
      ? folder
      : undefined;
  });

/** Makes the file that the processes of a test wait for. */
export const letGo = (folder: string): void => writeFileSync(join(folder, "project/outputs/go"), "");

/** The logs of a run, as clients are shown them. */
export async function logFilesOf(service: Service, runId: string): Promise<string[]> {
  const details = await service.json<{ logFiles: Record<string, string> }>(
    "GET",
    `/history/v1.0${experiment()}/runs/${runId}/details`,
  );
  return Object.keys(details.logFiles).sort();
}
