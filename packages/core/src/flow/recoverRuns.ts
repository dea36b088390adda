// Takes over unfinished runs: at start, and from other servers that have died. The record of a run tells the step that is due; `find`
// and `observe` tell the truth.
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { LeasedRun } from "../ports/runStore.ts";
import { begin, knownTargets } from "./claimRun.ts";
import { dataKeyOf } from "./dataPlaces.ts";
import type { FlowPorts } from "./ports.ts";

/** How many runs are taken over in one transaction. */
const AT_ONCE = 1000;
/** So many of a dead server's a turn, so that all who are left get some. */
const AT_A_TURN = 100;

/** Takes all: this server alone has the data folder, so the leases of earlier lives are void. */
export async function recoverRuns(ports: FlowPorts, take: (leased: LeasedRun) => void): Promise<number> {
  const { runs, settings, log } = ports;
  const keys = new Set<LaunchKey>();
  let count = 0;
  for (;;) {
    const at = await runs.now();
    const found = await runs.claimAbandoned({
      owner: settings.owner,
      ...knownTargets(ports),
      at,
      until: at + settings.leaseMs,
      force: true,
      limit: AT_ONCE,
    });
    for (const leased of found) {
      for (const begun of leased.run.life.status === "NotStarted" ? await begin(leased, ports) : [leased]) {
        keys.add(dataKeyOf(begun.run, ports));
        take(begun);
      }
    }
    count += found.length;
    if (found.length < AT_ONCE) break;
  }
  await ports.data.sweep(keys);
  if (count > 0) log.info("runsRecovered", { count });
  return count;
}

/**
 * Takes some of those whose lease has run out and whose engine this server can reach. Answers how many there were; those that its own
 * earlier claim was cut off at are among them.
 */
export async function takeOverRuns(ports: FlowPorts, take: (leased: LeasedRun) => void): Promise<number> {
  const { runs, settings, log } = ports;
  const at = await runs.now();
  const found = await runs.claimAbandoned({
    owner: settings.owner,
    ...(settings.machine === undefined ? {} : { machine: settings.machine }),
    ...knownTargets(ports),
    at,
    until: at + settings.leaseMs,
    force: false,
    limit: AT_A_TURN,
  });
  const begun = found.map(async (leased) => {
    for (const one of leased.run.life.status === "NotStarted" ? await begin(leased, ports) : [leased])
      take(one);
  });
  if (found.length > 0) log.info("runsTakenOver", { count: found.length });
  await Promise.all(begun);
  return found.length;
}
