// Calls of one key, one after the other: a launch twice at once, a release during a launch.

/** Runs the work of one key one after the other; different keys do not wait for each other. */
export function createLines(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const before = last.get(key);
    const now = before === undefined ? work() : before.then(work, work);
    last.set(key, now);
    const leave = (): void => {
      if (last.get(key) === now) last.delete(key);
    };
    now.then(leave, leave);
    return now;
  };
}
