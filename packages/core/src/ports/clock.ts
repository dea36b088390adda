// Time and chance, as values that a test can set.
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** For what must hold by the second, whatever happens to the date. */
export interface SteadyClock extends Clock {
  /** Milliseconds that only ever go on; the same for all processes of this machine. */
  monotonic(): number;
}

export interface Ids {
  /** A random UUID. */
  uuid(): string;
  /** `bytes` random bytes in lower-case hex. */
  hex(bytes: number): string;
  /** SHA-256 in lower-case hex. */
  sha256(text: string): string;
}
