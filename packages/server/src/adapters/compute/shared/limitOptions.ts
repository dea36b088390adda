// The options that limit what the processes of a run have together, as several kinds of target read them.
import type { TargetSettings } from "@malachite/core";
import { refusedOption } from "./targetOptions.ts";

/** Memory: what needs more is killed. Processors: what wants more waits. */
export type LimitOptions = {
  readonly memoryMiB?: number;
  /** As time of one: 0.5 is half of one's time. */
  readonly cpus?: number;
};

/** Less does not even start an interpreter, and 2^53 bytes is where numbers end. */
const MIN_MEMORY_MIB = 4;
const MAX_MEMORY_MIB = 2 ** 33;

/** Of a processor: the kernel gives no less than a millisecond in a tenth of a second. */
const MIN_CPUS = 0.01;
const MAX_CPUS = 10_000;

/** Throws UnsupportedField naming the option that is wrong. */
export function readLimits(target: TargetSettings): LimitOptions {
  const { memoryMiB, cpus } = target.options;
  const whole = Number.isInteger(memoryMiB);
  if (memoryMiB !== undefined && !(whole && isBetween(memoryMiB, MIN_MEMORY_MIB, MAX_MEMORY_MIB)))
    throw refusedOption(target, "memoryMiB", `must be a whole number of MiB, at least ${MIN_MEMORY_MIB}`);
  if (cpus !== undefined && !isBetween(cpus, MIN_CPUS, MAX_CPUS))
    throw refusedOption(
      target,
      "cpus",
      `must be a number of processors such as 2 or 0.5, at least ${MIN_CPUS}`,
    );
  return {
    ...(memoryMiB === undefined ? {} : { memoryMiB: Number(memoryMiB) }),
    ...(cpus === undefined ? {} : { cpus: Number(cpus) }),
  };
}

const isBetween = (value: unknown, least: number, most: number): boolean =>
  typeof value === "number" && value >= least && value <= most;
