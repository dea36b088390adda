// `malachite download`: brings the files of a run to this machine.
import { resolve } from "node:path";
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import { EXIT } from "../exitCodes.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import { size } from "../output/times.ts";
import type { Frame } from "../program.ts";

type Options = ConnectionOptions & FormatOptions & { readonly to?: string; readonly prefix?: string };

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command
    .argument("<run>", "the id of the run")
    .option("--to <folder>", "where to (default: a folder named after the run)")
    .option("--prefix <path>", "only files whose path begins with this, such as outputs/");
  addFormatOption(addConnectionOptions(command))
    .addHelpText(
      "after",
      `
Called again after an interruption it goes on where it was.

Examples:
  malachite download RUN
  malachite download RUN --prefix outputs/ --to results`,
    )
    .action(async (runId: string, options: Options) => download(runId, options, io, frame));
}

async function download(runId: string, options: Options, io: Io, frame: Frame): Promise<void> {
  const { runs } = await connect(options, io, frame);
  const run = runs.run(runId);
  await run.get(); // A run that is not there is told before a folder is made for it.
  const { downloadRun } = await import("@malachite/client/node");
  const folder = resolve(io.cwd, options.to ?? runId);
  const controller = new AbortController();
  const forget = io.onInterrupt(() => controller.abort());
  try {
    const { files, sizeBytes, resumed } = await downloadRun(run, {
      folder,
      prefix: options.prefix,
      abortSignal: controller.signal,
    });
    if (options.output === "json") await io.out(json({ folder, files, sizeBytes }));
    else
      for (const { path } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) await io.out(`${path}\n`);
    const before = resumed > 0 ? `, ${resumed} of them were there already` : "";
    io.say(
      files.length === 0
        ? "The run has no such files."
        : `${files.length} files, ${size(sizeBytes)}, in ${folder}${before}`,
    );
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    io.say("\nInterrupted. The same command goes on from here.");
    frame.exitCode = EXIT.detached;
  } finally {
    forget();
  }
}
