// What the files that are kept for runs hold, per container, and with it who keeps how much: sums beside the stores, right after any
// kill. A write is told of before and after; what it left is counted by listing, afterwards and by nobody's request.
import type { KeptRoom, Quota, Quotas } from "../domain/queue/quotas.ts";
import type { Scope } from "../domain/scope.ts";

/** One write into a container, from before its first byte until after its last. */
export type FileWrite = { readonly id: string; readonly owner: string };

/** A container whose files are to be counted, as it was when it was asked for. */
export type Uncounted = { readonly scope: Scope; readonly container: string; readonly touched: number };

/** What one user, or a workspace, has of all that quotas are about. */
export type QuotaUse = { readonly [Name in keyof Required<Quota>]: number };
export type UserUse = { readonly objectId: string; readonly name: string; readonly used: QuotaUse };
export type QuotaPage = {
  readonly limits: Quotas;
  readonly workspace: QuotaUse;
  readonly users: readonly UserUse[];
  /** As `after`: the next page of users. */
  readonly next?: string;
};

export interface KeptFiles {
  /**
   * Says durably that files of the container are about to change. Answers what its owners may add; undefined: anything. A container that
   * is no run's belongs to the workspace alone. One of an unfinished run may always grow.
   */
  begins(scope: Scope, container: string, write: FileWrite): Promise<KeptRoom | undefined>;
  /** The write is over, and added so many bytes at most; `staged`: as blocks that are to be seen later. May be repeated. */
  ends(
    scope: Scope,
    container: string,
    write: FileWrite & { readonly bytes: number; readonly staged: boolean },
  ): Promise<void>;
  /** Containers that were changed and into which nobody writes now. */
  uncounted(limit: number): Promise<readonly Uncounted[]>;
  /** Its files hold so much. Of no effect when it was changed meanwhile. */
  counted(container: Uncounted, bytes: number): Promise<void>;
  /** Ends the writes of servers that are gone, and those of `owner`, who asks, that are not among `open`. */
  endLost(owner: string, open: readonly string[]): Promise<void>;
  /** What a workspace has of its quotas, and a page of its users, or the one user. */
  used(
    scope: Scope,
    ask: { readonly user?: string; readonly after?: string; readonly limit: number },
  ): Promise<QuotaPage>;
}
