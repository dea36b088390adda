// `malachite target check`: asks each target whether it can be used, and tells the whole reason where it cannot.
import type { ComputeTargetDetail } from "@malachite/client";
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import { EXIT } from "../exitCodes.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import { printable } from "../output/printable.ts";
import type { Frame } from "../program.ts";

/** Adds the options and the action. */
export function defineTargetCheck(command: Command, io: Io, frame: Frame): void {
  command
    .description("Ask targets whether they are usable; without names, all. Exit code 1 when one is not.")
    .argument("[names...]", "targets");
  addFormatOption(addConnectionOptions(command))
    .addHelpText("after", "\nExamples:\n  malachite target check\n  malachite target check lab")
    .action(async (names: string[], options: ConnectionOptions & FormatOptions) => {
      const { runs } = await connect(options, io, frame);
      const asked = names.length > 0 ? names : (await runs.listTargets()).map(({ name }) => name);
      // `*` stands for any name and has no address of its own.
      const targets = await Promise.all(
        asked.filter((name) => name !== "*").map((name) => runs.getTarget(name)),
      );
      await io.out(options.output === "json" ? json(targets) : targets.map(told).join(""));
      if (targets.some(({ usable }) => !usable)) frame.exitCode = EXIT.failed;
    });
}

/** A target in a few lines: the verdict, the reason, what its settings say. */
export function told(target: ComputeTargetDetail): string {
  const { name, kind, usable, reason, warning, gpusReason, options } = target;
  const lines = [`${name} (${kind}): ${usable ? "usable" : "not usable"}`];
  if (!usable) lines.push(`  ${reason ?? "It does not say why."}`);
  if (warning !== undefined) lines.push(`  ${warning}`);
  if (gpusReason !== undefined) lines.push(`  Its runs get no GPUs: ${gpusReason}`);
  for (const [option, value] of Object.entries(options))
    lines.push(`  ${option}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return `${lines.map(printable).join("\n")}\n`;
}
