// `malachite why`: what a run waits for, or why it ended.
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import { printable, printableLines } from "../output/printable.ts";
import type { Frame } from "../program.ts";

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command.argument("<run>", "the id of the run");
  addFormatOption(addConnectionOptions(command))
    .addHelpText("after", "\nExamples:\n  malachite why RUN\n  malachite why RUN -o json")
    .action(async (runId: string, options: ConnectionOptions & FormatOptions) => {
      const { runs } = await connect(options, io, frame);
      const why = await runs.run(runId).getWhy();
      if (options.output === "json") return io.out(json(why));
      await io.out(`${printableLines(why.summary, 2)}\n`);
      for (const { message, resource, heldBy = [], heldElsewhere = 0 } of why.constraints) {
        const what = resource === undefined ? "" : `${printable(resource)} `;
        if (!why.summary.includes(message)) await io.out(`  ${printableLines(message, 2)}\n`);
        for (const id of heldBy.slice(0, 20)) await io.out(`    ${what}held by ${printable(id)}\n`);
        if (heldBy.length > 20) await io.out(`    and ${heldBy.length - 20} more\n`);
        if (heldElsewhere > 0) await io.out(`    ${what}held by ${heldElsewhere} of other workspaces\n`);
      }
    });
}
