// `malachite cancel`: asks runs to end, and on request waits until they have; or lets go of runs whose machine does not come back.
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import { UsageError } from "../errors/usageError.ts";
import { EXIT } from "../exitCodes.ts";
import type { Io } from "../io.ts";
import type { Frame } from "../program.ts";
import { sayEnd, untilInterrupted, waitForEnd } from "./follow.ts";
import { letGo, letGoOfTarget } from "./letGo.ts";

type Options = ConnectionOptions & {
  readonly reason?: string;
  readonly wait?: boolean;
  readonly letGo?: boolean;
  readonly target?: string;
  readonly yes?: boolean;
};

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command
    .argument("[run...]", "the ids of the runs")
    .option("--reason <text>", "why, for the run's story")
    .option("--wait", "wait until they have ended")
    .option("--let-go", "close them without asking their machine, which does not come back; for operators")
    .option("--target <name>", "with --let-go: all runs of this workspace that are on that target now")
    .option("--yes", "do not ask before all runs of a target are let go of");
  addConnectionOptions(command)
    .addHelpText(
      "after",
      `
A run that has ended already stays as it is, and that is no error.

With --let-go the machine of the run is not asked: the run ends as Canceled at once and its place is free, but
what still runs on that machine runs on, its files are not brought home, and none of it can be taken back.
Only for a machine that is lost; should it come back, what the run left there is ended and removed.
With --target all machines of the target are meant: the runs are shown, and you are asked for its name first.

Examples:
  malachite cancel RUN
  malachite cancel --wait RUN1 RUN2
  malachite cancel --let-go --reason "the host has burnt" RUN
  malachite cancel --let-go --target lab`,
    )
    .action(async (ids: string[], options: Options) => cancel(ids, options, io, frame));
}

async function cancel(ids: readonly string[], options: Options, io: Io, frame: Frame): Promise<void> {
  const { target } = options;
  refuseMixed(ids, options);
  const { runs } = await connect(options, io, frame);
  if (target !== undefined) return letGoOfTarget(target, options, runs, io);
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

function refuseMixed(ids: readonly string[], { letGo, target, wait, yes }: Options): void {
  if (target !== undefined && !letGo)
    throw new UsageError(
      "--target belongs to --let-go. To cancel the runs of a target, name them: `malachite list` shows them.",
    );
  if (target !== undefined && ids.length > 0)
    throw new UsageError("Give either runs or --target: that means all runs of the target.");
  if (target === undefined && ids.length === 0)
    throw new UsageError("Name the runs: malachite cancel RUN. `malachite list` shows them.");
  if (yes && target === undefined)
    throw new UsageError("--yes belongs to --target: a run is not asked about.");
  if (wait && letGo) throw new UsageError("With --let-go a run has ended at once: leave --wait out.");
}
