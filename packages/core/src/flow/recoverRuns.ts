// At start: every unfinished run is taken over at once. Its record tells the step that is due; `find` and `observe` tell the truth.
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { LeasedRun } from "../ports/runStore.ts";
import { begin } from "./claimRun.ts";
import { dataKeyOf } from "./dataPlaces.ts";
import type { FlowPorts } from "./ports.ts";

/** How many runs are taken over in one transaction. */
const AT_ONCE = 1000;

/** Takes all: this server alone has the data folder, so the leases of earlier lives are void. */
export async function recoverRuns(ports: FlowPorts, take: (leased: LeasedRun) => void): Promise<number> {
  const { runs, clock, settings, log } = ports;
  const keys = new Set<LaunchKey>();
  let count = 0;
  for (;;) {
    const at = clock.now();
    const found = await runs.claimAbandoned({
      owner: settings.owner,
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
