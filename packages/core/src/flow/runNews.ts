// Tells followers and the keeper inside this process that a run has changed. Only makes them quick: the record is the truth.

import type { Run } from "../domain/run/run.ts";
import { workspaceKey } from "../domain/scope.ts";
import { LiveNews } from "./liveNews.ts";

type Which = Pick<Run, "scope" | "id">;
type Listener = (now: Run) => void;

/** Where changes of runs are announced. `queued` listeners hear of anything that may let a waiting run begin. */
export class RunNews {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #queued = new Set<() => void>();
  /** The same for streams that show everything; tellNews.ts tells it. */
  readonly live = new LiveNews();

  /** Says that the run has changed to this. Listeners are called before it returns. */
  changed(run: Run): void {
    for (const listener of [...(this.#listeners.get(keyOf(run)) ?? [])]) listener(run);
  }

  /** Says that a run was queued or a slot became free. */
  queueMoved(): void {
    for (const listener of [...this.#queued]) listener();
  }

  /** Calls back at every change until the returned function is called. */
  onChange(run: Which, listener: Listener): () => void {
    const key = keyOf(run);
    const set = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#listeners.get(key) === set) this.#listeners.delete(key);
    };
  }

  onQueueMoved(listener: () => void): () => void {
    this.#queued.add(listener);
    return () => this.#queued.delete(listener);
  }
}

/** One text for a run, the same for every spelling of its workspace. */
export const keyOf = (run: Which): string => `${workspaceKey(run.scope)}/${run.id}`;
