// Asks a storage again when it does not answer or has too much to do: with growing waits, until a deadline. Then StorageAway is thrown.
import { setTimeout as sleep } from "node:timers/promises";
import { MalachiteError } from "@malachite/core";
import { heard, heardOf } from "./heard.ts";
import { nameOf, type Objects } from "./objects.ts";
import { isAway } from "./trouble.ts";

type Signal = AbortSignal | undefined;

export type Patience = {
  /** So long one thing is tried: a client that waits must hear in time that it is of no use. */
  readonly deadlineMs: number;
  readonly firstWaitMs: number;
  /** So long one answer is waited for, where little is sent for it: there must be time to ask again. */
  readonly silenceMs?: number;
  /** Aborted when the service is to end: then nothing is asked again, and what is silent is not waited for. */
  readonly closing?: AbortSignal;
};

export const DEFAULT_PATIENCE: Patience = { deadlineMs: 20_000, firstWaitMs: 100 };
const LONGEST_WAIT_MS = 3000;
const SILENCE_MS = 8000;
/** The first answer waits for whoever gives tokens too, who are asked one after the other: what they say is to be told, not that they are slow. */
const FIRST_SILENCE_MS = 120_000;
/** More than that may itself take long to send. */
const LITTLE_BYTES = 256 * 1024;

/** Tries until it works, the error is no passing one, or the deadline comes; what one try outlasts is tried once more. */
export async function patiently<T>(
  { deadlineMs, firstWaitMs, closing }: Patience,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let tries = 0;
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    tries += 1;
    try {
      signal?.throwIfAborted();
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      // Some chance in it, so that many who wait do not come back at once.
      const pause = waitMs * (0.5 + Math.random());
      if (!isAway(error) || (tries > 1 && Date.now() + pause > end)) throw error;
      await pauseOf(pause, signal, closing, error);
    }
  }
}

/** Throws `error` when the service is to end before that. */
async function pauseOf(ms: number, signal: Signal, closing: Signal, error: unknown): Promise<void> {
  const ends = [signal, closing].filter((one) => one !== undefined);
  try {
    await sleep(ms, undefined, ends.length === 0 ? {} : { signal: AbortSignal.any(ends) });
  } catch (aborted) {
    signal?.throwIfAborted();
    throw closing?.aborted ? error : aborted;
  }
}

/**
 * The storage, asked patiently. A write with a condition that was tried twice may find its own first try: it then says that the
 * condition did not hold, and the caller looks whose bytes are there.
 */
export function patient(objects: Objects, patience: Patience = DEFAULT_PATIENCE): Objects {
  const { place } = objects;
  const { closing } = patience;
  let silence = { ms: FIRST_SILENCE_MS, closing };
  const answered = (): void => {
    silence = { ms: patience.silenceMs ?? SILENCE_MS, closing };
  };
  const again = <T>(signal: Signal, work: () => Promise<T>) =>
    patiently(patience, signal, async () => {
      const answer = await work();
      answered();
      return answer;
    });
  const soon = <T>(signal: Signal, work: (signal: AbortSignal) => Promise<T>) =>
    again(signal, () => heard(place, silence, signal, work));
  return {
    place,
    longestKeyBytes: objects.longestKeyBytes,
    put: (key, bytes, ask) =>
      bytes.byteLength > LITTLE_BYTES
        ? again(ask.signal, () => objects.put(key, bytes, ask))
        : soon(ask.signal, (signal) => objects.put(key, bytes, { ...ask, signal })),
    // These ask again themselves, part by part and key by key: each has the whole deadline, however many there are.
    remove: (keys, signal) => objects.remove(keys, signal),
    putLarge: (key, content, signal) => objects.putLarge(key, content, signal),
    get: (key, asked) => soon(asked, (signal) => objects.get(key, signal)),
    head: (key, asked) => soon(asked, (signal) => objects.head(key, signal)),
    removeVersion: (key, etag, asked) => soon(asked, (signal) => objects.removeVersion(key, etag, signal)),
    sweepParts: (before, signal) => again(signal, () => objects.sweepParts(before, signal)),
    link: (key, until, headers) => objects.link(key, until, headers),
    close: () => objects.close(),
    async *read(key, from, to, asked) {
      // Objects that are read in part are never changed, so a stream that broke goes on where it was.
      let at = from;
      yield* goingOn(patience, asked, async function* () {
        if (at >= to) return;
        const rest = (signal: AbortSignal) => objects.read(key, at, to, signal);
        for await (const chunk of heardOf(place, silence, asked, rest)) {
          answered();
          at += chunk.byteLength;
          yield chunk;
        }
        if (at < to) throw cutShort(key);
      });
    },
    async *list(ask) {
      let { after } = ask;
      yield* goingOn(patience, ask.signal, async function* () {
        const rest = (signal: AbortSignal) =>
          objects.list({ ...ask, ...(after === undefined ? {} : { after }), signal });
        for await (const one of heardOf(place, silence, ask.signal, rest)) {
          answered();
          after = nameOf(one);
          yield one;
        }
      });
    },
  };
}

/** A stream that is asked for its rest when it breaks; patience begins anew with each thing that comes. */
async function* goingOn<T>(
  patience: Patience,
  signal: AbortSignal | undefined,
  rest: () => AsyncIterable<T>,
): AsyncGenerator<T> {
  for (let end = Date.now() + patience.deadlineMs, waitMs = patience.firstWaitMs; ; ) {
    try {
      for await (const one of rest()) {
        yield one;
        end = Date.now() + patience.deadlineMs;
        waitMs = patience.firstWaitMs;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isAway(error) || Date.now() + waitMs > end) throw error;
      await pauseOf(waitMs, signal, patience.closing, error);
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    }
  }
}

const cutShort = (key: string): MalachiteError =>
  new MalachiteError(
    "StorageAway",
    `The storage ended its answer too early, while ${JSON.stringify(key.slice(-200))} was read. Ask again.`,
  );
