// Acts on news no more often than is good, and never twice at once. Pure but for the clock.

/** `act` gets all names since it was called last; undefined when some news named none: then all is meant. */
export function paced(
  act: (names: ReadonlySet<string> | undefined) => Promise<void>,
  leastMs: number,
): { readonly add: (names: readonly string[] | undefined) => void; readonly stop: () => void } {
  let gathered: { names: Set<string> | undefined } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let tookMs = 0;
  const plan = () => {
    if (gathered === undefined || busy || timer !== undefined) return;
    timer = setTimeout(() => void run(), Math.max(leastMs, 3 * tookMs));
  };
  const run = async () => {
    timer = undefined;
    const names = gathered?.names;
    gathered = undefined;
    busy = true;
    const began = performance.now();
    try {
      await act(names);
    } finally {
      tookMs = performance.now() - began;
      busy = false;
      plan();
    }
  };
  return {
    add: (names) => {
      gathered ??= { names: new Set() };
      if (names === undefined) gathered.names = undefined;
      for (const name of names ?? []) gathered.names?.add(name);
      plan();
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
