// Frees what lies on this machine, and where its targets say, of launches that no record names: of a server that had lost its lease and did
// not know it, of a kill between two steps of a launch, of runs that came after the backup which was restored. All else is freed by its own
// run, which owes that.
import { launchKey } from "../domain/launch/launchKey.ts";
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { LaunchPlace } from "../ports/launchPlace.ts";
import type { FlowPorts } from "./ports.ts";

type SweepPorts = Pick<FlowPorts, "runs" | "targets" | "courier" | "data" | "clock" | "ids" | "log">;

/** Whoever makes a launch has written its record long before. */
const LEFT_AFTER_MS = 24 * 3600_000;
/** So many a turn, of each place. */
const AT_A_TURN = 200;

/** How many were freed. What cannot be freed now is told and tried again at the next turn. */
export async function sweepLaunches(ports: SweepPorts, signal: AbortSignal): Promise<number> {
  const { targets, courier, data, clock, log } = ports;
  const own = [...targets.drivers(), courier, data].flatMap(({ place }) => place ?? []);
  const named = targets.all().flatMap((target) => targets.driver(target.kind).placeAt?.(target) ?? []);
  const places = [...new Set([...own, ...named])];
  const before = clock.now() - LEFT_AFTER_MS;
  // In this order: what is freed meanwhile is not there any more, and what is begun meanwhile is not seen.
  const found = await Promise.all(places.map(async (place) => ({ place, keys: await keysOf(place) })));
  if (found.every(({ keys }) => keys.length === 0)) return 0;
  const inHand = await namedKeys(ports);
  let freed = 0;
  for (const { place, keys } of found)
    for (const key of keys.filter((one) => !inHand.has(one)).slice(0, AT_A_TURN)) {
      if (signal.aborted) return freed;
      try {
        if (await place.free(key, before, signal)) freed += 1;
        else log.warn("launchUnknown", { key, reason: "It runs, and no record names it." });
      } catch (error) {
        log.warn("launchUnknown", { key, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  if (freed > 0) log.info("launchesFreed", { count: freed });
  return freed;

  /** A disk that is away holds up no other. */
  async function keysOf(place: LaunchPlace): Promise<readonly LaunchKey[]> {
    try {
      return await place.keys(before);
    } catch (error) {
      log.warn("launchesUnknown", { reason: error instanceof Error ? error.message : String(error) });
      return [];
    }
  }
}

/** Of all attempts of the runs that somebody has to work on. */
async function namedKeys({ runs, ids }: SweepPorts): Promise<ReadonlySet<LaunchKey>> {
  const keys = new Set<LaunchKey>();
  for (const { scope, id, attempt } of await runs.inHand())
    for (let nth = 1; nth <= Math.max(1, attempt); nth += 1) keys.add(launchKey(scope, id, nth, ids.sha256));
  return keys;
}
