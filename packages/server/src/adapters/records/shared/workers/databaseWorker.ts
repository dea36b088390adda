// A database worker as its service sees it: asked by name, answered by promise, started when first needed and again after a
// death.
import { Worker } from "node:worker_threads";
import { MalachiteError } from "@malachite/core";
import type { Answer, Arguments, Name } from "../operations.ts";
import { type Ask, errorOf, type News, type Role, type WorkerSettings } from "./messages.ts";

type Pending = { readonly resolve: (answer: never) => void; readonly reject: (error: Error) => void };

export class DatabaseWorker {
  readonly #settings: WorkerSettings;
  readonly #entry: URL;
  readonly #note: (text: string) => void;
  #running: Running | undefined;
  #closed = false;

  /** `entry` is the program of the thread; `note` takes what it wants the operator to read. */
  constructor(settings: WorkerSettings, entry: URL, note: (text: string) => void = () => {}) {
    this.#settings = settings;
    this.#entry = entry;
    this.#note = note;
  }

  /** Begins to start the thread, so that the first call need not. */
  start(): void {
    this.#worker();
  }

  /** Resolves once a writer's file is open, a reader's thread started. Throws StorageFailed when the file cannot be opened. */
  async open(): Promise<void> {
    await this.#worker().ready;
  }

  /**
   * Throws what the operation throws; StorageFailed when the worker dies meanwhile (whether a write happened is then unknown; the
   * next call starts a new worker); Stopping after `close`.
   */
  async call<N extends Name>(name: N, args: Arguments<N>): Promise<Answer<N>> {
    if (this.#closed)
      throw new MalachiteError(
        "Stopping",
        "The service is stopping and takes no more work. Ask again when it is up.",
      );
    return this.#worker().call(name, args);
  }

  /** Finishes what was asked, then ends the worker. May be repeated. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.close();
  }

  #worker(): Running {
    if (!this.#running || this.#running.dead)
      this.#running = new Running(this.#settings, this.#entry, this.#note);
    return this.#running;
  }
}

/** One life of the worker thread. */
class Running {
  dead = false;
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #role: Role;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #why: MalachiteError | undefined;

  constructor(settings: WorkerSettings, entry: URL, note: (text: string) => void) {
    this.#role = settings.role;
    this.#worker = new Worker(entry, {
      name: `records-${settings.role}`,
      workerData: settings,
      execArgv: inheritedArguments(process.execArgv),
    });
    const opened = Promise.withResolvers<void>();
    this.ready = opened.promise;
    // Whoever asks first may not have waited for `open`; the failure reaches them through their call.
    this.ready.catch(() => {});
    this.#worker.on("message", (news: News) => {
      if ("ready" in news) opened.resolve();
      else if ("failed" in news) this.#why = errorOf(news.failed);
      else if ("note" in news) note(news.note);
      else if ("told" in news) this.#answer(news.told);
    });
    this.#worker.on("error", (error) => {
      this.#why ??= new MalachiteError(
        "StorageFailed",
        `The ${this.#role} of the records has died: ${error.message}`,
        {
          cause: error,
        },
      );
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.dead = true;
        const why =
          this.#why ??
          new MalachiteError(
            "StorageFailed",
            `The ${this.#role} of the records has ended (exit code ${code}).`,
          );
        opened.reject(why);
        for (const { reject } of this.#pending.values()) reject(why);
        this.#pending.clear();
        resolve();
      });
    });
    this.ready.then(
      () => this.#idle(),
      () => {},
    );
  }

  call<N extends Name>(name: N, args: Arguments<N>): Promise<Answer<N>> {
    this.#lastId += 1;
    const ask = { id: this.#lastId, name, args: JSON.stringify(args) };
    return new Promise((resolve, reject) => {
      this.#pending.set(ask.id, { resolve, reject });
      this.#worker.ref();
      this.#send(ask);
    });
  }

  async close(): Promise<void> {
    this.#worker.ref();
    if (!this.dead) this.#send({ close: true });
    await this.#ended;
  }

  #send(ask: Ask): void {
    this.#worker.postMessage(ask);
  }

  #answer(told: Extract<News, { told: unknown }>["told"]): void {
    for (const one of told) {
      const pending = this.#pending.get(one.id);
      this.#pending.delete(one.id);
      if ("error" in one) pending?.reject(errorOf(one.error));
      else pending?.resolve((one.answer === undefined ? undefined : JSON.parse(one.answer)) as never);
    }
    this.#idle();
  }

  /** A worker without work keeps no process alive. */
  #idle(): void {
    if (this.#pending.size === 0) this.#worker.unref();
  }
}

/** How modules are found is inherited; what this process was started for (`--test`, `--eval`, a watcher) is not. */
function inheritedArguments(given: readonly string[]): string[] {
  const kept: string[] = [];
  for (const [i, argument] of given.entries()) {
    if (/^(--conditions|-C)=/.test(argument)) kept.push(argument);
    else if (argument === "--conditions" || argument === "-C")
      kept.push(`--conditions=${given[i + 1] ?? ""}`);
  }
  return kept;
}
