// `malachite target add`: writes a target into the settings file of the service of this machine, or asks a service elsewhere to, and asks whether
// it can be used.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { AddedTarget, ComputeTargetDetail, TargetAsk, WorkspaceClient } from "@malachite/client";
import type { WrittenTarget } from "@malachite/server";
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import { isUnreachable } from "../errors/explain.ts";
import { UsageError } from "../errors/usageError.ts";
import { EXIT } from "../exitCodes.ts";
import type { Io } from "../io.ts";
import type { Frame } from "../program.ts";
import { told } from "./targetCheck.ts";

type Options = ConnectionOptions & {
  readonly settings?: string;
  readonly data?: string;
  readonly replace?: true;
};

/** Longer than the service takes to see that its settings file has changed. */
const SEEN_WITHIN_MS = 10_000;

/** What the queue reads of a target is not shown among its options. */
const OF_THE_QUEUE: ReadonlySet<string> = new Set(["runsAtOnce", "nodes", "gpus", "gpuIds", "gpusPerRun"]);

/** Adds the options and the action. */
export function defineTargetAdd(command: Command, io: Io, frame: Frame): void {
  command
    .description(
      "Add a target to the settings file of the service, which then has it at once. Of a service on another machine it is asked for, by an operator.",
    )
    .argument("<name>", "what runs name as their target")
    .argument("<kind>", "process, container, slurm, ssh or kubernetes")
    .argument("[options...]", "NAME=VALUE, the value as in YAML")
    .option("--settings <file>", "the settings file (default: that of the service, else the data folder's)")
    .option("--data <folder>", "the data folder of the service (default ~/.malachite/data)")
    .option("--replace", "write it in place of the target of that name");
  addConnectionOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  malachite target add cpu-cluster process
  malachite target add night process runsAtOnce=1 memoryMiB=4096
  malachite target add lab slurm partition=gpu`,
    )
    .action(async (name: string, kind: string, given: string[], options: Options) => {
      const server = await import("@malachite/server");
      const file = settingsFile(options, io, server.settingsFileOf);
      const own = wrongIsUsage(() => Object.fromEntries(given.map(server.readOption)));
      const target: WrittenTarget = { ...own, kind };
      const replace = options.replace === true;
      // Nobody has said which file: then it is that of the service that answers, wherever that is.
      const there =
        !file.followed && options.settings === undefined && options.data === undefined
          ? await addThere(options, io, frame, name, { kind, options: own, replace })
          : undefined;
      if (there === undefined) wrongIsUsage(() => server.addTarget(file.path, name, target, { replace }));
      io.say(`'${name}' is in ${there?.file ?? file.path}${there === undefined ? "" : " of the service"}.`);
      if (there === undefined && !file.followed) {
        io.say(
          options.settings !== undefined && options.data === undefined
            ? "A service that follows this file has it within a second. Name its data folder, --data, to see whether it is usable."
            : "No service of this data folder runs now; the next start has it.",
        );
        return;
      }
      const { runs } = await connect(options, io, frame);
      const seen = await seenBy(runs, name, kind, server.withoutSecrets(own));
      if (seen === undefined) {
        io.say("The service has not taken it: see its log, and 'malachite target check'.");
        frame.exitCode = EXIT.failed;
        return;
      }
      await io.out(told(seen));
      if (!seen.usable) frame.exitCode = EXIT.failed;
    });
}

/** Asks the service for it; undefined where none answers. */
async function addThere(
  options: Options,
  io: Io,
  frame: Frame,
  name: string,
  target: TargetAsk,
): Promise<AddedTarget | undefined> {
  const { client } = await connect(options, io, frame);
  try {
    return await client.addTarget(name, target);
  } catch (error) {
    // A service that somebody has named is the one that is meant.
    const isNamed = (options.endpoint ?? io.env.MALACHITE_ENDPOINT) !== undefined;
    if (isUnreachable(error) && !isNamed) return undefined;
    throw error;
  }
}

function wrongIsUsage<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    const wrong = error instanceof Error && "kind" in error && error.kind === "invalid";
    throw wrong ? new UsageError(error.message, { cause: error }) : error;
  }
}

/** The file that a running service follows, which it has told in its data folder; else the one that its next start reads. */
function settingsFile(
  { settings, data }: Options,
  { env }: Io,
  settingsFileOf: typeof import("@malachite/server").settingsFileOf,
): { readonly path: string; readonly followed: boolean } {
  const { path } = settingsFileOf({ ...(settings === undefined ? {} : { settings }), data }, env);
  // Without --settings it lies in the data folder, and so does the note of the service.
  const folder = join(settingsFileOf({ data }, { ...env, MALACHITE_SETTINGS: undefined }).path, "..");
  try {
    const note = JSON.parse(readFileSync(join(folder, "server.json"), "utf8")) as { settings?: string };
    if (settings === undefined && note.settings !== undefined) return { path: note.settings, followed: true };
    return { path, followed: note.settings === path };
  } catch {
    return { path, followed: false }; // No service has run here.
  }
}

/** The target as the service has it, once it has. `options`: as it shows them. */
async function seenBy(
  runs: WorkspaceClient,
  name: string,
  kind: string,
  options: Readonly<Record<string, unknown>>,
): Promise<ComputeTargetDetail | undefined> {
  const deadline = Date.now() + SEEN_WITHIN_MS;
  while (Date.now() < deadline) {
    if ((await runs.listTargets()).some((one) => one.name === name && one.kind === kind)) {
      const seen = await runs.getTarget(name);
      // Of some kinds the driver reads GPUs too, and then they are shown.
      const asked = Object.entries(options).filter(
        ([option]) => !OF_THE_QUEUE.has(option) || option in seen.options,
      );
      if (isDeepStrictEqual(seen.options, Object.fromEntries(asked))) return seen;
    }
    await pause(200);
  }
  return undefined;
}
