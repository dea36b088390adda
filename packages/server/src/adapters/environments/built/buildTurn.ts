// Whose turn it is to build in a place, or to remove it, where several servers share it: whoever has made the file beside it, for as long
// as that is touched. No clock is compared with another: a file that does not change while it is looked at belongs to nobody any more.
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { hasCode, makeFolder } from "../../../files/index.ts";

const TOUCHED_EVERY_MS = 2_000;
const DEAD_AFTER_MS = 15_000;
const LOOK_MS = 300;
const ENDING = ".building";

const fileOf = (place: string): string => `${place}${ENDING}`;

/** Whether a file of that name says that somebody builds beside it. */
export const isTurn = (name: string): boolean => name.endsWith(ENDING);

/** Disposing it passes it on. */
export type Turn = AsyncDisposable & {
  /** False once another has taken it, who found this server asleep: what lies in the place is no longer this one's. */
  holds(): Promise<boolean>;
};

/** Whether somebody builds there, or did when it died. */
export const hasTurn = async (place: string): Promise<boolean> =>
  (await stat(fileOf(place)).catch(() => undefined)) !== undefined;

/** Waits for the turn; `waits` is told once that it is another's. Throws the signal's reason. */
export async function takeTurn(place: string, signal: AbortSignal, waits = () => {}): Promise<Turn> {
  let told = false;
  let seen: { readonly mtimeMs: number; readonly at: number } | undefined;
  for (;;) {
    signal.throwIfAborted();
    const turn = await tryTurn(place);
    if (turn) return turn;
    if (!told) waits();
    told = true;
    const mtimeMs = (await stat(fileOf(place)).catch(() => undefined))?.mtimeMs ?? 0;
    if (seen?.mtimeMs !== mtimeMs) seen = { mtimeMs, at: performance.now() };
    else if (performance.now() - seen.at > DEAD_AFTER_MS) {
      await clear(fileOf(place), mtimeMs);
      seen = undefined;
    }
    await pause(LOOK_MS, undefined, { signal }).catch(() => {});
  }
}

/** The turn, where it is nobody's. */
export async function tryTurn(place: string): Promise<Turn | undefined> {
  const file = fileOf(place);
  const mine = randomUUID();
  await makeFolder(dirname(file));
  try {
    await writeFile(file, mine, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (hasCode(error, "EEXIST")) return undefined;
    throw error;
  }
  const touching = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {
      // Taken by another: `holds` tells.
    });
  }, TOUCHED_EVERY_MS).unref();
  const holds = async () => (await readFile(file, "utf8").catch(() => "")) === mine;
  return {
    holds,
    async [Symbol.asyncDispose]() {
      clearInterval(touching);
      if (await holds()) await rm(file, { force: true });
    },
  };
}

/** Takes away what a dead one has left; whoever else saw that at the same time may have begun meanwhile, and keeps its turn. */
async function clear(file: string, mtimeMs: number): Promise<void> {
  const aside = `${file}-${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  if ((await stat(aside)).mtimeMs !== mtimeMs) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}
