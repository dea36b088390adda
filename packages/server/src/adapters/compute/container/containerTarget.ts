// The options of a compute target of kind container.
import { environmentTools, type TargetSettings } from "@malachite/core";
import { faultOf, refusedOption, unknownOption } from "../shared/targetOptions.ts";

export type ContainerOptions = {
  /** The socket of the engine; the service's own choice unless told. */
  readonly socket?: string;
  /** For runs that name no image; whoever makes environments reads it. */
  readonly image?: string;
  readonly memoryMiB?: number;
  readonly cpus?: number;
  /** `host` unless told: a run reaches a service that listens on loopback only from the host's own network. */
  readonly network?: string;
  /** Of packages that are put on top of images; whoever makes environments reads them. */
  readonly packageIndex?: string;
  readonly condaChannels?: readonly string[];
};

const KNOWN = ["socket", "image", "memoryMiB", "cpus", "network", "packageIndex", "condaChannels"] as const;
/** What other kinds know, and what is in its place here. */
const OF_IMAGES = ["toolPath", "setup"];
/** Engines refuse less than 6 MiB. */
const MIN_MEMORY_MIB = 6;
const MAX_MEMORY_MIB = 2 ** 33;
const MAX_CPUS = 10_000;

/** Throws UnsupportedField naming the option that is unknown or wrong. */
export function parseContainerOptions(target: TargetSettings): ContainerOptions {
  const { options } = target;
  for (const name of OF_IMAGES)
    if (options[name] !== undefined)
      throw refusedOption(
        target,
        name,
        "is not for containers: an image has its own tools and its own variables",
      );
  environmentTools(target);
  for (const name of Object.keys(options))
    if (!(KNOWN as readonly string[]).includes(name)) throw unknownOption(target, name, KNOWN);
  const { memoryMiB, cpus } = options;
  if (memoryMiB !== undefined && !isBetween(memoryMiB, MIN_MEMORY_MIB, MAX_MEMORY_MIB, true))
    throw refusedOption(target, "memoryMiB", `must be a whole number of MiB, at least ${MIN_MEMORY_MIB}`);
  if (cpus !== undefined && !isBetween(cpus, 0.01, MAX_CPUS, false))
    throw refusedOption(target, "cpus", "must be a number such as 2 or 0.5");
  for (const name of ["socket", "image", "network"] as const) {
    const value = options[name];
    if (value !== undefined && (typeof value !== "string" || value === "" || value.includes("\0")))
      throw refusedOption(target, name, "must be text");
  }
  return options as ContainerOptions;
}

const isBetween = (value: unknown, least: number, most: number, whole: boolean): boolean =>
  typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value));

/** The reason in words when the options cannot be used. */
export const faultOfOptions = (target: TargetSettings): string | undefined =>
  faultOf(() => parseContainerOptions(target));
