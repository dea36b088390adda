// The runs that wait for their engine, and which of them are to be looked at now. A hint finds its run by launch key, and a deadline
// that is far away costs nothing: with thousands of runs, each hint must not look at all of them.
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { Run } from "../domain/run/run.ts";
import { deadlineOf } from "./watchRuns.ts";

/** A run in somebody's hands. `watched`: it waits for its engine and no step is under way. */
export type Watchable = { run: Run; watched: boolean };

/** While a run is watched, its record and `watched` are set here alone. */
export class Watched<K extends Watchable> {
  readonly #byLaunch = new Map<LaunchKey, K>();
  /** No deadline of them is earlier. */
  #soonest = Number.POSITIVE_INFINITY;

  /** Watches it, by its record as it is now. May be repeated with a newer one. */
  add(kept: K, run: Run): void {
    this.remove(kept);
    kept.run = run;
    kept.watched = true;
    const key = run.life.handle?.key;
    if (key !== undefined) this.#byLaunch.set(key, kept);
    this.#mind(run);
  }

  /** No longer. May be repeated. */
  remove(kept: K): void {
    kept.watched = false;
    const key = kept.run.life.handle?.key;
    if (key !== undefined && this.#byLaunch.get(key) === kept) this.#byLaunch.delete(key);
  }

  /** All of them, or those that are named and those whose time is over. */
  due(now: number, named: Iterable<LaunchKey>, all: boolean): readonly K[] {
    if (all) {
      this.#soonest = Number.POSITIVE_INFINITY;
      for (const { run } of this.#byLaunch.values()) this.#mind(run);
      return [...this.#byLaunch.values()];
    }
    const due = new Set<K>();
    for (const key of named) {
      const kept = this.#byLaunch.get(key);
      if (kept !== undefined) due.add(kept);
    }
    if (this.#soonest > now) return [...due];
    this.#soonest = Number.POSITIVE_INFINITY;
    for (const kept of this.#byLaunch.values()) {
      this.#mind(kept.run);
      if ((deadlineOf(kept.run) ?? Number.POSITIVE_INFINITY) <= now) due.add(kept);
    }
    return [...due];
  }

  /** When time is over for one of them, or earlier. */
  get soonest(): number {
    return this.#soonest;
  }

  #mind(run: Run): void {
    this.#soonest = Math.min(this.#soonest, deadlineOf(run) ?? Number.POSITIVE_INFINITY);
  }
}
