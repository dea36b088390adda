// Tries again what a network loses, and works at several files at once. Both end with the signal, and leave nothing under way.
import { setTimeout as pause } from "node:timers/promises";
import { StorageTrouble } from "./fileStorage.ts";

const WAITS_MS = [250, 1000, 3000, 8000];

/** The work, and again after a pause when it threw trouble of the moment. `progress` tells whether waits begin anew. */
export async function patiently<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  progress: () => unknown = () => undefined,
): Promise<T> {
  let seen = progress();
  for (let tries = 0; ; tries += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof StorageTrouble) || error.kind !== "again") throw error;
      const now = progress();
      if (now !== seen) tries = 0;
      seen = now;
      const wait = WAITS_MS[tries];
      if (wait === undefined) throw error;
      await pause(wait, undefined, { signal });
    }
  }
}

/** Does the work for each item, `atOnce` at the same time. The first that throws stops the others, and is thrown when all have ended. */
export async function eachOf<T>(
  items: AsyncIterable<T>,
  atOnce: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const underWay = new Set<Promise<void>>();
  let error: unknown;
  const fail = (cause: unknown) => {
    error ??= cause;
    failed.abort(cause);
  };
  try {
    for await (const item of items) {
      both.throwIfAborted();
      const one = work(item, both)
        .catch(fail)
        .finally(() => underWay.delete(one));
      underWay.add(one);
      if (underWay.size >= atOnce) await Promise.race(underWay);
    }
  } catch (cause) {
    fail(cause);
  }
  await Promise.all(underWay);
  if (error !== undefined) throw error;
  signal.throwIfAborted();
}
