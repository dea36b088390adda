// Time as a value: a clock that a test moves. Nothing in it waits for real time.
import type { SteadyClock } from "@malachite/core";

export type FakeClock = SteadyClock & {
  /** Moves time on, waking sleepers in the order of their time; resolves when all of them have had their turn. */
  advance(ms: number): Promise<void>;
  /** How many wait. */
  readonly sleeping: number;
};

type Sleeper = { readonly at: number; readonly wake: () => void };

/** A clock that stands at `start` (ms since 1970 UTC) until it is moved. */
export function createFakeClock(start = Date.UTC(2030, 0, 1)): FakeClock {
  let now = start;
  let sleepers: Sleeper[] = [];

  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper: Sleeper = { at: now + ms, wake: resolve };
        sleepers.push(sleeper);
        const give = (): void => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          resolve();
        };
        signal?.addEventListener("abort", give, { once: true });
      }),
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const [next] = sleepers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        now = Math.max(now, next.at);
        sleepers = sleepers.filter((other) => other !== next);
        next.wake();
        await settle();
      }
      now = end;
      await settle();
    },
    get sleeping() {
      return sleepers.length;
    },
  };
}

/** Lets everything run that does not wait for time: promises, and the I/O callbacks behind two turns of the loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
