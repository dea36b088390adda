// `malachite cancel`: asks runs to end, and on request waits until they have.
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import { EXIT } from "../exitCodes.ts";
import type { Io } from "../io.ts";
import type { Frame } from "../program.ts";
import { sayEnd, untilInterrupted, waitForEnd } from "./follow.ts";

type Options = ConnectionOptions & { readonly reason?: string; readonly wait?: boolean };

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command
    .argument("<run...>", "the ids of the runs")
    .option("--reason <text>", "why, for the run's story")
    .option("--wait", "wait until they have ended");
  addConnectionOptions(command)
    .addHelpText(
      "after",
      `
A run that has ended already stays as it is, and that is no error.

Examples:
  malachite cancel RUN
  malachite cancel --wait RUN1 RUN2`,
    )
    .action(async (ids: string[], options: Options) => cancel(ids, options, io, frame));
}

async function cancel(ids: readonly string[], options: Options, io: Io, frame: Frame): Promise<void> {
  const { runs } = await connect(options, io, frame);
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
