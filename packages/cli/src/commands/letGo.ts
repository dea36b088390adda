// `malachite cancel --let-go`: closes runs whose machine does not come back, named one by one, or all that a target has now.
import { isRestError, type WorkspaceClient } from "@malachite/client";
import { UsageError } from "../errors/usageError.ts";
import type { Io } from "../io.ts";

type Reason = { readonly reason?: string | undefined };

/** Lets go of each; the first that is refused ends it. */
export async function letGo(
  ids: readonly string[],
  { reason }: Reason,
  runs: WorkspaceClient,
  io: Io,
): Promise<void> {
  for (const id of ids) {
    const { status, target } = await runs.run(id).letGo({ reason });
    const where = target === undefined ? "its machine" : `'${target}'`;
    io.say(
      `${id}: ${status}. ${where} was not asked: what still runs there runs on, and its files stay there.`,
    );
  }
}

/**
 * Shows the runs of this workspace that hold something of the target, and lets go of these, and of no later ones, once a person has typed the
 * target's name or `yes` was given. Throws UsageError where nobody can be asked, and where another name is typed.
 */
export async function letGoOfTarget(
  target: string,
  { reason, yes }: Reason & { readonly yes?: boolean | undefined },
  runs: WorkspaceClient,
  io: Io,
): Promise<void> {
  const { holders, elsewhere } = await runs.getQueue(target);
  const held = holders.filter((one) => one.target === target);
  for (const { runId, status, since } of held) io.say(`${runId}: ${status}, there since ${since}`);
  if (elsewhere.holders > 0)
    io.say(
      `${count(elsewhere.holders)} of other workspaces hold of the same. They stay: name their workspace with -w.`,
    );
  if (held.length === 0) return io.say(`No run of this workspace is on '${target}'.`);
  if (!yes) {
    const asked = `${count(held.length)} on '${target}' will be closed without asking any machine of it. Type its name to go on: `;
    const answer = await io.ask(asked);
    if (answer === undefined)
      throw new UsageError(
        `${count(held.length)} on '${target}' would be let go of, and nobody is at a terminal to be asked. Give --yes if that is meant.`,
      );
    if (answer.trim() !== target) throw new UsageError("That is not its name: nothing was let go of.");
  }
  let closed = 0;
  for (const { runId } of held)
    try {
      await letGo([runId], { reason }, runs, io);
      closed += 1;
    } catch (error) {
      // It has ended since it was shown, or has been taken from the line and is on no machine yet: the message says which.
      if (!isRestError(error) || !PASSED_OVER.includes(error.code ?? "")) throw error;
      io.say(error.message);
    }
  io.say(`Let go of ${count(closed)} on '${target}'.`);
}

const PASSED_OVER: readonly string[] = ["NothingToLetGo", "RunNotStarted"];

const count = (runs: number): string => (runs === 1 ? "1 run" : `${runs} runs`);
