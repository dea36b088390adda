// Gives up a try of which nothing is heard. A network that forgets a connection tells nobody: who waits for it waits until a library
// loses patience, which is longer than there is time to ask again.
import { MalachiteError } from "@malachite/core";

type Signal = AbortSignal | undefined;

/** So long an answer is waited for when the service is to end. */
export const HURRIED_SILENCE_MS = 2000;

/** How long nothing may be heard; less once `closing` is aborted. */
export type Silence = { readonly ms: number; readonly closing?: AbortSignal | undefined };

const silent = (place: string, ms: number): MalachiteError =>
  new MalachiteError(
    "StorageAway",
    `Asking the object storage failed: ${place} has said nothing for ${ms / 1000} seconds. Nothing is lost; ask again.`,
  );

const either = (one: Signal, other: AbortSignal): AbortSignal =>
  one === undefined ? other : AbortSignal.any([one, other]);

/** `work` with a signal of its own. Throws StorageAway where it has not answered in time, whatever it does with the signal. */
async function inTime<T>(
  place: string,
  { ms, closing }: Silence,
  silence: AbortController,
  work: () => Promise<T>,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const within = (mostMs: number) =>
    setTimeout(() => {
      late.reject(silent(place, mostMs));
      silence.abort();
    }, mostMs);
  const hurriedMs = Math.min(ms, HURRIED_SILENCE_MS);
  let timer = within(closing?.aborted ? hurriedMs : ms);
  const hurry = (): void => {
    clearTimeout(timer);
    timer = within(hurriedMs);
  };
  closing?.addEventListener("abort", hurry);
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
    closing?.removeEventListener("abort", hurry);
  }
}

/** One answer, all of which comes in that time. */
export function heard<T>(
  place: string,
  allowed: Silence,
  signal: Signal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  return inTime(place, allowed, silence, () => work(either(signal, silence.signal)));
}

/** A stream, each piece of which comes in that time from when it is asked for. */
export async function* heardOf<T>(
  place: string,
  allowed: Silence,
  signal: Signal,
  stream: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const silence = new AbortController();
  const pieces = stream(either(signal, silence.signal))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const piece = await inTime(place, allowed, silence, () => pieces.next());
      if (piece.done) return;
      yield piece.value;
    }
  } finally {
    // A piece that was given up may never come, and what waits behind it neither.
    const ended = pieces.return?.();
    if (silence.signal.aborted) ended?.catch(() => {});
    else await ended;
  }
}
