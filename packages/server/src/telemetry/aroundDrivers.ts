// The targets of the settings, each driver of theirs with something around it: made once for each kind.
import type { ComputeDriver, Targets } from "@malachite/core";

/** The same targets, with other drivers. */
export function aroundDrivers(targets: Targets, around: (driver: ComputeDriver) => ComputeDriver): Targets {
  const made = new Map<ComputeDriver, ComputeDriver>();
  const wrapped = (driver: ComputeDriver): ComputeDriver => {
    const known = made.get(driver) ?? around(driver);
    made.set(driver, known);
    return known;
  };
  return {
    ...targets,
    driver: (kind) => wrapped(targets.driver(kind)),
    drivers: () => targets.drivers().map(wrapped),
  };
}
