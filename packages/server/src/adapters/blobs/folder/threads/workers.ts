// A few worker threads, started when first needed, that keep heavy work away from the event loop.
import { Worker } from "node:worker_threads";
import { MalachiteError } from "@malachite/core";
import { cancel, newCancelFlag } from "./cancelled.ts";
import { DOING, receiveError, type TaskAnswer, type TaskAsk, type TaskName } from "./tasks.ts";
import type { WorkerAnswer, WorkerAsk } from "./worker.ts";

type Job = {
  readonly ask: WorkerAsk;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
};

/** Does tasks in order of asking, `count` at once. Idle workers do not keep the process alive. */
export class Workers implements AsyncDisposable {
  readonly #entry: URL;
  readonly #count: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Job>();
  readonly #waiting: Job[] = [];
  #closed = false;

  constructor(entry: URL, count: number) {
    this.#entry = entry;
    this.#count = count;
  }

  /** Rejects with the task's MalachiteError, or with the signal's reason when it is aborted. */
  async run<N extends TaskName>(name: N, ask: TaskAsk<N>, signal?: AbortSignal): Promise<TaskAnswer<N>> {
    signal?.throwIfAborted();
    if (this.#closed)
      throw new MalachiteError("Stopping", `${DOING[name]} is not begun: the service is stopping.`);
    const flag = newCancelFlag();
    const { promise, resolve, reject } = Promise.withResolvers<TaskAnswer<N>>();
    const job: Job = { ask: { name, ask, flag }, resolve: resolve as Job["resolve"], reject, signal };
    const onAbort = () => {
      cancel(flag);
      const at = this.#waiting.indexOf(job);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(job);
    this.#pump();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Gives up what is running and ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const stopping = () => new MalachiteError("Stopping", "The service is stopping.");
    for (const job of this.#waiting.splice(0)) job.reject(stopping());
    const busy = [...this.#busy];
    for (const [, job] of busy) cancel(job.ask.flag);
    // Busy ones clean up behind themselves and answer; they are ended when they do.
    await Promise.all(busy.map(([worker]) => new Promise((done) => worker.once("exit", done))));
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
  }

  #pump(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? (this.#busy.size < this.#count ? this.#start() : undefined);
      if (!worker) return;
      const job = this.#waiting.shift() as Job;
      this.#busy.set(worker, job);
      worker.ref();
      worker.postMessage(job.ask);
    }
  }

  #start(): Worker {
    const worker = new Worker(this.#entry, { execArgv: conditions(process.execArgv) });
    worker.on("message", (answer: WorkerAnswer) => this.#answered(worker, answer));
    worker.on("error", (error) => this.#lost(worker, error));
    worker.on("exit", () => this.#lost(worker, new Error("The worker thread has ended.")));
    return worker;
  }

  #answered(worker: Worker, answer: WorkerAnswer): void {
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    if (this.#closed) void worker.terminate();
    else {
      worker.unref();
      this.#idle.push(worker);
    }
    if (job) settle(job, answer, this.#closed);
    this.#pump();
  }

  /** A worker that died (out of memory, most likely) fails its own task only; the next task starts a new one. */
  #lost(worker: Worker, error: unknown): void {
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    job?.reject(
      new MalachiteError("Unexpected", `${DOING[job.ask.name]} failed: its worker thread died.`, {
        cause: error,
      }),
    );
    if (!this.#closed) this.#pump();
  }
}

/**
 * The import conditions among Node's arguments: run from source, the worker needs them. Others would be handed down too, and
 * some of those (--input-type) stop a worker from starting.
 */
export function conditions(args: readonly string[]): string[] {
  return args.filter(
    (arg, i) => /^(--conditions|-C)(=|$)/.test(arg) || /^(--conditions|-C)$/.test(args[i - 1] ?? ""),
  );
}

function settle(job: Job, answer: WorkerAnswer, closed: boolean): void {
  if (answer.ok) job.resolve(answer.value as never);
  else if (answer.error !== "aborted") job.reject(receiveError(answer.error));
  else
    job.reject(
      !closed && job.signal?.aborted
        ? job.signal.reason
        : new MalachiteError("Stopping", "The service is stopping."),
    );
}
