// The options of a compute target of kind process.
import { isMalachiteError, MalachiteError, type TargetSettings } from "@malachite/core";
import type { Cgroups } from "./cgroups.ts";

export type ProcessOptions = {
  /** Memory of all processes of a run together, in MiB; what needs more is killed. */
  readonly memoryMiB?: number;
};

/** Less does not even start an interpreter, and 2^53 bytes is where numbers end. */
const MIN_MEMORY_MIB = 4;
const MAX_MEMORY_MIB = 2 ** 33;

/** Throws UnsupportedField naming the option that is unknown, wrong, or cannot be kept on this machine. */
export function parseProcessOptions(target: TargetSettings, cgroups: Cgroups): ProcessOptions {
  const { memoryMiB, ...unknown } = target.options;
  const [name] = Object.keys(unknown);
  if (name !== undefined) {
    throw refused(target, name, "is not known; a process target knows memoryMiB");
  }
  if (memoryMiB === undefined) return {};
  if (
    !Number.isInteger(memoryMiB) ||
    Number(memoryMiB) < MIN_MEMORY_MIB ||
    Number(memoryMiB) > MAX_MEMORY_MIB
  ) {
    throw refused(target, "memoryMiB", `must be a whole number of MiB, at least ${MIN_MEMORY_MIB}`);
  }
  if (!cgroups.memory.usable) {
    throw refused(target, "memoryMiB", `cannot be enforced on this machine. ${cgroups.memory.reason}`);
  }
  return { memoryMiB: Number(memoryMiB) };
}

/** The reason in words when the options cannot be used. */
export function faultOfOptions(target: TargetSettings, cgroups: Cgroups): string | undefined {
  try {
    parseProcessOptions(target, cgroups);
    return undefined;
  } catch (error) {
    if (!isMalachiteError(error)) throw error;
    return error.message;
  }
}

const refused = (target: TargetSettings, name: string, why: string): MalachiteError =>
  new MalachiteError("UnsupportedField", `Option ${name} of compute target '${target.name}' ${why}.`, {
    target: `targets.${target.name}.${name}`,
  });
