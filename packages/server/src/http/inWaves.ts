// Many items of one request at once, in the order of the request wherever it matters: what is written together shares a commit.

/** So many at a time: a request of thousands must not fill the queues of others. */
const WIDEST = 128;

/**
 * Calls `work` for each item and answers what it answered, in order. Items are worked on side by side unless one has a key in common
 * with an earlier one, as a parent and its child in one batch, or two changes of one run: then it waits for it.
 */
export async function inWaves<T, R>(
  items: readonly T[],
  keysOf: (item: T) => readonly string[],
  work: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const done: R[] = [];
  let wave: { readonly item: T; readonly index: number }[] = [];
  let held = new Set<string>();
  const flush = async () => {
    done.push(...(await Promise.all(wave.map(({ item, index }) => work(item, index)))));
    wave = [];
    held = new Set();
  };
  for (const [index, item] of items.entries()) {
    const keys = keysOf(item);
    if (wave.length === WIDEST || keys.some((key) => held.has(key))) await flush();
    wave.push({ item, index });
    const [own] = keys;
    if (own !== undefined) held.add(own);
  }
  await flush();
  return done;
}
