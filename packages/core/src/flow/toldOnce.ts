// What fails again and again for one reason, as whatever asks a database that is away, is told once and then now and then.

/** So long the same failure is not told again. */
const AGAIN_MS = 10 * 60_000;

/** Of one thing that is done again and again. */
export class ToldOnce {
  readonly #now: () => number;
  readonly #tell: (error: unknown) => void;
  #told: { readonly text: string; readonly at: number } | undefined;

  constructor(now: () => number, tell: (error: unknown) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  /** Tells it, unless it is what was told last. */
  failed(error: unknown): void {
    const [text, at] = [String(error), this.#now()];
    if (this.#told?.text === text && at - this.#told.at < AGAIN_MS) return;
    this.#told = { text, at };
    this.#tell(error);
  }

  /** The next failure is news. */
  worked(): void {
    this.#told = undefined;
  }
}
