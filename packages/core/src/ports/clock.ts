// Time and chance, as values that a test can set.
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Ids {
  /** A random UUID. */
  uuid(): string;
  /** `bytes` random bytes in lower-case hex. */
  hex(bytes: number): string;
  /** SHA-256 in lower-case hex. */
  sha256(text: string): string;
}
