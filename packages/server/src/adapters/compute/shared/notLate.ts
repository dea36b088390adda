// Whether a server may still start what it has prepared: its lease may have run out while it slept.
import { type Launch, MalachiteError, type SteadyClock } from "@malachite/core";

export const isLate = (startBefore: Launch["startBefore"], clock: SteadyClock): boolean =>
  startBefore !== undefined && clock.monotonic() >= startBefore();

/** Throws EngineUnavailable: whoever has the lease by now starts it. */
export function refuseLate(startBefore: Launch["startBefore"], clock: SteadyClock): void {
  if (isLate(startBefore, clock))
    throw new MalachiteError("EngineUnavailable", "The run is not started before its lease is renewed.");
}
