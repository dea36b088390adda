// Whom the code of a run on a volume trusts.
import { join } from "node:path";
import type { LaunchPlan } from "@malachite/core";

/** In a run's folder: whom to trust, where the plan shows that to the run. */
export const TRUST = "trust.pem";

/** Whom to trust is a file of the service's own machine: a copy of it comes into the run's folder, and is shown under the same path. */
export function withTrust(
  plan: LaunchPlan,
  folder: string,
): { readonly plan: LaunchPlan; readonly trust: string | undefined } {
  const trust = plan.environment.REQUESTS_CA_BUNDLE;
  const isTrust = ({ source, at }: { source: string; at: string }) => source === at && at === trust;
  if (plan.mounts?.some(isTrust) !== true) return { plan, trust: undefined };
  const mounts = plan.mounts.map((mount) =>
    isTrust(mount) ? { ...mount, source: join(folder, TRUST) } : mount,
  );
  return { plan: { ...plan, mounts }, trust };
}
