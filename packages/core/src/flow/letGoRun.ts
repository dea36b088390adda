// Lets go of a run whose machine does not come back: on an operator's order alone, never by itself. The record is closed without a question to
// the engine, and holds no place any more; whoever works on the run notices and stops. freeLetGo.ts frees what a machine that does come back has.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { isTerminal } from "../domain/run/next.ts";
import { nextStep } from "../domain/run/nextStep.ts";
import type { Run } from "../domain/run/run.ts";
import { changeRun } from "./changeRun.ts";
import { findRun, shown } from "./findRun.ts";
import type { LetGoRun, ShownRun } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

/**
 * Guarded by version alone, as a cancel is: neither a lost lease nor the server that has it is waited for. A run that was let go of before
 * is answered as it is. Throws RunNotFound, RunNotStarted, RunExecutedElsewhere, NothingToLetGo.
 */
export async function letGoRun(
  ask: LetGoRun,
  ports: Pick<FlowPorts, "runs" | "clock" | "news">,
): Promise<ShownRun> {
  for (;;) {
    const run = await findRun(ask, ports);
    if (run.life.release === "letGo" || run.life.outcome?.reason === "LetGo") return shown(run, ports);
    refuse(run);
    const event = {
      name: "letGo",
      by: ask.by.name,
      ...(ask.text === undefined ? {} : { text: ask.text }),
    } as const;
    const after = await changeRun(run, [event], ask.by.name, ports);
    if (!after) continue;
    ports.news.queueMoved();
    return shown(after, ports);
  }
}

function refuse(run: Run): void {
  const { status } = run.life;
  if (run.origin === "external")
    throw new MalachiteError(
      "RunExecutedElsewhere",
      `The run '${run.id}' is executed by others, so this service waits for no machine of it. Post its status instead, or cancel it.`,
      { target: "runId" },
    );
  if (status === "NotStarted")
    throw new MalachiteError(
      "RunNotStarted",
      `The run '${run.id}' waits for its turn and is on no machine. Cancel it instead: that ends it at once.`,
      { target: "runId" },
    );
  if (isTerminal(status) && nextStep(run) === "done")
    throw new MalachiteError(
      "NothingToLetGo",
      `The run '${run.id}' has ended as ${status} and its machine owes nothing any more: there is nothing to let go of.`,
      { target: "runId" },
    );
}
