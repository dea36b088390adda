// Tells live streams inside this process that something happened. Only makes them quick: what changed is read from the records.
import type { Run } from "../domain/run/run.ts";
import { type Scope, workspaceKey } from "../domain/scope.ts";

/** What happened, and in which workspace; lines belong to none. A run that changed nobody knows where has no workspace. */
export type Happened =
  | { readonly kind: "run"; readonly workspace?: string }
  | {
      readonly kind: "metrics";
      readonly workspace: string;
      readonly runId: string;
      readonly names: readonly string[];
    }
  | { readonly kind: "files"; readonly workspace: string; readonly runId: string }
  | { readonly kind: "queue"; readonly target?: string };

type Listener = (what: Happened) => void;

export class LiveNews {
  readonly #listeners = new Set<Listener>();
  #passOn: Listener | undefined;

  /** What lists show of a run has changed. */
  runChanged(scope: Scope): void {
    this.#tell(() => ({ kind: "run", workspace: workspaceKey(scope) }));
  }

  /** The run has moved in the line of its target, or out of it. */
  lineMoved({ pool, target }: Pick<Run, "pool" | "target">): void {
    if (pool !== undefined) this.#tell(() => ({ kind: "queue", target }));
  }

  /** Something moved, and nobody knows where. */
  anyLineMoved(): void {
    this.#tell(() => ({ kind: "queue" }));
  }

  measured(scope: Scope, runId: string, names: () => readonly string[]): void {
    this.#tell(() => ({ kind: "metrics", workspace: workspaceKey(scope), runId, names: names() }));
  }

  filesChanged(scope: Scope, runId: string): void {
    this.#tell(() => ({ kind: "files", workspace: workspaceKey(scope), runId }));
  }

  /** Calls back at everything until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What another process has told: it is not passed on. */
  happenedElsewhere(what: Happened): void {
    for (const listener of [...this.#listeners]) listener(what);
  }

  /** One may pass on what happens in this process. */
  passOn(take: Listener): () => void {
    this.#passOn = take;
    return () => {
      this.#passOn = undefined;
    };
  }

  /** Costs nothing while nobody listens. */
  #tell(make: () => Happened): void {
    if (this.#listeners.size === 0 && !this.#passOn) return;
    const what = make();
    this.happenedElsewhere(what);
    this.#passOn?.(what);
  }
}
