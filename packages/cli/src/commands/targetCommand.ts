// `malachite target`: where runs can go, whether it can be used, and how a further target comes about.
import type { Command } from "commander";
import type { Io } from "../io.ts";
import type { Frame } from "../program.ts";
import { defineTargetAdd } from "./targetAdd.ts";
import { defineTargetCheck } from "./targetCheck.ts";
import { defineTargetList } from "./targetList.ts";

/** Adds the subcommands, their options and actions. */
export function define(command: Command, io: Io, frame: Frame): void {
  const add = (name: string) => command.command(name).copyInheritedSettings(command);
  defineTargetList(command.command("list", { isDefault: true }).copyInheritedSettings(command), io, frame);
  defineTargetCheck(add("check"), io, frame);
  defineTargetAdd(add("add"), io, frame);
}
