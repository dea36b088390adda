// The compute targets of the settings, as the steps of a run ask for them. Knows names and pools, not engines.
import type { ComputeDriver, TargetSettings, Targets } from "@malachite/core";
import type { TargetEntry } from "./settings.ts";

/** Runs of all targets on this machine share its places, unless a target has places of its own. */
const MACHINE = "machine";

/** `local` is always there. A name `*` stands for every name that is not given. */
export function createTargets(
  entries: Readonly<Record<string, TargetEntry>>,
  runsAtOnce: number,
  drivers: readonly ComputeDriver[],
): Targets {
  const limits = new Map<string, number>([[MACHINE, runsAtOnce]]);
  const named = new Map<string, TargetSettings>();
  const all: Readonly<Record<string, TargetEntry>> = { local: { kind: "process", options: {} }, ...entries };
  for (const [name, { kind, runsAtOnce: own, options }] of Object.entries(all)) {
    const pool = own === undefined ? MACHINE : `target:${name}`;
    if (own !== undefined) limits.set(pool, own);
    named.set(name, { name, kind, pool, options });
  }
  const byKind = new Map(drivers.map((driver) => [driver.kind, driver]));
  const any = named.get("*");
  return {
    async abilities({ kind }) {
      const { multiNode, images } = byKind.get(kind)?.can ?? { multiNode: false, images: false };
      return { images, nodes: multiNode ? Number.POSITIVE_INFINITY : 1, gpusPerNode: 0 };
    },
    find: (name) => (name === "*" ? undefined : (named.get(name) ?? (any ? { ...any, name } : undefined))),
    all: () => [...named.values()],
    driver: (kind) => {
      const driver = byKind.get(kind);
      if (!driver) throw new Error(`No driver serves the kind '${kind}'.`);
      return driver;
    },
    drivers: () => drivers,
    runsAtOnce: (pool) => limits.get(pool) ?? runsAtOnce,
    pools: () => [...limits.keys()],
  };
}
