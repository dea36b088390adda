// `malachite show`: one run, its definition's main points, its files' whereabouts and its story.
import type { Run, StoryEntry } from "@malachite/client";
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import { pageAddress } from "../output/pageAddress.ts";
import { facts, table } from "../output/table.ts";
import { localTime, spanBetween } from "../output/times.ts";
import type { Frame } from "../program.ts";

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command.argument("<run>", "the id of the run");
  addFormatOption(addConnectionOptions(command))
    .addHelpText("after", "\nExamples:\n  malachite show RUN\n  malachite show RUN -o json | jq .properties")
    .action(async (runId: string, options: ConnectionOptions & FormatOptions) =>
      show(runId, options, io, frame),
    );
}

async function show(
  runId: string,
  options: ConnectionOptions & FormatOptions,
  io: Io,
  frame: Frame,
): Promise<void> {
  const { runs, endpoint, workspace } = await connect(options, io, frame);
  const run = runs.run(runId);
  const [record, story] = await Promise.all([run.get(), run.getStory().catch(withoutStory)]);
  if (options.output === "json") return io.out(json({ ...record, story }));
  await io.out(describe(record, Date.now(), pageAddress(endpoint, workspace, runId)));
  if (story.length > 0) await io.out(`\n${storyTable(story, io.columns)}`);
}

/** A server of the contract that is not Malachite keeps no stories. */
function withoutStory(error: unknown): StoryEntry[] {
  const { statusCode } = error as { statusCode?: number };
  if (statusCode === 404 || statusCode === 405 || statusCode === 501) return [];
  throw error;
}

const pairs = (map: Readonly<Record<string, string | null>> | undefined): string | undefined =>
  map === undefined || Object.keys(map).length === 0
    ? undefined
    : Object.entries(map)
        .map(([name, value]) => (value === null ? name : `${name}=${value}`))
        .join(", ");

function describe(run: Run, now: number, page: string): string {
  const properties = run.properties ?? {};
  return facts([
    ["run", run.runId],
    ["in a browser", page],
    ["name", run.displayName],
    ["status", run.status],
    ["waits for", run.queueingInfo?.message],
    ["reason", properties["malachite.reason"]],
    ["exit code", properties["malachite.exitCode"]],
    ["signal", properties["malachite.signal"]],
    ["error", run.error?.error?.message],
    ["script", run.scriptName],
    ["target", run.target],
    ["created", localTime(run.createdUtc)],
    ["started", localTime(run.startTimeUtc)],
    ["ended", localTime(run.endTimeUtc)],
    ["took", spanBetween(run.startTimeUtc, run.endTimeUtc, now)],
    ["parent", run.parentRunId],
    ["snapshot", properties.ContentSnapshotId],
    ["created by", run.createdBy?.userName],
    ["tags", pairs(run.tags)],
    ["warnings", run.warnings?.map(({ message }) => message ?? "").join("; ")],
  ]);
}

function storyTable(story: readonly StoryEntry[], width: number | undefined): string {
  return table(
    [
      { head: "WHEN" },
      { head: "WHAT" },
      { head: "STATUS" },
      { head: "WHO", shrinks: true },
      { head: "WHY", shrinks: true },
    ],
    story.map(({ at, event, status, actor, cause }) => [localTime(at), event, status, actor, cause ?? ""]),
    width,
  );
}
