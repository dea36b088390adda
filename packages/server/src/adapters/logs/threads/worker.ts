// The entry of a thread that reads logs: one task after the other, the files of which it asks for piece by piece.
import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { PatternError } from "./matchers.ts";
import {
  CONTROL,
  type FromThread,
  PIECE_BYTES,
  type SentFile,
  type Shared,
  type ToThread,
} from "./messages.ts";
import { CutError, type LogSource, logSource } from "./source.ts";
import { TASKS, type TaskName } from "./tasks.ts";

const { control, slots } = workerData as Shared;
const memory = Buffer.from(slots);
const waiting = new Map<number, { resolve(bytes: number): void; reject(error: Error): void }>();
let lastId = 0;

const tell = (message: FromThread): void => parentPort?.postMessage(message);

class Cancelled extends Error {}

function beat(line = 0): void {
  control[CONTROL.beats] = ((control[CONTROL.beats] as number) + 1) | 0;
  control[CONTROL.line] = Math.min(line, 0x7fffffff);
  if (Atomics.load(control, CONTROL.cancelled) !== 0) throw new Cancelled("The task is not wanted any more.");
}

const source = ({ sizeBytes, descriptor }: SentFile, file: number): LogSource =>
  logSource(sizeBytes, PIECE_BYTES, async (half, from, to) => {
    const start = (file * 2 + half) * PIECE_BYTES;
    const bytes =
      descriptor === undefined
        ? await asked({ file, slot: file * 2 + half, from, to })
        : readHere(descriptor, start, from, to);
    return memory.subarray(start, start + bytes);
  });

/** The service reads the piece and says how long it is. */
function asked(piece: Pick<Extract<FromThread, { kind: "want" }>, "file" | "slot" | "from" | "to">) {
  lastId += 1;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  waiting.set(lastId, { resolve, reject });
  tell({ kind: "want", id: lastId, ...piece });
  return promise;
}

/** The file is held open for as long as the task runs. */
function readHere(descriptor: number, start: number, from: number, to: number): number {
  Atomics.store(control, CONTROL.reading, 1);
  try {
    return readSync(descriptor, memory, start, to - from, from);
  } finally {
    Atomics.store(control, CONTROL.reading, 0);
  }
}

parentPort?.on("message", (message: ToThread) => {
  if (message.kind === "start") {
    void run(message);
    return;
  }
  const reader = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.kind === "piece") reader?.resolve(message.bytes);
  else reader?.reject(new Cancelled("The file cannot be read."));
});

async function run({ task, ask, files }: Extract<ToThread, { kind: "start" }>): Promise<void> {
  try {
    beat();
    const work = TASKS[task as TaskName] as (
      ask: unknown,
      files: readonly LogSource[],
      beat: (line?: number) => void,
    ) => Promise<unknown>;
    tell({ kind: "done", answer: await work(ask, files.map(source), beat) });
  } catch (error) {
    const why =
      error instanceof Cancelled
        ? "cancelled"
        : error instanceof CutError
          ? "cut"
          : error instanceof PatternError
            ? "pattern"
            : "bug";
    const text =
      error instanceof Error ? (why === "bug" ? (error.stack ?? error.message) : error.message) : "";
    tell({ kind: "failed", why, text });
  }
}
