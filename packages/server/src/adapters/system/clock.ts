// Real time. A sleep keeps no process alive by itself.
import type { SteadyClock } from "@malachite/core";

/** setTimeout takes at most this; longer sleeps are cut and simply end early, as a hint would end them. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: SteadyClock = {
  now: () => Date.now(),
  monotonic: () => Number(process.hrtime.bigint() / 1_000n) / 1_000,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, LONGEST_MS));
      signal?.addEventListener("abort", done, { once: true });
    }),
};
