// `malachite rerun`: a run once more, with its definition, its project, and exactly the packages that its environment had.
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import type { Frame } from "../program.ts";
import { waitAsAsked } from "./follow.ts";

type Options = ConnectionOptions &
  FormatOptions & { readonly runId?: string; readonly wait?: boolean; readonly follow?: boolean };

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command
    .argument("<run>", "the id of the run to repeat")
    .option("--run-id <id>", "the id of the new run (default: one is made)")
    .option("--wait", "wait for the end, and exit with the script's exit code")
    .option("-f, --follow", "print the log until the end, and exit with the script's exit code");
  addFormatOption(addConnectionOptions(command))
    .addHelpText(
      "after",
      `
Arguments, variables and the project are those of the run, and its environment has exactly the versions
that azureml-logs/environment-lock.txt of the run names. Prints the new run's id.

Examples:
  malachite rerun RUN
  malachite rerun RUN --follow`,
    )
    .action(async (runId: string, options: Options) => rerun(runId, options, io, frame));
}

async function rerun(runId: string, options: Options, io: Io, frame: Frame): Promise<void> {
  const { runs } = await connect(options, io, frame);
  const run = await runs.run(runId).rerun(options.runId === undefined ? {} : { runId: options.runId });
  const waits = options.wait === true || options.follow === true;
  io.say(`${run.runId} repeats ${runId}.`);
  if (!waits) {
    await io.out(options.output === "json" ? json({ runId: run.runId, rerunOf: runId }) : `${run.runId}\n`);
    return;
  }
  await waitAsAsked(run, options, io, frame);
}
