// What is asked once and then known.

/**
 * What is known stays known; a failure does not. Who waited for another's answer and finds that it has failed asks itself: the other
 * may have been called off.
 */
export async function once<T>(
  known: Map<string, Promise<T>>,
  key: string,
  find: () => Promise<T>,
): Promise<T> {
  for (let asked = known.get(key); asked !== undefined; asked = known.get(key)) {
    const [outcome] = await Promise.allSettled([asked]);
    if (outcome?.status === "fulfilled") return outcome.value;
  }
  const own = find();
  known.set(key, own);
  own.catch(() => known.delete(key));
  return own;
}
