// `malachite gc`: what the policies of retention let go; with --dry-run only told.
import type { GarbageItem, GarbagePage } from "@malachite/client";
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions } from "../output/format.ts";
import { printable } from "../output/printable.ts";
import type { Frame } from "../program.ts";

type Options = ConnectionOptions & FormatOptions & { readonly dryRun?: boolean };

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  addFormatOption(addConnectionOptions(command))
    .option("--dry-run", "only tell what would go, and how many bytes")
    .addHelpText(
      "after",
      `
What goes is said by 'retention' in the settings file of the service. What something still refers to stays.
With -o json, one JSON object a line for each run.

Examples:
  malachite gc --dry-run
  malachite gc`,
    )
    .action((options: Options) => collect(options, io, frame));
}

async function collect({ dryRun = false, output, ...options }: Options, io: Io, frame: Frame): Promise<void> {
  const { client } = await connect(options, io, frame);
  let after: string | undefined;
  let runs = 0;
  let bytes = 0;
  let policies = 0;
  let swept: GarbagePage["swept"];
  do {
    const page = await client.collectGarbage({ dryRun, ...(after === undefined ? {} : { after }) });
    for (const item of page.values) {
      if (output === "json") await io.out(`${JSON.stringify(item)}\n`);
      else await io.out(`${line(item, dryRun)}\n`);
      if (item.keptBy !== undefined) continue;
      runs += 1;
      bytes += item.bytes;
    }
    bytes += page.finishedBytes;
    policies = page.policies;
    swept = page.swept;
    after = page.next;
  } while (after !== undefined);
  if (output === "json") return;
  if (swept !== undefined) {
    const went = `${swept.projects} ${swept.projects === 1 ? "project" : "projects"} that no run names`;
    await io.out(dryRun ? `goes   ${went}\n` : `gone   ${went}, ${swept.bytes} bytes\n`);
    bytes += swept.bytes;
  }
  if (policies === 0 && swept === undefined)
    return io.out("The settings of the service have no policies of retention: nothing goes.\n");
  const what = `${runs} ${runs === 1 ? "run" : "runs"}, ${bytes} bytes`;
  await io.out(`${dryRun ? "Would go" : "Gone"}: ${what}.\n`);
}

function line(
  { workspace, experimentName, runId, what, why, bytes, keptBy }: GarbageItem,
  dryRun: boolean,
): string {
  const run = printable(`${workspace}/${experimentName}/${runId}`);
  if (keptBy !== undefined) return `stays  ${run}: referred to by ${keptBy}`;
  const goes = what === "run" ? "the run" : "its files";
  return `${dryRun ? "goes " : "gone "}  ${run}: ${goes}, ${bytes} bytes (${why})`;
}
