// Tells early that a launch may have news, by watching the folders of live launches. Only hints: losing one is harmless.
import { existsSync, type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { type LaunchKey, RUN_FOLDER, START_FILES } from "@malachite/core";

export type LaunchHints = Disposable & {
  /** Watches the launch's folder until it has ended or `drop` is called. */
  follow(key: LaunchKey, folder: string): void;
  drop(key: LaunchKey): void;
  /** News that came another way than by the folder. */
  tell(key: LaunchKey): void;
  /** Keys with news, each once until taken. Ends with the signal. */
  stream(signal: AbortSignal): AsyncIterable<LaunchKey>;
};

/** One watch a live launch, none for others. Out of watches (ENOSPC): that launch has no hints. */
export function createLaunchHints(): LaunchHints {
  const watchers = new Map<LaunchKey, FSWatcher>();
  const listeners = new Set<(key: LaunchKey) => void>();
  const tell = (key: LaunchKey): void => {
    for (const listener of listeners) listener(key);
  };

  function drop(key: LaunchKey): void {
    watchers.get(key)?.close();
    watchers.delete(key);
  }

  return {
    follow(key, folder) {
      if (watchers.has(key)) return;
      const hasEnded = () => existsSync(join(folder, RUN_FOLDER.exit));
      try {
        const watcher = watch(folder, { persistent: false }, (_event, name) => {
          if (name === START_FILES.pids) tell(key);
          if (name !== RUN_FOLDER.exit) return;
          drop(key);
          tell(key);
        });
        watcher.on("error", () => drop(key));
        watchers.set(key, watcher);
      } catch {
        // The folder is gone or the system has no watches left: `observe` tells all the same.
        return;
      }
      // It may have ended before the watch began.
      if (!hasEnded()) return;
      drop(key);
      tell(key);
    },
    drop,
    tell,
    async *stream(signal) {
      const news = new Set<LaunchKey>();
      let wake = (): void => {};
      const listener = (key: LaunchKey): void => {
        news.add(key);
        wake();
      };
      const stop = (): void => wake();
      listeners.add(listener);
      signal.addEventListener("abort", stop, { once: true });
      try {
        while (!signal.aborted) {
          const [key] = news;
          if (key !== undefined) {
            news.delete(key);
            yield key;
            continue;
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        listeners.delete(listener);
        signal.removeEventListener("abort", stop);
      }
    },
    [Symbol.dispose]() {
      for (const key of [...watchers.keys()]) drop(key);
    },
  };
}
