// `malachite workspace`: the workspaces of the service.
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Frame } from "../program.ts";

type Options = ConnectionOptions & FormatOptions;

/** Adds the subcommands, their options and actions. */
export function define(command: Command, io: Io, frame: Frame): void {
  const add = (name: string, about: string, examples: string) => {
    const sub = command.command(name).description(about).copyInheritedSettings(command);
    return addFormatOption(addConnectionOptions(sub)).addHelpText("after", `\nExamples:\n${examples}`);
  };
  const workspaceOf = (name: string | undefined, options: Options) =>
    connect({ ...options, ...(name === undefined ? {} : { workspace: name }) }, io, frame);
  add("list", "List the workspaces, the oldest first.", "  malachite workspace list").action(
    (options: Options) => list(options, io, frame),
  );
  add(
    "create",
    "Make a workspace; one that is there is left as it is.",
    "  malachite workspace create 11111111-1111-1111-1111-111111111111/rg/ws2",
  )
    .argument("[subscription/group/name]", "default: the workspace in use")
    .action(async (name: string | undefined, options: Options) => {
      const { runs } = await workspaceOf(name, options);
      await show(await runs.create(), options, io);
    });
  add("show", "Show one workspace.", "  malachite workspace show\n  malachite workspace show -o json")
    .argument("[subscription/group/name]", "default: the workspace in use")
    .action(async (name: string | undefined, options: Options) => {
      const { runs } = await workspaceOf(name, options);
      await show(await runs.get(), options, io);
    });
}

async function list(options: Options, io: Io, frame: Frame): Promise<void> {
  const { client } = await connect(options, io, frame);
  const workspaces = await client.listWorkspaces();
  if (options.output === "json") return io.out(json(workspaces));
  await io.out(
    table(
      [{ head: "SUBSCRIPTION" }, { head: "GROUP" }, { head: "NAME" }, { head: "ID" }],
      workspaces.map((one) => [...partsOf(one.id), one.name, one.properties.workspaceId]),
      io.columns,
    ),
  );
}

type Shown = {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly workspaceId: string; readonly mlFlowTrackingUri: string };
};

async function show(workspace: Shown, options: Options, io: Io): Promise<void> {
  if (options.output === "json") return io.out(json(workspace));
  const [subscription, group] = partsOf(workspace.id);
  const rows = [
    ["workspace", `${subscription}/${group}/${workspace.name}`],
    ["id", workspace.properties.workspaceId],
    ["mlflow", workspace.properties.mlFlowTrackingUri],
  ];
  for (const [name = "", value = ""] of rows) await io.out(`${name.padEnd(11)}${value}\n`);
}

/** Subscription and resource group of a resource id. */
function partsOf(id: string): [string, string] {
  const [, , subscription = "", , group = ""] = id.split("/");
  return [subscription, group];
}
