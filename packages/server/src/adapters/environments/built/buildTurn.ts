// Whose turn it is to build in a place that several servers share: whoever has made the file beside it, for as long as that is touched.
// No clock is compared with another: a file that does not change while it is looked at belongs to nobody any more.
import { rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { hasCode } from "../../../files/index.ts";

const TOUCHED_EVERY_MS = 2_000;
const DEAD_AFTER_MS = 15_000;
const LOOK_MS = 300;

const fileOf = (place: string): string => `${place}.building`;

/** Whether somebody builds there, or did when it died. */
export const hasTurn = async (place: string): Promise<boolean> =>
  (await stat(fileOf(place)).catch(() => undefined)) !== undefined;

/** Waits for the turn; dispose it to pass it on. Throws the signal's reason. */
export async function takeTurn(place: string, signal: AbortSignal): Promise<AsyncDisposable> {
  const file = fileOf(place);
  let seen: { readonly mtimeMs: number; readonly at: number } | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      await writeFile(file, "", { flag: "wx", mode: 0o600 });
      break;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    const mtimeMs = (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
    if (seen?.mtimeMs !== mtimeMs) seen = { mtimeMs, at: performance.now() };
    else if (performance.now() - seen.at > DEAD_AFTER_MS) {
      await rm(file, { force: true });
      seen = undefined;
    }
    await pause(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  const touching = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {}); // Taken by another, who found this server asleep: the build will fail.
  }, TOUCHED_EVERY_MS).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(touching);
      await rm(file, { force: true });
    },
  };
}
