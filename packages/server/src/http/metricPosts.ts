// Posts of metrics that are on their way or have just come, by run. SDKs before 1.60 end a run while threads of theirs still send:
// so whoever waits for a run's metrics waits until none has come for a moment. A post itself is answered when it is kept.
import { setTimeout as pause } from "node:timers/promises";
import { type Clock, type RunAddress, workspaceKey } from "@malachite/core";

export interface MetricPosts {
  /** Notes a post while `work` takes it in. */
  during<T>(address: RunAddress, work: () => Promise<T>): Promise<T>;
  /** Resolves once no post of the run has come for a moment: at once where none is under way or has just come. */
  settled(address: RunAddress, signal: AbortSignal): Promise<void>;
}

/** Longer than such a thread takes from one post to the next. */
const QUIET_MS = 300;
/** A script that never ceases to log is not waited for. */
const LONGEST_MS = 10_000;
const LOOK_MS = 25;
/** Runs that are remembered; beyond, those that have been quiet are forgotten. */
const MOST_RUNS = 1_000;

type Posts = { underWay: number; lastAt: number };

/** What passes between two requests of a client is real time, whatever the time of the records is. */
const REAL_TIME: Pick<Clock, "now" | "sleep"> = {
  now: () => performance.now(),
  sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => {}),
};

export function createMetricPosts(clock: Pick<Clock, "now" | "sleep"> = REAL_TIME): MetricPosts {
  const runs = new Map<string, Posts>();
  const keyOf = ({ scope, runId }: RunAddress) => `${workspaceKey(scope)} ${runId}`;
  const isQuiet = ({ underWay, lastAt }: Posts) => underWay === 0 && clock.now() - lastAt >= QUIET_MS;

  return {
    async during(address, work) {
      const key = keyOf(address);
      const posts = runs.get(key) ?? { underWay: 0, lastAt: 0 };
      posts.underWay += 1;
      runs.set(key, posts);
      if (runs.size > MOST_RUNS) for (const [other, those] of runs) if (isQuiet(those)) runs.delete(other);
      try {
        return await work();
      } finally {
        posts.underWay -= 1;
        posts.lastAt = clock.now();
      }
    },
    async settled(address, signal) {
      const key = keyOf(address);
      for (let looks = 0; looks * LOOK_MS < LONGEST_MS && !signal.aborted; looks += 1) {
        const posts = runs.get(key);
        if (posts === undefined || isQuiet(posts)) {
          runs.delete(key);
          return;
        }
        await clock.sleep(LOOK_MS, signal);
      }
    },
  };
}
