// Asks a maker's library: what it throws becomes our own error, once.
import type { ObjectHead } from "./objects.ts";
import { type Patience, patiently } from "./patience.ts";
import { isMissing, storeTrouble } from "./trouble.ts";

type Signal = AbortSignal | undefined;

export function asking(place: string, patience: Patience) {
  let hasWorked = false;
  const failed = (doing: string, signal: Signal, error: unknown): Error => {
    signal?.throwIfAborted();
    return storeTrouble(doing, place, error, hasWorked);
  };
  const asked = async <T>(doing: string, signal: Signal, work: () => Promise<T>): Promise<T> => {
    try {
      const answer = await work();
      hasWorked = true;
      return answer;
    } catch (error) {
      throw failed(doing, signal, error);
    }
  };
  return {
    failed,
    asked,
    /** Undefined for an object that is not there. */
    askedFor: <T>(doing: string, signal: Signal, work: () => Promise<T>): Promise<T | undefined> =>
      asked(doing, signal, () =>
        work().catch((error: unknown) => {
          if (isMissing(error)) return undefined;
          throw error;
        }),
      ),
    patientlyAsked: <T>(doing: string, signal: Signal, work: () => Promise<T>): Promise<T> =>
      patiently(patience, signal, () => asked(doing, signal, work)),
  };
}

/** The signal as both makers' libraries take it. */
export const by = (signal: Signal) => (signal === undefined ? {} : { abortSignal: signal });

export const headOf = (
  key: string,
  size: number | undefined,
  etag: string | undefined,
  changed: Date | undefined,
): ObjectHead => ({ key, sizeBytes: size ?? 0, etag: etag ?? "", changedAt: changed?.getTime() ?? 0 });
