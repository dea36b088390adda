// Reads the command line and hands over to one command, loading nothing but that one.
import packageJson from "../package.json" with { type: "json" };
import { COMMANDS } from "./commands/index.ts";
import { EXIT } from "./exitCodes.ts";
import { type Io, processIo } from "./io.ts";

/** Runs the command with these arguments and gives its exit code. Never throws; errors are told on stderr. */
export async function main(
  argv: readonly string[],
  makeIo: (rest: readonly string[] | undefined) => Io,
): Promise<number> {
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    await makeIo(undefined).out(`${packageJson.version}\n`);
    return EXIT.ok;
  }
  const cut = argv.indexOf("--");
  const io = makeIo(cut < 0 ? undefined : argv.slice(cut + 1));
  const own = cut < 0 ? argv : argv.slice(0, cut);
  const { runProgram } = await import("./program.ts");
  return runProgram(own, io, packageJson.version, COMMANDS);
}

/** The entry of bin/malachite.js. */
export async function run(): Promise<void> {
  process.exitCode = await main(process.argv.slice(2), processIo);
}
