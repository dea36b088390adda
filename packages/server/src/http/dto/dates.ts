// Instants as the wire shows them.

/** RFC 3339 in UTC with the service's seven fractional digits: `2026-01-02T03:04:05.1230000Z`. */
export const dateText = (instant: number): string => new Date(instant).toISOString().replace("Z", "0000Z");

/** A duration in milliseconds as .NET writes a TimeSpan, `[d.]hh:mm:ss.fffffff`, which is what clients parse. */
export function durationText(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  const two = (n: number) => String(n).padStart(2, "0");
  const days = Math.floor(whole / 86_400_000);
  const clock = [
    Math.floor(whole / 3_600_000) % 24,
    Math.floor(whole / 60_000) % 60,
    Math.floor(whole / 1000) % 60,
  ];
  const fraction = String((whole % 1000) * 10_000).padStart(7, "0");
  return `${days > 0 ? `${days}.` : ""}${clock.map(two).join(":")}.${fraction}`;
}
