// Works through a list with so many at once. The first failure ends it; what is under way is waited for.

export async function inParallel<T>(
  atOnce: number,
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : (items as Iterable<T>)[Symbol.iterator]();
  let failed = false;
  // Asked one after the other: a page of a list must not be fetched twice.
  let turn: Promise<unknown> = Promise.resolve();
  const next = (): Promise<IteratorResult<T>> => {
    const answer = turn.then(() => (failed ? { done: true as const, value: undefined } : iterator.next()));
    turn = answer.catch(() => {}); // The one who asked is told.
    return answer;
  };
  const worker = async (): Promise<void> => {
    try {
      for (let item = await next(); !item.done && !failed; item = await next()) await work(item.value);
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.max(1, atOnce) }, worker));
  const failure = results.find((result) => result.status === "rejected");
  if (failure) throw failure.reason;
}
