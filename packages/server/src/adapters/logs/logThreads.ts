// Threads that read logs, started when first needed. A thread that does not get on is ended, whatever it is doing.
import { Worker } from "node:worker_threads";
import { MalachiteError, type OpenFile } from "@malachite/core";
import {
  CONTROL,
  CONTROL_NUMBERS,
  type FromThread,
  PIECE_BYTES,
  SLOTS,
  type ToThread,
} from "./threads/messages.ts";
import type { TaskAnswer, TaskAsk, TaskName } from "./threads/tasks.ts";

/** A file, and how much of it the task sees. */
export type TaskFile = { readonly file: OpenFile; readonly sizeBytes: number };

/** The file is shorter than it was. */
export class CutShort extends Error {
  override readonly name = "CutShort";
}

type Job = {
  readonly task: TaskName;
  readonly ask: unknown;
  readonly files: readonly TaskFile[];
  readonly signal: AbortSignal;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
};

/** An expression may take so long on one line: a thousand times what any sensible one takes. */
const STALLED_AFTER_MS = 3000;
const LOOK_EVERY_MS = 250;
/** A thread hears that its task is not wanted with its next beat, unless it is caught in one line. */
const CANCELLED_WITHIN_MS = 500;

export class LogThreads implements AsyncDisposable {
  readonly #entry: URL;
  readonly #count: number;
  readonly #stalledAfterMs: number;
  readonly #idle: LogThread[] = [];
  readonly #busy = new Set<LogThread>();
  readonly #waiting: Job[] = [];
  #closed = false;

  constructor(entry: URL, count: number, stalledAfterMs = STALLED_AFTER_MS) {
    this.#entry = entry;
    this.#count = count;
    this.#stalledAfterMs = stalledAfterMs;
  }

