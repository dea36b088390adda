// Frees what lies on this machine of launches that no record names: of a server that had lost its lease and did not know it, of a kill
// between two steps of a launch, of runs that came after the backup which was restored. All else is freed by its own run, which owes that.
import { launchKey } from "../domain/launch/launchKey.ts";
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { FlowPorts } from "./ports.ts";

type SweepPorts = Pick<FlowPorts, "runs" | "targets" | "courier" | "data" | "clock" | "ids" | "log">;

/** Whoever makes a launch has written its record long before. */
const LEFT_AFTER_MS = 24 * 3600_000;
/** So many a turn, of each place. */
const AT_A_TURN = 200;

/** How many were freed. What cannot be freed now is told and tried again at the next turn. */
export async function sweepLaunches(ports: SweepPorts, signal: AbortSignal): Promise<number> {
  const { targets, courier, data, clock, log } = ports;
  const places = [...targets.drivers(), courier, data].flatMap(({ place }) => place ?? []);
  const before = clock.now() - LEFT_AFTER_MS;
  // In this order: what is freed meanwhile is not there any more, and what is begun meanwhile is not seen.
  const found = await Promise.all(places.map(async (place) => ({ place, keys: await place.keys(before) })));
  if (found.every(({ keys }) => keys.length === 0)) return 0;
  const named = await namedKeys(ports);
  let freed = 0;
  for (const { place, keys } of found)
    for (const key of keys.filter((one) => !named.has(one)).slice(0, AT_A_TURN)) {
      if (signal.aborted) return freed;
      try {
        if (await place.free(key, signal)) freed += 1;
        else log.warn("launchUnknown", { key, reason: "It runs, and no record names it." });
      } catch (error) {
        log.warn("launchUnknown", { key, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  if (freed > 0) log.info("launchesFreed", { count: freed });
  return freed;
}

/** Of all attempts of the runs that somebody has to work on. */
async function namedKeys({ runs, ids }: SweepPorts): Promise<ReadonlySet<LaunchKey>> {
  const keys = new Set<LaunchKey>();
  for (const { scope, id, attempt } of await runs.inHand())
    for (let nth = 1; nth <= Math.max(1, attempt); nth += 1) keys.add(launchKey(scope, id, nth, ids.sha256));
  return keys;
}
