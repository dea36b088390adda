// Tells when a file has changed, however its editor writes it: in place, by rename, or anew.
import { type Stats, unwatchFile, watchFile } from "node:fs";

/** Long enough to cost nothing, short enough for whoever waits at a terminal. */
const LOOK_EVERY_MS = 1000;

/** Calls `changed` after every change, also when the file comes or goes. Keeps no process alive. */
export function watchedFile(file: string, changed: () => void): Disposable {
  const listener = (now: Stats, before: Stats) => {
    if (now.mtimeMs !== before.mtimeMs || now.size !== before.size || now.ino !== before.ino) changed();
  };
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, listener);
  return { [Symbol.dispose]: () => unwatchFile(file, listener) };
}
