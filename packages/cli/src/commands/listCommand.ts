// `malachite list`: the newest runs of the workspace or of one experiment.
import type { Run } from "@malachite/client";
import { type Command, InvalidArgumentError } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import { table } from "../output/table.ts";
import { localTime, spanBetween } from "../output/times.ts";
import type { Frame } from "../program.ts";

type Options = ConnectionOptions &
  FormatOptions & {
    readonly experiment?: string;
    readonly status?: string;
    readonly filter?: string;
    readonly orderBy: string;
    readonly top: number;
  };

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("It must be a whole number from 1.");
  return value;
}

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command
    .option("-x, --experiment <name>", "only runs of this experiment")
    .option("--status <status>", "only runs with this status, such as Running or Failed")
    .option(
      "--filter <expression>",
      "only runs that match, such as \"tags/model eq 'a' and status ne 'Failed'\"",
    )
    .option("--order-by <properties>", "the order", "createdUtc desc")
    .option("-n, --top <number>", "at most so many", count, 20);
  addFormatOption(addConnectionOptions(command))
    .addHelpText(
      "after",
      `
Examples:
  malachite list
  malachite list --status Running
  malachite list -n 1 -o json | jq -r '.[0].runId'`,
    )
    .action(async (options: Options) => list(options, io, frame));
}

/** Text as a literal of the filter language. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

async function list(options: Options, io: Io, frame: Frame): Promise<void> {
  const { runs: workspace } = await connect(options, io, frame);
  const parts = [
    ...(options.status === undefined ? [] : [`status eq ${quoted(options.status)}`]),
    ...(options.filter === undefined ? [] : [`(${options.filter})`]),
  ];
  const ask = { orderBy: options.orderBy, ...(parts.length === 0 ? {} : { filter: parts.join(" and ") }) };
  const from = options.experiment === undefined ? workspace : workspace.experiment(options.experiment);
  const runs: Run[] = [];
  for await (const page of from.listRuns(ask).byPage({ maxPageSize: Math.min(options.top, 500) })) {
    runs.push(...page.value);
    if (runs.length >= options.top) break;
  }
  runs.length = Math.min(runs.length, options.top);
  if (options.output === "json") return io.out(json(runs));
  if (runs.length === 0) return io.say("No runs.");
  const now = Date.now();
  await io.out(
    table(
      [
        { head: "RUN", shrinks: false },
        { head: "STATUS" },
        { head: "CREATED" },
        { head: "TOOK" },
        { head: "TARGET", shrinks: true },
        { head: "NAME", shrinks: true },
      ],
      runs.map((run) => [
        run.runId ?? "",
        run.status ?? "",
        localTime(run.createdUtc),
        spanBetween(run.startTimeUtc, run.endTimeUtc, now),
        run.target ?? "",
        run.displayName ?? "",
      ]),
      io.columns,
    ),
  );
}
