// Gives up a try of which nothing is heard. A network that forgets a connection tells nobody: who waits for it waits until a library
// loses patience, which is longer than there is time to ask again.
import { MalachiteError } from "@malachite/core";

type Signal = AbortSignal | undefined;

const silent = (place: string, silenceMs: number): MalachiteError =>
  new MalachiteError(
    "StorageAway",
    `Asking the object storage failed: ${place} has said nothing for ${silenceMs / 1000} seconds. Nothing is lost; ask again.`,
  );

const either = (one: Signal, other: AbortSignal): AbortSignal =>
  one === undefined ? other : AbortSignal.any([one, other]);

/** `work` with a signal of its own. Throws StorageAway where it has not answered in time, whatever it does with the signal. */
async function inTime<T>(
  place: string,
  silenceMs: number,
  silence: AbortController,
  work: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(silent(place, silenceMs));
      silence.abort();
    }, silenceMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One answer, all of which comes in that time. */
export function heard<T>(
  place: string,
  silenceMs: number,
  signal: Signal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  return inTime(place, silenceMs, silence, () => work(either(signal, silence.signal)));
}

/** A stream, each piece of which comes in that time from when it is asked for. */
export async function* heardOf<T>(
  place: string,
  silenceMs: number,
  signal: Signal,
  stream: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const silence = new AbortController();
  const pieces = stream(either(signal, silence.signal))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const piece = await inTime(place, silenceMs, silence, () => pieces.next());
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
