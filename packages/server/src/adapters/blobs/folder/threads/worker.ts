// The entry of a worker thread: does one task after the other as they are sent. Holds no state.
import { parentPort } from "node:worker_threads";
import type { CancelFlag } from "./cancelled.ts";
import { type SentError, sendError, TASKS, type TaskAnswer, type TaskAsk, type TaskName } from "./tasks.ts";

export type WorkerAsk = {
  readonly name: TaskName;
  readonly ask: TaskAsk<TaskName>;
  readonly flag: CancelFlag;
};
export type WorkerAnswer =
  | { readonly ok: true; readonly value: TaskAnswer<TaskName> }
  | { readonly ok: false; readonly error: SentError | "aborted" };

parentPort?.on("message", async ({ name, ask, flag }: WorkerAsk) => {
  const task = TASKS[name] as (ask: TaskAsk<TaskName>, flag: CancelFlag) => Promise<TaskAnswer<TaskName>>;
  const answer: WorkerAnswer = await task(ask, flag).then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error: sendError(name, error) }),
  );
  parentPort?.postMessage(answer);
});
