// From the request to the first line of user code: what benches of targets have in common.
import { setTimeout as pause } from "node:timers/promises";
import { isTerminal } from "@malachite/core";
import { experiment, fileOf, getRun } from "../e2e/support/runs.ts";
import type { Service } from "../e2e/support/service.ts";

/** Says on the wall clock, in nanoseconds, when its first line ran. */
export const SCRIPT = "import time\nprint(time.time_ns(), flush=True)\n";
const ASK_AGAIN_MS = 250;
export const wallMs = () => performance.timeOrigin + performance.now();
export const msOf = (text: string) => Number(BigInt(text.trim()) / 1000n) / 1000;

/** Submits a run of the script: how long it took to the answer, and to the first line. */
export async function firstLine(service: Service, definition: unknown) {
  const begun = wallMs();
  const { runId } = await service.json<{ runId: string }>(
    "POST",
    `/execution/v1.0${experiment()}/snapshotrun`,
    definition,
  );
  const answer = wallMs() - begun;
  // Asked for seldom: the run writes its own time down, and who asks all the time slows down what is measured.
  while (!isTerminal((await getRun(service, runId)).status)) await pause(ASK_AGAIN_MS);
  return { line: msOf((await fileOf(service, runId)).toString()) - begun, answer };
}
