// What lies on this machine of launches, as far as they are this service's.
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { Instant } from "../domain/scope.ts";

export interface LaunchPlace {
  /** Launches of which something lies there, and to whose folder nothing was added since that instant. Throws what the disk says. */
  keys(before: Instant): Promise<readonly LaunchKey[]>;
  /**
   * Frees all that is left of a launch that no record names. May be repeated; nothing there is success. False where it still runs, or was
   * made anew since that instant: then it stays as it is. Throws EngineUnavailable where that cannot be told now.
   */
  free(key: LaunchKey, before: Instant, signal: AbortSignal): Promise<boolean>;
}
