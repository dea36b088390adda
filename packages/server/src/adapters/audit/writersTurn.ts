// Whose turn it is to write where several servers share a folder. The lock is the kernel's own, on an open file: it ends with the process
// however that dies.
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";

/** A turn takes milliseconds, so one that lasts longer is of a server that hangs. */
const WITHIN_MS = 5000;
const LOOK_MS = 5;
const SQLITE_BUSY = 5;

export class WritersTurn {
  readonly #file: string;
  #lock: DatabaseSync | undefined;

  /** `file` is made by the first turn, in a folder that exists. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Waits for the turn; dispose it to pass it on. Throws when another server keeps it. */
  async take(): Promise<Disposable> {
    this.#lock ??= new DatabaseSync(this.#file, { timeout: 0 });
    const lock = this.#lock;
    for (const until = performance.now() + WITHIN_MS; ; ) {
      try {
        lock.exec("pragma journal_mode = memory; begin exclusive");
        return { [Symbol.dispose]: () => lock.exec("rollback") };
      } catch (error) {
        if ((error as { errcode?: unknown }).errcode !== SQLITE_BUSY) throw error;
        if (performance.now() > until)
          throw new Error(`another server has been writing to it for ${WITHIN_MS / 1000} s`);
      }
      await pause(LOOK_MS);
    }
  }

  [Symbol.dispose](): void {
    this.#lock?.close();
    this.#lock = undefined;
  }
}
