// The compute targets that the settings name, and what serves them.
import type { TargetSettings } from "../domain/launch/launchPlan.ts";
import type { ComputeDriver } from "./computeDriver.ts";

/** What a target can do, as far as it is known before a run is queued. Absent: nobody has counted it. */
export type Abilities = {
  /** Runs can go into containers. */
  readonly images: boolean;
  /** Why not, and what would help. */
  readonly imagesReason?: string;
  /** How many nodes a run may have at most. */
  readonly nodes: number;
  /** How many GPUs each of them has. */
  readonly gpusPerNode: number;
};

export interface Targets {
  /** Answers within seconds; throws EngineUnavailable for a target that cannot be asked. */
  abilities(target: TargetSettings, signal: AbortSignal): Promise<Abilities>;
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
