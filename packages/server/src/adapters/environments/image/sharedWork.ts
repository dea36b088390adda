// Work that several runs wait for: done once, heard by all from its beginning, called off when nobody waits any more.
import type { BuildLog } from "@malachite/core";

export type Say = (line: string) => void;

type Running<T> = {
  readonly done: Promise<T>;
  readonly stop: AbortController;
  readonly hearers: Set<BuildLog>;
  said: string;
  waiting: number;
};

export type SharedWork<T> = (
  key: string,
  work: (say: Say, signal: AbortSignal) => Promise<T>,
  log: BuildLog,
  signal: AbortSignal,
) => Promise<T>;

/** Knows nothing of what was done before: whoever asks looks first whether it is still there. */
export function createSharedWork<T>(): SharedWork<T> {
  const all = new Map<string, Running<T>>();

  function begin(key: string, work: (say: Say, signal: AbortSignal) => Promise<T>): Running<T> {
    const stop = new AbortController();
    const hearers = new Set<BuildLog>();
    const say: Say = (line) => {
      running.said += `${line}\n`;
      // A log that is slow to be written holds nothing up: what is said meanwhile is kept by it.
      for (const hear of hearers) void hear(`${line}\n`);
    };
    const running: Running<T> = {
      stop,
      hearers,
      said: "",
      waiting: 0,
      done: Promise.resolve()
        .then(() => work(say, stop.signal))
        .finally(() => all.delete(key)),
    };
    running.done.catch(() => {});
    all.set(key, running);
    return running;
  }

  return async (key, work, log, signal) => {
    for (;;) {
      signal.throwIfAborted();
      const known = all.get(key);
      if (known?.stop.signal.aborted) {
        // Nobody wanted it any more a moment ago.
        await known.done.catch(() => {});
        continue;
      }
      const running = known ?? begin(key, work);
      running.waiting += 1;
      const left = Promise.withResolvers<never>();
      const leave = () => left.reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      try {
        // What is said while an earlier word is being written comes behind it, and is not missed.
        const before = running.said === "" ? undefined : log(running.said);
        running.hearers.add(log);
        await Promise.race([before, left.promise]);
        return await Promise.race([running.done, left.promise]);
      } finally {
        signal.removeEventListener("abort", leave);
        running.hearers.delete(log);
        running.waiting -= 1;
        if (running.waiting === 0) {
          running.stop.abort();
          // What was called off has ended when this returns: nothing of it goes on unseen.
          if (signal.aborted) await running.done.catch(() => {});
        }
      }
    }
  };
}