  /** Throws CutShort, BadPattern, what reading the file throws, and the signal's reason; only when nothing reads the files any more. */
  async run<N extends TaskName>(
    task: N,
    ask: TaskAsk<N>,
    files: readonly TaskFile[],
    signal: AbortSignal,
  ): Promise<TaskAnswer<N>> {
    signal.throwIfAborted();
    if (this.#closed) throw stopping();
    const { promise, resolve, reject } = Promise.withResolvers<TaskAnswer<N>>();
    const job: Job = { task, ask, files, signal, resolve: resolve as Job["resolve"], reject };
    const leave = () => {
      const at = this.#waiting.indexOf(job);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    this.#waiting.push(job);
    this.#pump();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.reject(stopping());
    await Promise.all([...this.#idle.splice(0), ...this.#busy].map((thread) => thread.end()));
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#busy.size < this.#count) {
      const thread = this.#idle.pop() ?? new LogThread(this.#entry, this.#stalledAfterMs);
      const job = this.#waiting.shift() as Job;
      this.#busy.add(thread);
      void thread.run(job).then(() => {
        this.#busy.delete(thread);
        if (!thread.ended && !this.#closed) this.#idle.push(thread);
        this.#pump();
      });
    }
  }
}

const stopping = () => new MalachiteError("Stopping", "The service is stopping.");

class LogThread {
  readonly #worker: Worker;
  readonly #control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_NUMBERS));
  readonly #slots = new Uint8Array(new SharedArrayBuffer(SLOTS * PIECE_BYTES));
  readonly #stalledAfterMs: number;
  #listen: (message: FromThread) => void = () => {};
  #lost: (error: unknown) => void = () => {};
  /** Why it is ended before its task. */
  #why: MalachiteError | undefined;
  ended = false;

  constructor(entry: URL, stalledAfterMs: number) {
    this.#stalledAfterMs = stalledAfterMs;
    this.#worker = new Worker(entry, {
      name: "logs",
      workerData: { control: this.#control, slots: this.#slots.buffer },
      execArgv: conditions(process.execArgv),
    });
    this.#worker.unref();
    this.#worker.on("message", (message: FromThread) => this.#listen(message));
    this.#worker.on("error", (error) => this.#lose(error));
    this.#worker.on("exit", () => this.#lose(new Error("The thread has ended.")));
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.#worker.terminate();
  }

  /** Settles the job, and resolves when the thread is free for the next or has ended. */
  async run(job: Job): Promise<void> {
    this.#worker.ref();
    this.#control.fill(0);
    const reading = new Set<Promise<void>>();
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#lost = reject;
      this.#listen = (message) => {
        if (message.kind === "done") resolve(message.answer);
        else if (message.kind === "failed") reject(errorOf(message));
        else {
          const read = this.#give(message, job).catch((error) => {
            failed.reject(error);
            this.#tell({ kind: "noPiece", id: message.id });
          });
          reading.add(read);
          void read.finally(() => reading.delete(read));
        }
      };
    });
    answer.catch(() => {});
    const cancel = (): void => {
      Atomics.store(this.#control, CONTROL.cancelled, 1);
    };
    job.signal.addEventListener("abort", cancel, { once: true });
    if (job.signal.aborted) cancel();
    const isReading = () => reading.size > 0 || Atomics.load(this.#control, CONTROL.reading) !== 0;
    const watch = this.#watch(job, isReading);
    try {
      const files = job.files.map(({ file, sizeBytes }) => ({ sizeBytes, descriptor: file.descriptor }));
      this.#tell({ kind: "start", task: job.task, ask: job.ask, files });
      const value = await answer;
      await Promise.all(reading);
      job.resolve(value as never);
    } catch (error) {
      await Promise.all(reading);
      // What reading the file threw says more than that it could not be read.
      const cause = await Promise.race([failed.promise, Promise.resolve(error)]).catch((first) => first);
      job.reject(job.signal.aborted ? job.signal.reason : cause);
    } finally {
      clearInterval(watch);
      job.signal.removeEventListener("abort", cancel);
      this.#listen = () => {};
      this.#lost = () => {};
      if (!this.ended) this.#worker.unref();
    }
  }

  /** Fills a slot with a piece of the file. */
  async #give({ id, file, slot, from, to }: Extract<FromThread, { kind: "want" }>, { files }: Job) {
    let bytes = 0;
    for await (const chunk of (files[file] as TaskFile).file.read(from, to)) {
      const part = chunk.subarray(0, PIECE_BYTES - bytes);
      this.#slots.set(part, slot * PIECE_BYTES + bytes);
      bytes += part.length;
    }
    this.#tell({ kind: "piece", id, bytes });
  }

  /** Ends a thread that does not wait for a piece and yet does not get on: it is caught in an expression. */
  #watch({ task, signal }: Job, isReading: () => boolean): NodeJS.Timeout {
    let beats = -1;
    let since = performance.now();
    return setInterval(() => {
      const now = performance.now();
      const current = Atomics.load(this.#control, CONTROL.beats);
      // Without a first beat the thread is still starting.
      if (current !== beats || current === 0 || isReading()) {
        beats = current;
        since = now;
        return;
      }
      const patience = signal.aborted ? CANCELLED_WITHIN_MS : this.#stalledAfterMs;
      // All other tasks take time in proportion to what they read.
      if (now - since < patience || (task !== "search" && !signal.aborted)) return;
      const line = Atomics.load(this.#control, CONTROL.line);
      this.#why = new MalachiteError(
        "BadPattern",
        `The expression takes too long on line ${line}. Make it simpler: nested repetitions such as (a+)+ may take for ever.`,
        { target: "text" },
      );
      void this.end();
    }, LOOK_EVERY_MS).unref();
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #lose(cause: unknown): void {
    this.ended = true;
    this.#lost(
      this.#why ?? new MalachiteError("Unexpected", "Reading the log failed: its thread died.", { cause }),
    );
  }
}

function errorOf({ why, text }: Extract<FromThread, { kind: "failed" }>): unknown {
  switch (why) {
    case "cut":
      return new CutShort(text);
    case "pattern":
      return new MalachiteError("BadPattern", `The expression cannot be read: ${text}`, { target: "text" });
    default:
      return new MalachiteError("Unexpected", "Reading the log failed.", { cause: new Error(text) });
  }
}

/** The import conditions among Node's arguments: run from source, a thread needs them. Others may stop it from starting. */
const conditions = (args: readonly string[]): string[] =>
  args.filter(
    (arg, i) => /^(--conditions|-C)(=|$)/.test(arg) || /^(--conditions|-C)$/.test(args[i - 1] ?? ""),
  );
