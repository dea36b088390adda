// Builds the command line out of the command that was asked for, and tells errors.
import { Command, CommanderError } from "commander";
import type { CommandEntry } from "./commands/index.ts";
import { explain } from "./errors/explain.ts";
import { UsageError } from "./errors/usageError.ts";
import { EXIT } from "./exitCodes.ts";
import type { Io } from "./io.ts";

const INTRO = "Runs submitted code through the Azure Machine Learning v1 contract, on your own machine.";
const EPILOGUE = `
First steps:
  malachite up                                start the service, here and now
  malachite submit examples/train             submit a folder; prints the run's id
  malachite logs -f RUN                       watch its output

Settings (flags win):
  MALACHITE_ENDPOINT   where the service is; default: the one that runs on this machine, or http://127.0.0.1:7464
  MALACHITE_TOKEN      the bearer token; default on this machine: dev
  MALACHITE_WORKSPACE  SUBSCRIPTION/GROUP/NAME; default: .azureml/config.json above the current folder

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 service not reachable, 4 not allowed, 5 not found,
6 run canceled, 130 detached with Ctrl-C. 'submit --wait' ends with the exit code of the run's script.`;

/** What a command learns from the frame around it: it sets the exit code, and the endpoint for error messages. */
export type Frame = { exitCode: number; endpoint?: string };

/** Runs one command and gives the exit code. */
export async function runProgram(
  argv: readonly string[],
  io: Io,
  version: string,
  commands: Readonly<Record<string, CommandEntry>>,
): Promise<number> {
  const frame: Frame = { exitCode: EXIT.ok };
  const name = argv.find((word) => !word.startsWith("-"));
  const asked = name === "help" ? argv[argv.indexOf("help") + 1] : name;
  const program = new Command("malachite")
    .description(INTRO)
    .version(version)
    .exitOverride()
    .configureHelp({ helpWidth: 100, showGlobalOptions: false })
    .configureOutput({ writeErr: (text) => io.say(text.trimEnd()), writeOut: (text) => void io.out(text) })
    .addHelpText("after", EPILOGUE)
    .showSuggestionAfterError(true);
  for (const [word, entry] of Object.entries(commands)) {
    const command = program.command(word).description(entry.about).exitOverride();
    command.copyInheritedSettings(program);
    if (word === asked) {
      const { define } = await entry.load();
      define(command, io, frame);
    }
  }
  try {
    if (io.rest !== undefined && name !== "submit" && name !== undefined)
      throw new UsageError(
        `Arguments after -- are for the script of 'malachite submit'; '${name}' takes none.`,
      );
    if (argv.length === 0) program.help();
    await program.parseAsync([...argv], { from: "user" });
    return frame.exitCode;
  } catch (error) {
    if (error instanceof CommanderError)
      // Commander has told what is wrong; asking for help or the version is no error.
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { text, exitCode } = explain(error, frame.endpoint);
    io.say(`malachite: ${text}`);
    return exitCode;
  }
}
