// What a part of a page looks at and that changes by itself: it tells that it has, and holds what went wrong.

/** Parts look at it by `useSyncExternalStore(it.subscribe, () => it.version)`. */
export class Observed {
  readonly #listeners = new Set<() => void>();
  #closing = new AbortController();
  /** Another one after every change. */
  version = 0;
  /** Why the last thing that was tried did not work. */
  error: unknown;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort();
  }

  /** Lets things be tried again after `close`. */
  protected reopen(): void {
    if (this.#closing.signal.aborted) this.#closing = new AbortController();
  }

  protected tell(): void {
    this.version += 1;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Does something that `close` ends, and tells of it; an error that `instead` takes is none. */
  protected async attempt(
    act: (signal: AbortSignal) => Promise<void>,
    instead: (error: unknown) => Promise<void> | undefined = () => undefined,
  ): Promise<void> {
    const { signal } = this.#closing;
    try {
      await act(signal);
      this.error = undefined;
    } catch (error) {
      if (signal.aborted) return;
      const taken = instead(error);
      if (taken) return taken;
      this.error = error;
    }
    if (!signal.aborted) this.tell();
  }
}
