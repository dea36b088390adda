// Moments and spans of time. Shown in the viewer's zone, with the exact UTC at hand.
import { useEffect, useState } from "react";

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

/** A moment. Pointing at it shows the exact UTC. */
export function Time({ at }: { readonly at: string | number | Date | undefined | null }) {
  const now = useNow(20_000);
  if (at === undefined || at === null) return <span>–</span>;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span>{String(at)}</span>;
  const utc = date.toISOString();
  return (
    <time dateTime={utc} title={`${utc.replace("T", " ").replace("Z", "")} UTC`}>
      {shownMoment(date, now)}
    </time>
  );
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

type When = string | number | undefined | null;

/** From a moment to another; without an end it goes on and counts. */
export function Duration({ from, to }: { readonly from: When; readonly to?: When }) {
  const open = to === undefined || to === null;
  const now = useNow(open ? 1000 : undefined);
  if (from === undefined || from === null) return <span>–</span>;
  const ms = (open ? now : new Date(to).getTime()) - new Date(from).getTime();
  return <span>{Number.isNaN(ms) ? "–" : shownDuration(ms)}</span>;
}

/** The time now, again and again; without a pace, once. */
export function useNow(everyMs: number | undefined): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (everyMs === undefined) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
