// Instants of metrics: clients' clocks tell microseconds, and the order of values depends on them.
import type { Instant } from "../scope.ts";

/** From here on a double has no room for microseconds. */
const TOO_LATE_FOR_MICROSECONDS = 4_000_000_000_000;

/** Milliseconds with a fraction; a time without a zone is UTC. NaN for a text that is no date. */
export function parseInstant(text: string): Instant {
  const hasZone = /(?:z|[+-]\d{2}:?\d{2})\s*$/i.test(text);
  const ms = Date.parse(hasZone || !text.includes(":") ? text : `${text}Z`);
  const fraction = /\.(\d{3})(\d{1,3})/.exec(text)?.[2];
  if (fraction === undefined || !(ms < TOO_LATE_FOR_MICROSECONDS)) return ms;
  return ms + Number(fraction.padEnd(3, "0")) / 1000;
}

/** RFC 3339 in UTC with the service's seven fractional digits. */
export function printInstant(instant: Instant): string {
  const ms = Math.floor(instant);
  const micros = Math.min(999, Math.round((instant - ms) * 1000));
  return new Date(ms).toISOString().replace("Z", `${String(micros).padStart(3, "0")}0Z`);
}
