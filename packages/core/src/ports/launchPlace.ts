// What lies on this machine of launches, in a folder that is this service's alone.
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { Instant } from "../domain/scope.ts";

export interface LaunchPlace {
  /** Launches of which something lies there, and to whose folder nothing was added since that instant. Throws what the disk says. */
  keys(before: Instant): Promise<readonly LaunchKey[]>;
  /**
   * Frees all that is left of a launch that no record names. May be repeated; nothing there is success. False where it still runs: then it
   * stays as it is. Throws EngineUnavailable where that cannot be told now.
   */
  free(key: LaunchKey, signal: AbortSignal): Promise<boolean>;
}
