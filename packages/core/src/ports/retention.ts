// What of the records may go, and what is owed of it. The records go first, in one transaction with all that could refer to them; the
// files follow, and are owed until they are gone: so a kill at any moment leaves a debt, and nothing that refers to nothing.
import type { EndedRun } from "../domain/retention/policy.ts";
import type { Instant, Scope } from "../domain/scope.ts";

/** A run that has ended; the newest come first. */
export type RetainedRun = EndedRun & {
  readonly container: string;
  readonly parentId?: string;
  /** What its files hold; undefined where that is yet to be counted. */
  readonly bytes?: number;
  /** Its files are gone, or going. */
  readonly hasNoFiles: boolean;
};

/** Files that are to go: of a run that is gone, or only those of a run that stays. */
export type Removal = {
  readonly scope: Scope;
  readonly runId: string;
  readonly container: string;
  readonly what: "run" | "files";
};

export interface Retention {
  /** A page of the ended runs of a workspace. `after` is the `next` of the page before. */
  ended(
    scope: Scope,
    ask: { readonly after?: string; readonly limit: number },
  ): Promise<{ readonly values: readonly RetainedRun[]; readonly next?: string }>;
  /** What still refers to the run, in words; undefined when it may go, after `below` of the runs right below it. */
  keeper(scope: Scope, runId: string, what: Removal["what"], below: number): Promise<string | undefined>;
  /**
   * Removes the run, or marks its files as going, unless something refers to it: then answers that. Its files are owed from then on.
   * The id is never given to another run. A run that is gone already is success. From then on `RunStore.create` refuses definitions that
   * name these files.
   */
  remove(scope: Scope, runId: string, what: Removal["what"], at: Instant): Promise<string | undefined>;
  /** Those of the snapshots that a run of the workspace names, in small letters. */
  referred(scope: Scope, snapshotIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Removals whose files may still be there. */
  owed(limit: number): Promise<readonly Removal[]>;
  /** The files are gone. `bytes` is what they held. */
  paid(removal: Removal, bytes: number): Promise<void>;
  /** Whether it is the asker's turn to do what one of several servers does every so often; held until then, unless renewed. */
  takeTurn(
    name: string,
    ask: { readonly owner: string; readonly everyMs: number; readonly leaseMs: number },
  ): Promise<boolean>;
  /** The turn is over, or (`more`) goes on. False when it is another's by now. */
  keepTurn(
    name: string,
    ask: { readonly owner: string; readonly leaseMs: number; readonly more: boolean },
  ): Promise<boolean>;
}
