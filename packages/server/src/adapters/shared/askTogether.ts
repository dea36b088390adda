// One question for all who ask the same at the same time: ten runs that are submitted at once ask their engine once whether it is there.

/**
 * Asks, or listens to the same question where it is under way: an answer may be as old as the question takes. Each leaves by its own
 * signal, with its reason; when nobody listens any more, the question is called off. Nothing is kept of an answer.
 */
export type AskTogether<T> = (
  key: string,
  ask: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

type Asked<T> = { readonly answer: Promise<T>; readonly called: AbortController; listening: number };

export function createAskTogether<T>(): AskTogether<T> {
  const underWay = new Map<string, Asked<T>>();

  function begin(key: string, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
    const called = new AbortController();
    const asked: Asked<T> = { answer: ask(called.signal), called, listening: 0 };
    const forget = (): void => {
      if (underWay.get(key) === asked) underWay.delete(key);
    };
    // Told to those who listen; when they have all left, to nobody.
    asked.answer.then(forget, forget);
    underWay.set(key, asked);
    return asked;
  }

  return async (key, ask, signal) => {
    signal.throwIfAborted();
    const asked = underWay.get(key) ?? begin(key, ask);
    asked.listening += 1;
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([asked.answer, left.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
      asked.listening -= 1;
      if (asked.listening === 0) {
        // Whoever comes now asks anew, and hears nothing of the end of this one.
        if (underWay.get(key) === asked) underWay.delete(key);
        asked.called.abort(signal.reason);
      }
    }
  };
}
