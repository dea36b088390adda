// Takes from the line of each pool those runs for which there is room, and gives each its launch key: written before any launch.
import { launchKey } from "../domain/launch/launchKey.ts";
import type { LeasedRun } from "../ports/runStore.ts";
import { changeRun } from "./changeRun.ts";
import type { FlowPorts } from "./ports.ts";

type ClaimPorts = Pick<FlowPorts, "runs" | "targets" | "clock" | "ids" | "news" | "settings">;

/** The runs that are now ours, Starting, each with its launch key. */
export async function claimRuns(ports: ClaimPorts): Promise<readonly LeasedRun[]> {
  const known = knownTargets(ports);
  const claimed = await Promise.all(ports.targets.pools().map((pool) => claimPool(pool, known, ports)));
  return claimed.flat();
}

/** Those that the settings have, for a claim; nothing where any name is one. */
export function knownTargets({ targets }: Pick<FlowPorts, "targets">): {
  readonly targets?: readonly string[];
} {
  const names = targets.all().map(({ name }) => name);
  return names.includes("*") ? {} : { targets: names };
}

async function claimPool(
  pool: string,
  known: { readonly targets?: readonly string[] },
  ports: ClaimPorts,
): Promise<readonly LeasedRun[]> {
  const { runs, targets, settings } = ports;
  const at = await runs.now();
  const taken = await runs.claimQueued({
    pool,
    ...known,
    capacity: targets.capacity(pool),
    owner: settings.owner,
    at,
    until: at + settings.leaseMs,
  });
  return (await Promise.all(taken.map((leased) => begin(leased, ports)))).flat();
}

/** Writes the claim into the record. A run that was cancelled in the same instant is handed on as it is now. */
export async function begin(
  { run, lease, gpus }: LeasedRun,
  ports: ClaimPorts,
): Promise<readonly LeasedRun[]> {
  const { gpusByEngine } = ports.targets.capacity(run.pool ?? "");
  const given = gpus === undefined || gpusByEngine ? {} : { gpus };
  const key = launchKey(run.scope, run.id, run.life.attempt + 1, ports.ids.sha256);
  const written = await changeRun(
    run,
    [{ name: "claimed", key, ...given }],
    ports.settings.owner,
    ports,
    lease,
  );
  const now = written ?? (await ports.runs.get(run.scope, run.id));
  return now ? [{ run: now, lease }] : [];
}
