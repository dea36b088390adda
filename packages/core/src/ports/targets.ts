// The compute targets that the settings name, and what serves them.
import type { Abilities } from "../domain/definition/abilities.ts";
import type { TargetSettings } from "../domain/launch/launchPlan.ts";
import type { Capacity } from "../domain/queue/line.ts";
import type { ComputeDriver } from "./computeDriver.ts";

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
  /** Whether the machines of the target see nothing of the service's. */
  isAway(target: TargetSettings): boolean;
  /** What the runs of the pool share. */
  capacity(pool: string): Capacity;
  pools(): readonly string[];
}
