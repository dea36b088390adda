// Whether a server takes no further runs, and when it has none left.

export class Draining {
  readonly #inHand: () => number;
  #is = false;
  #taking = 0;
  #onDrained: (() => void) | undefined;

  /** `inHand` tells how many runs the server works on. */
  constructor(inHand: () => number) {
    this.#inHand = inHand;
  }

  get is(): boolean {
    return this.#is;
  }

  /** `drained` is called once no run is in hand. */
  begin(drained: () => void): void {
    this.#is = true;
    this.#onDrained = drained;
    this.look();
  }

  end(): void {
    this.#is = false;
    this.#onDrained = undefined;
  }

  /** Runs that are being taken when the draining begins are in hand soon. */
  async taking(work: () => Promise<unknown>): Promise<void> {
    this.#taking += 1;
    try {
      await work();
    } finally {
      this.#taking -= 1;
      this.look();
    }
  }

  /** To be called when a run is out of hand. */
  look(): void {
    if (!this.#is || this.#taking > 0 || this.#inHand() > 0) return;
    const drained = this.#onDrained;
    this.#onDrained = undefined;
    drained?.();
  }
}
