// What a loop waits on: time, or somebody ringing. A ring while nobody waits is heard by the next who comes to wait.
import type { Clock } from "../ports/clock.ts";

/** Given as the reason, so that no error with a stack is made for each ring. */
const RUNG = "rung";

export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves after `ms`, at a ring, or when the signal aborts. One waiter at a time. */
  async wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const woken = new AbortController();
      const wake = (): void => woken.abort(RUNG);
      this.#wake = wake;
      signal.addEventListener("abort", wake);
      await clock.sleep(ms, woken.signal);
      signal.removeEventListener("abort", wake);
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}
