// Tells followers and the keeper inside this process that a run has changed. Only makes them quick: the record is the truth.

import type { Run } from "../domain/run/run.ts";
import { workspaceKey } from "../domain/scope.ts";
import { LiveNews } from "./liveNews.ts";

export type Which = Pick<Run, "scope" | "id">;
type Listener = (now: Run) => void;

/** What happened in this process, for whoever passes it on to others. */
export type Told = { readonly kind: "changed"; readonly run: Which } | { readonly kind: "queueMoved" };

/** Where changes of runs are announced. `queued` listeners hear of anything that may let a waiting run begin. */
export class RunNews {
  readonly #listeners = new Map<string, { readonly which: Which; readonly set: Set<Listener> }>();
  readonly #queued = new Set<() => void>();
  #passOn: ((what: Told) => void) | undefined;
  /** The same for streams that show everything; tellNews.ts tells it. */
  readonly live = new LiveNews();

  /** Says that the run has changed to this. Listeners are called before it returns. */
  changed(run: Run): void {
    this.changedElsewhere(run);
    this.#passOn?.({ kind: "changed", run: { scope: run.scope, id: run.id } });
  }

  /** Says that a run was queued or a slot became free. */
  queueMoved(): void {
    this.queueMovedElsewhere();
    this.#passOn?.({ kind: "queueMoved" });
  }

  /** The same for what another process has told: it is not passed on. */
  changedElsewhere(run: Run): void {
    for (const listener of [...(this.#listeners.get(keyOf(run))?.set ?? [])]) listener(run);
  }

  queueMovedElsewhere(): void {
    for (const listener of [...this.#queued]) listener();
  }

  /** Calls back at every change until the returned function is called. */
  onChange(run: Which, listener: Listener): () => void {
    const key = keyOf(run);
    const found = this.#listeners.get(key) ?? { which: { scope: run.scope, id: run.id }, set: new Set() };
    this.#listeners.set(key, found);
    found.set.add(listener);
    return () => {
      found.set.delete(listener);
      if (found.set.size === 0 && this.#listeners.get(key) === found) this.#listeners.delete(key);
    };
  }

  onQueueMoved(listener: () => void): () => void {
    this.#queued.add(listener);
    return () => this.#queued.delete(listener);
  }

  /** Whether anybody wants to hear of the run. */
  isHeard(run: Which): boolean {
    return this.#listeners.has(keyOf(run));
  }

  /** The runs that somebody wants to hear of. */
  heard(): readonly Which[] {
    return [...this.#listeners.values()].map(({ which }) => which);
  }

  /** One may pass on what happens in this process. */
  passOn(take: (what: Told) => void): () => void {
    this.#passOn = take;
    return () => {
      this.#passOn = undefined;
    };
  }
}

/** One text for a run, the same for every spelling of its workspace. */
export const keyOf = (run: Which): string => `${workspaceKey(run.scope)}/${run.id}`;
