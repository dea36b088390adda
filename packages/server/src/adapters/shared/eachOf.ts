// Works at several things at once. Ends with the signal, and leaves nothing under way.

/** Does the work for each item, `atOnce` at the same time. The first that throws stops the others, and is thrown when all have ended. */
export async function eachOf<T>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const both = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
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
  signal?.throwIfAborted();
}
