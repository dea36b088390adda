// The compute targets that the settings name, and what serves them.
import type { TargetSettings } from "../domain/launch/launchPlan.ts";
import type { ComputeDriver } from "./computeDriver.ts";

export interface Targets {
  /** The target of that name, also one that a `*` stands for; undefined when there is none. */
  find(name: string): TargetSettings | undefined;
  /** Every target that has a name, `*` as itself. */
  all(): readonly TargetSettings[];
  /** The driver of a kind; every kind that a target has is there. */
  driver(kind: string): ComputeDriver;
  drivers(): readonly ComputeDriver[];
  /** How many runs of the pool may be at work at once. */
  runsAtOnce(pool: string): number;
  pools(): readonly string[];
}
