// Holds on to the files of the folders that a running run watches, so that what it removes later is kept all the same.
import type { Run } from "../domain/run/run.ts";
import { liveFolders } from "./collectRun.ts";
import type { FlowPorts } from "./ports.ts";

type HoldPorts = Pick<FlowPorts, "targets" | "log">;

/** How many files were let go of, because there were more of them than are held. A folder that cannot be read now is looked at next time. */
export async function holdFiles(run: Run, { targets, log }: HoldPorts): Promise<number> {
  const { handle } = run.life;
  if (!handle) return 0;
  const folder = targets.driver(handle.kind).folder(handle);
  let dropped = 0;
  try {
    for (const watched of liveFolders(run)) dropped += (await folder.hold?.(watched.folder))?.dropped ?? 0;
  } catch (error) {
    log.warn("filesNotHeld", { runId: run.id, reason: String(error) });
  }
  return dropped;
}

export const LET_GO = {
  source: "Malachite",
  message:
    "The run has removed more files from the folders it watches than are kept of such (1 GiB, 10,000 files): the oldest are gone.",
} as const;
