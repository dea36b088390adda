// What tells whether the files that a run is writing have changed: their names and sizes, of so many as are worth looking at.
import { isTerminal } from "../domain/run/next.ts";
import type { Run } from "../domain/run/run.ts";
import { liveFolders } from "./collectRun.ts";
import type { FlowPorts } from "./ports.ts";

/** A folder of more files than this is looked at in part. */
const MOST_FILES = 1_000;

/** Undefined for a run that has no folder now. */
export async function filesPrint(
  run: Run,
  { targets }: Pick<FlowPorts, "targets">,
): Promise<string | undefined> {
  const { handle, status } = run.life;
  if (!handle || isTerminal(status)) return undefined;
  const folder = targets.driver(handle.kind).folder(handle);
  let count = 0;
  let print = 0;
  for (const watched of liveFolders(run)) {
    for await (const { path, etag } of folder.list(watched.folder)) {
      print = mixed(print, `${path}\n${etag}`);
      count += 1;
      if (count >= MOST_FILES) return `${count} ${print}`;
    }
  }
  return `${count} ${print}`;
}

/** Sums do not mind in which order a folder tells its files. */
function mixed(print: number, text: string): number {
  let hash = 2_166_136_261;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619);
  return (print + hash) | 0;
}
