// `malachite logs`: what a run has written so far, or, with -f, until its end.
import { type Command, InvalidArgumentError } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import { EXIT } from "../exitCodes.ts";
import type { Io } from "../io.ts";
import type { Frame } from "../program.ts";
import { printLog, untilInterrupted } from "./follow.ts";

type Options = ConnectionOptions & {
  readonly follow?: boolean;
  readonly path?: string;
  readonly from: number;
  readonly list?: boolean;
};
const DEFAULT_LOG = "user_logs/std_log.txt";
/** That of a run of several processes, and that of one that the v1 SDK runs on its own machine. */
const OTHER_LOGS = ["user_logs/std_log_process_0.txt", "azureml-logs/70_driver_log.txt"];

function offset(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError("It must be a whole number of bytes.");
  return value;
}

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command
    .argument("<run>", "the id of the run")
    .option("-f, --follow", "go on until the run has ended")
    .option("--path <log>", `another log of the run (default: ${DEFAULT_LOG})`)
    .option("--from <byte>", "begin at this byte", offset, 0)
    .option("--list", "only list the run's logs");
  addConnectionOptions(command)
    .addHelpText(
      "after",
      `
Ctrl-C ends the watching and leaves the run as it is. The log is written to stdout byte for byte.

Examples:
  malachite logs RUN
  malachite logs -f RUN
  malachite logs RUN --path logs/progress.log`,
    )
    .action(async (runId: string, options: Options) => logs(runId, options, io, frame));
}

async function logs(runId: string, options: Options, io: Io, frame: Frame): Promise<void> {
  const { runs } = await connect(options, io, frame);
  const run = runs.run(runId);
  if (options.list) {
    const { logFiles = {} } = await run.getDetails();
    for (const path of Object.keys(logFiles).sort()) await io.out(`${path}\n`);
    return;
  }
  const ended = await untilInterrupted(io, runId, async (signal) => {
    if (options.follow) {
      const status = await printLog(run, io, { path: options.path, from: options.from, signal });
      io.say(`${runId}: ${status}`);
      return true;
    }
    await printSoFar(run, options, io, signal);
    return true;
  });
  if (ended === undefined) frame.exitCode = EXIT.detached;
}

async function printSoFar(
  run: ReturnType<Awaited<ReturnType<typeof connect>>["runs"]["run"]>,
  options: Options,
  io: Io,
  abortSignal: AbortSignal,
): Promise<void> {
  const download = (path: string) => run.artifacts.download(path, { offset: options.from, abortSignal });
  const firstThere = async ([path = "", ...others]: readonly string[]): ReturnType<typeof download> => {
    try {
      return await download(path);
    } catch (error) {
      if (others.length === 0 || (error as { statusCode?: number }).statusCode !== 404) throw error;
      return firstThere(others);
    }
  };
  try {
    const file = await firstThere(options.path === undefined ? [DEFAULT_LOG, ...OTHER_LOGS] : [options.path]);
    for await (const bytes of file.stream as AsyncIterable<Uint8Array>) await io.out(bytes);
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode === 416) return; // Nothing lies behind that byte yet.
    if (statusCode !== 404 || options.path !== undefined) throw error;
    const { status } = await run.get({ abortSignal });
    io.say(
      `${run.runId} is ${status} and has written nothing yet. Wait for it with: malachite logs -f ${run.runId}`,
    );
  }
}
