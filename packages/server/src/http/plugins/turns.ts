// One after another: work on the same thing waits for its turn, work on different things does not.

export type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Makes turns of their own. Work of one key runs in the order it was given, also after work that failed. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}
