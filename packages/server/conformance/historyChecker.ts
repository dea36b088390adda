// Proves from the story of a run alone that nothing was doubled and nothing lost, whoever worked on it and whoever was killed: each
// attempt was launched and started at most once, the run has exactly one end, and nothing happened to it afterwards. Pure.
import { NEXT, type RunStatus } from "@malachite/core";

/** One entry of a story, as the records and the API tell it. */
export type HistoryEntry = {
  readonly event: string;
  readonly status: string;
  readonly detail?: unknown;
};

/** What may still be written of a run that has ended: that an operator let go of its debt, and that it is paid. Each once, in this order. */
const AFTER_THE_END: readonly string[] = ["letGo", "released"];
/** Events that leave the status as it is. */
const STAYS: ReadonlySet<string> = new Set([
  "environmentPrepared",
  "dataBrought",
  "launched",
  "retried",
  "cleared",
  "dataSent",
  "released",
]);
const ENDS: ReadonlySet<string> = new Set(["Completed", "Failed", "Canceled"]);
/** At most once in each attempt. */
const ONCE_AN_ATTEMPT = ["claimed", "launched", "started", "ended"];

/** What is wrong with the story of an acknowledged run that should have ended; empty when nothing is. */
export function checkHistory(story: readonly HistoryEntry[]): readonly string[] {
  if (story.length === 0) return ["it has no story: the run is lost"];
  const faults: string[] = [];
  let attempt = 0;
  let end: string | undefined;
  let status: string | undefined;
  const seen = new Set<string>();
  const keys = new Set<string>();
  for (const [index, entry] of story.entries()) {
    const { event } = entry;
    const at = `entry ${index + 1} (${event}, ${entry.status})`;
    const detail = (entry.detail ?? {}) as { readonly attempt?: number; readonly key?: string };
    if (event === "claimed" || event === "retried") {
      const next = detail.attempt ?? attempt + 1;
      if (next !== attempt + 1) faults.push(`${at}: attempt ${next} follows attempt ${attempt}`);
      attempt = next;
      if (detail.key !== undefined && keys.has(detail.key))
        faults.push(`${at}: its launch key was given before`);
      if (detail.key !== undefined) keys.add(detail.key);
    }
    if (event === "started" && detail.attempt !== undefined && detail.attempt !== attempt)
      faults.push(`${at}: attempt ${detail.attempt} started during attempt ${attempt}`);
    if (ONCE_AN_ATTEMPT.includes(event)) {
      const mark = `${event} ${attempt}`;
      if (seen.has(mark)) faults.push(`${at}: '${event}' for the second time in attempt ${attempt}`);
      seen.add(mark);
    }
    if (end !== undefined) {
      const place = AFTER_THE_END.indexOf(event);
      if (place < 0) faults.push(`${at}: came after the end (${end})`);
      else if (AFTER_THE_END.slice(place).some((one) => seen.has(one)))
        faults.push(`${at}: a second time, or too late`);
      if (entry.status !== end) faults.push(`${at}: the end was ${end}`);
      seen.add(event);
    } else {
      if (event === "letGo") seen.add(event);
      if (status !== undefined) faults.push(...faultsOfStep(status, entry, at));
    }
    status = entry.status;
    if (ENDS.has(status)) end ??= status;
  }
  if (end === undefined) faults.push(`it has no end: its last status is ${status}`);
  return faults;
}

/** Whether the table of the states has such a step. Where it says Canceled, the end that a cancel asked for is meant. */
function faultsOfStep(from: string, { event, status }: HistoryEntry, at: string): readonly string[] {
  if (STAYS.has(event))
    return from === status ? [] : [`${at}: '${event}' changes no status, and it was ${from}`];
  const row: Partial<Record<string, RunStatus>> = NEXT[from as RunStatus] ?? {};
  const to = row[event];
  if (to === undefined) return [`${at}: cannot follow ${from}`];
  return to === status || (to === "Canceled" && ENDS.has(status))
    ? []
    : [`${at}: '${event}' leads from ${from} to ${to}`];
}
