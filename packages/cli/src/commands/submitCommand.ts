// `malachite submit`: sends a folder as a run, and on request waits for it.
import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { RunConfiguration } from "@malachite/client";
import { type Command, InvalidArgumentError } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import { UsageError } from "../errors/usageError.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import { pageAddress } from "../output/pageAddress.ts";
import { createUploadBar } from "../output/uploadBar.ts";
import type { Frame } from "../program.ts";
import { buildDefinition, experimentOf } from "../runconfig/buildDefinition.ts";
import { findRunConfig, readRunConfig } from "../runconfig/readRunConfig.ts";
import { waitAsAsked } from "./follow.ts";

type Options = ConnectionOptions &
  FormatOptions & {
    readonly config?: string;
    readonly script?: string;
    readonly experiment?: string;
    readonly target?: string;
    readonly python?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly tag?: Readonly<Record<string, string>>;
    readonly name?: string;
    readonly runId?: string;
    readonly parent?: string;
    readonly maxSeconds?: number;
    readonly wait?: boolean;
    readonly follow?: boolean;
  };

function pair(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be NAME=VALUE.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("It must be a whole number of seconds from 1.");
  return value;
}

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command
    .usage("[options] [folder] [-- script arguments]")
    .argument("[folder]", "the project folder, or a .runconfig file in it", ".")
    .option(
      "-c, --config <name>",
      "a run configuration: NAME.runconfig in .azureml, aml_config or the folder",
    )
    .option(
      "-s, --script <file>",
      "the script in the folder (default: the configuration's, or train.py, main.py, run.py)",
    )
    .option("-x, --experiment <name>", "the experiment (default: the name of the folder)")
    .option("-t, --target <name>", "the compute target (default: the configuration's, or local)")
    .option("--python <path>", "the python to run with, on the target")
    .option("-e, --env <name=value>", "an environment variable of the script; may be repeated", pair)
    .option("--tag <name=value>", "a tag of the run; may be repeated", pair)
    .option("--name <text>", "a name to show for the run")
    .option("--run-id <id>", "the id of the run (default: made of the experiment, the time and chance)")
    .option("--parent <id>", "the run that this one is a child of")
    .option("--max-seconds <number>", "the longest time the run may take", seconds)
    .option("--wait", "wait for the end, and exit with the script's exit code")
    .option("-f, --follow", "print the log until the end, and exit with the script's exit code");
  addFormatOption(addConnectionOptions(command))
    .addHelpText(
      "after",
      `
Which files are sent is decided by .amlignore, else .gitignore; only contents that the service lacks are sent.
Prints the run's id. Arguments after -- replace those of the run configuration.

Examples:
  malachite submit
  malachite submit examples/train -- --epochs 50
  malachite submit examples/train --config train --follow
  RUN=$(malachite submit examples/train) && malachite logs -f $RUN`,
    )
    .action(async (folder: string, options: Options) => submit(folder, options, io, frame));
}

/** The project folder and its run configuration, if one was named. */
function readProject(
  argument: string,
  options: Options,
  io: Io,
): { folder: string; config: RunConfiguration } {
  const path = resolve(io.cwd, argument);
  if (!existsSync(path)) throw new UsageError(`There is no folder '${argument}'.`);
  if (statSync(path).isDirectory()) {
    const file = options.config === undefined ? undefined : findRunConfig(path, options.config, io.cwd);
    return { folder: path, config: file === undefined ? {} : readRunConfig(file, path) };
  }
  if (!path.endsWith(".runconfig"))
    throw new UsageError(
      `'${argument}' is neither a folder nor a .runconfig file. For a script, give its folder and --script.`,
    );
  const parent = dirname(path);
  const folder = /[\\/](\.azureml|aml_config)$/.test(parent) ? dirname(parent) : parent;
  return { folder, config: readRunConfig(path, folder) };
}

async function submit(argument: string, options: Options, io: Io, frame: Frame): Promise<void> {
  const { folder, config } = readProject(argument, options, io);
  const definition = buildDefinition(folder, config, {
    script: options.script,
    args: io.rest,
    target: options.target,
    python: options.python,
    variables: options.env ?? {},
    maxSeconds: options.maxSeconds,
    parent: options.parent,
  });
  const experimentName = options.experiment ?? experimentOf(folder);
  const { runs, endpoint, workspace } = await connect(options, io, frame, folder);
  const { submitFolder } = await import("@malachite/client/node");
  const bar = createUploadBar(io);
  const { run, filesSent, project } = await submitFolder(runs, {
    folder,
    experimentName,
    definition,
    runId: options.runId,
    onProgress: bar.show,
    onWarning: (warning) => io.say(warning.message),
  }).finally(bar.end);
  if (options.tag !== undefined || options.name !== undefined)
    await run.update({ tags: options.tag, displayName: options.name });
  io.say(
    `Submitted ${project.files.length} files (${filesSent} sent) to experiment ${experimentName} as ${run.runId}`,
  );

  io.say(`In a browser: ${pageAddress(endpoint, workspace, run.runId)}`);

  const waits = options.wait === true || options.follow === true;
  if (options.output === "json" && !waits)
    await io.out(json({ runId: run.runId, experimentName, endpoint, ...workspace }));
  else if (!waits) await io.out(`${run.runId}\n`);
  if (waits) await waitAsAsked(run, options, io, frame);
  else if (io.interactive) io.say(`Watch it: malachite logs -f ${run.runId}`);
}
