// `malachite cancel`: asks runs to end, and on request waits until they have; or lets go of runs whose machine does not come back.
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import { EXIT } from "../exitCodes.ts";
import type { Io } from "../io.ts";
import type { Frame } from "../program.ts";
import { sayEnd, untilInterrupted, waitForEnd } from "./follow.ts";

type Options = ConnectionOptions & {
  readonly reason?: string;
  readonly wait?: boolean;
  readonly letGo?: boolean;
};

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command
    .argument("<run...>", "the ids of the runs")
    .option("--reason <text>", "why, for the run's story")
    .option("--wait", "wait until they have ended")
    .option("--let-go", "close them without asking their machine, which does not come back; for operators");
  addConnectionOptions(command)
    .addHelpText(
      "after",
      `
A run that has ended already stays as it is, and that is no error.

With --let-go the machine of the run is not asked: the run ends as Canceled at once and its place is free, but
what still runs on that machine runs on, its files are not brought home, and none of it can be taken back.
Only for a machine that is lost; should it come back, what the run left there is ended and removed.

Examples:
  malachite cancel RUN
  malachite cancel --wait RUN1 RUN2
  malachite cancel --let-go --reason "the host has burnt" RUN`,
    )
    .action(async (ids: string[], options: Options) => cancel(ids, options, io, frame));
}

async function cancel(ids: readonly string[], options: Options, io: Io, frame: Frame): Promise<void> {
  const { runs } = await connect(options, io, frame);
  if (options.letGo) return letGo(ids, options, runs, io);
  for (const id of ids) {
    await runs.run(id).cancel({ reason: options.reason });
    if (!options.wait) io.say(`${id}: ${(await runs.run(id).get()).status}`);
  }
  if (!options.wait) return;
  for (const id of ids) {
    const end = await untilInterrupted(io, id, (signal) => waitForEnd(runs.run(id), io, signal));
    if (end === undefined) {
      frame.exitCode = EXIT.detached;
      return;
    }
    sayEnd(end, io);
  }
}

async function letGo(
  ids: readonly string[],
  { reason }: Options,
  runs: Awaited<ReturnType<typeof connect>>["runs"],
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
