// The servers that share the records. For people, and so that none mistakes another's processes for its own; leases do not depend on it.
import type { Instant } from "../domain/scope.ts";

export type KnownServer = {
  /** Its name in leases. */
  readonly owner: string;
  /** The machine that it is on, as runs are bound to it. */
  readonly machine: string;
  /** Which processes it sees: the same for all servers of one machine. */
  readonly sight: string;
  readonly url: string;
  readonly startedAt: Instant;
  /** Not heard of until then, it is taken for dead. */
  readonly seenUntil: Instant;
};

export interface ServerList {
  /** Says that the server is there until `seenUntil`; answers all that are at `at`, itself too, the oldest first. */
  seen(server: KnownServer, at: Instant): Promise<readonly KnownServer[]>;
  /** The server has ended in peace. May be repeated. */
  gone(owner: string): Promise<void>;
}
