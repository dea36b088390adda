// Waiting that ends with a signal, for work that several wait for.

/** Stops waiting when the signal aborts; what is waited for goes on. */
export async function withSignal<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const off = Promise.withResolvers<never>();
  const abort = () => off.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, off.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    // How it ends is told to nobody who has left.
    work.catch(() => {});
  }
}
