// The options of a compute target of kind jobs.
import type { TargetSettings } from "@malachite/core";
import { faultOf, refusedOption } from "../../src/adapters/compute/shared/targetOptions.ts";

export type JobsOptions = {
  /** The folder of the engine. */
  readonly engine: string;
};

/** Throws UnsupportedField naming the option that is unknown or wrong. */
export function parseJobsOptions(target: TargetSettings): JobsOptions {
  const { engine, ...unknown } = target.options;
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw refusedOption(target, name, "is not known; a jobs target knows engine");
  if (typeof engine !== "string" || !engine.startsWith("/"))
    throw refusedOption(target, "engine", "must be the absolute path of the engine's folder");
  return { engine };
}

/** The reason in words when the options cannot be used. */
export const faultOfOptions = (target: TargetSettings): string | undefined =>
  faultOf(() => parseJobsOptions(target));
