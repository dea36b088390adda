// Makes files and folders durable while other work goes on.
import { close, closeSync, constants, fdatasync, fsync, openSync } from "node:fs";
import { hasCode } from "../../../../files/index.ts";

/**
 * How many syncs are under way at once. They share commits of the file system's journal, and overlap with unpacking; the
 * thread pool has four threads for the whole process, so one stays free for everybody else.
 */
const AT_ONCE = 3;

/** Syncs what it is given, a few at once. Every fd handed over is closed by it, also after a failure. */
export class Syncer {
  #running = 0;
  #failed: unknown;
  #wake: (() => void) | undefined;

  /** Takes an open file; returns when there is room for the next one. */
  async file(fd: number): Promise<void> {
    this.#start(fd, fdatasync);
    while (this.#running >= AT_ONCE) await this.#next();
  }

  /** The same for the names in a folder. */
  async folder(path: string): Promise<void> {
    this.#start(openSync(path, constants.O_RDONLY), (fd, done) =>
      // Some file systems know no sync of a folder.
      fsync(fd, (error) => done(error && hasCode(error, "EINVAL", "ENOTSUP", "EPERM") ? null : error)),
    );
    while (this.#running >= AT_ONCE) await this.#next();
  }

  /** Returns when all is durable; throws the first failure. */
  async done(): Promise<void> {
    while (this.#running > 0) await this.#next();
    if (this.#failed) throw this.#failed;
  }

  #start(fd: number, sync: (fd: number, done: (error: Error | null) => void) => void): void {
    if (this.#failed) {
      closeSync(fd);
      throw this.#failed;
    }
    this.#running += 1;
    sync(fd, (error) =>
      close(fd, (closeError) => {
        this.#failed ??= error ?? closeError ?? undefined;
        this.#running -= 1;
        this.#wake?.();
      }),
    );
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
