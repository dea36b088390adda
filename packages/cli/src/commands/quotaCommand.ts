// `malachite quota`: what the workspace and its users have of their quotas.
import type { QuotaPage, QuotaUse } from "@malachite/client";
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Frame } from "../program.ts";

type Options = ConnectionOptions & FormatOptions;

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  addFormatOption(addConnectionOptions(command))
    .addHelpText(
      "after",
      `
Quotas are set with --quota of 'malachite up'. Operators see all users, others themselves.
With -o json, one JSON object a line: the workspace, then each user.

Examples:
  malachite quota
  malachite quota -o json`,
    )
    .action((options: Options) => show(options, io, frame));
}

const NAMES = ["unfinishedRuns", "runsPerMinute", "runningRuns", "nodes", "gpus", "keptBytes"] as const;

async function show(options: Options, io: Io, frame: Frame): Promise<void> {
  const { runs } = await connect(options, io, frame);
  const rows: string[][] = [];
  const add = async (of: "workspace" | "user", who: string, used: QuotaUse, { limits }: QuotaPage) => {
    if (options.output === "json") {
      const line = { of, ...(of === "user" ? { user: who } : {}), used, limits: limits[of] };
      return io.out(`${JSON.stringify(line)}\n`);
    }
    for (const name of NAMES) {
      const most = limits[of][name];
      if (used[name] === 0 && most === undefined) continue;
      rows.push([
        of === "workspace" ? "the workspace" : who,
        `${of}.${name}`,
        `${used[name]}`,
        `${most ?? "-"}`,
      ]);
    }
  };
  let after: string | undefined;
  do {
    const page = await runs.getQuotas(after === undefined ? {} : { after });
    if (after === undefined) await add("workspace", "", page.workspace, page);
    for (const { objectId, name, used } of page.users)
      await add("user", name === "" || options.output === "json" ? objectId : name, used, page);
    after = page.next;
  } while (after !== undefined);
  if (options.output === "json") return;
  if (rows.length === 0) return io.out("Nothing is used, and the settings have no quotas.\n");
  await io.out(
    table([{ head: "WHO" }, { head: "QUOTA" }, { head: "USED" }, { head: "LIMIT" }], rows, io.columns),
  );
}
