// Moments and spans of time. Shown in the viewer's zone, with the exact UTC at hand.
import { useEffect, useState } from "react";
import { shownDuration, shownMoment } from "./times.ts";

export { shownDuration, shownMoment };

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
