// `malachite target list`: all targets in a table.
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Frame } from "../program.ts";

/** Adds the options and the action. */
export function defineTargetList(command: Command, io: Io, frame: Frame): void {
  command.description("List the compute targets and whether they are usable.");
  addFormatOption(addConnectionOptions(command))
    .addHelpText("after", "\nExamples:\n  malachite target list\n  malachite target list -o json")
    .action(async (options: ConnectionOptions & FormatOptions) => {
      const { runs } = await connect(options, io, frame);
      const targets = await runs.listTargets();
      if (options.output === "json") return io.out(json(targets));
      const text = (value: number | undefined) => (value === undefined ? "" : String(value));
      const share = (free: number | undefined, all: number | undefined) =>
        all === undefined ? "" : `${text(free)} of ${all}`;
      await io.out(
        table(
          [
            { head: "TARGET" },
            { head: "KIND" },
            { head: "USABLE" },
            { head: "AT ONCE" },
            { head: "RUNNING" },
            { head: "WAITING" },
            { head: "NODES FREE" },
            { head: "GPUS FREE" },
            { head: "REMARK", shrinks: true },
          ],
          targets.map((one) => [
            one.name,
            one.kind,
            one.usable ? "yes" : "no",
            text(one.runsAtOnce),
            text(one.running),
            text(one.waiting),
            share(one.nodesFree, one.nodes),
            share(one.gpusFree, one.gpus),
            one.reason ?? one.warning ?? one.gpusReason ?? "",
          ]),
          io.columns,
        ),
      );
    });
}
