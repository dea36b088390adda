// A server that can be killed, put to sleep and woken, as a process can: whatever it waits for does not come while it is not there.
import type { SteadyClock } from "@malachite/core";
import type { SimTime } from "./time.ts";

/** What a dead server waits for. */
const NEVER = new Promise<never>(() => {});

export class ServerLife {
  #isDead = false;
  #asleep: PromiseWithResolvers<void> | undefined;
  readonly #atDeath: (() => void)[] = [];
  readonly clock: SteadyClock;

  constructor(time: SimTime) {
    this.clock = {
      now: () => time.now,
      monotonic: () => time.now,
      sleep: (ms, signal) =>
        this.#pass(
          () =>
            new Promise<void>((resolve) => {
              if (signal?.aborted) return resolve();
              const forget = time.after(ms, done);
              function done(): void {
                forget();
                signal?.removeEventListener("abort", done);
                resolve();
              }
              signal?.addEventListener("abort", done, { once: true });
            }),
        ),
    };
  }

  get isUp(): boolean {
    return !this.#isDead && this.#asleep === undefined;
  }

  /** kill -9: nothing of it goes on. */
  kill(): void {
    this.#isDead = true;
    this.#asleep?.resolve();
    for (const work of this.#atDeath) work();
  }

  /** What the world no longer does for a process that is gone. */
  atDeath(work: () => void): void {
    this.#atDeath.push(work);
  }

  /** SIGSTOP; after `wake` it goes on as if no time had passed. */
  sleep(): void {
    this.#asleep ??= Promise.withResolvers();
  }

  wake(): void {
    this.#asleep?.resolve();
    this.#asleep = undefined;
  }

  /** The port as this server has it: its calls begin and are answered only while the server is there. */
  port<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => this.#pass(async () => value.apply(target, args));
      },
    });
  }

  async #pass<T>(work: () => Promise<T>): Promise<T> {
    await this.#there();
    try {
      return await work();
    } finally {
      await this.#there();
    }
  }

  async #there(): Promise<void> {
    while (this.#asleep !== undefined && !this.#isDead) await this.#asleep.promise;
    if (this.#isDead) await NEVER;
  }
}
