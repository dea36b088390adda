// The choice between tables for people and JSON for programs.
import { type Command, Option } from "commander";

export type Format = "json" | "table";
export type FormatOptions = { readonly output: Format };

/** Adds `-o json|table`. */
export function addFormatOption(command: Command): Command {
  return command.addOption(
    new Option("-o, --output <format>", "how to print").choices(["table", "json"]).default("table"),
  );
}

/** A value as indented JSON with a line end. */
export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
