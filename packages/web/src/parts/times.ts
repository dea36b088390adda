// Moments and spans of time in words. Pure.
const HALF_DAY_MS = 12 * 3600_000;
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const sameYear = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
const anyYear = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A moment in words: how long ago while that is short, else day and time. `now` in milliseconds. */
export function shownMoment(at: Date, now: number): string {
  const agoMs = now - at.getTime();
  if (Math.abs(agoMs) < 45_000) return "just now";
  if (Math.abs(agoMs) < 3600_000) return relative.format(-Math.round(agoMs / 60_000), "minute");
  if (Math.abs(agoMs) < HALF_DAY_MS) return relative.format(-Math.round(agoMs / 3600_000), "hour");
  return (at.getFullYear() === new Date(now).getFullYear() ? sameYear : anyYear).format(at);
}

/** A span of time as people say it: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function shownDuration(ms: number): string {
  const s = Math.max(0, ms) / 1000;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  const [seconds, minutes, hours] = [
    Math.round(s) % 60,
    Math.floor(Math.round(s) / 60),
    Math.floor(s / 3600),
  ];
  if (hours === 0) return seconds === 0 ? `${minutes} min` : `${minutes} min ${seconds} s`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
