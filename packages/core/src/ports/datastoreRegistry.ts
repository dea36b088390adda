// Where registered datastores are kept, and which of them is a workspace's default. Secrets come here sealed.
import type { Datastore } from "../domain/datastore/datastore.ts";
import type { Instant, Scope } from "../domain/scope.ts";

export type NewDatastore = Omit<Datastore, "createdAt" | "changedAt">;

export interface DatastoreRegistry {
  /** False when the name is taken; then nothing is changed. */
  create(datastore: NewDatastore, at: Instant): Promise<boolean>;
  /** Replaces the one of that name. False when it is not there. */
  replace(datastore: NewDatastore, at: Instant): Promise<boolean>;
  get(scope: Scope, name: string): Promise<Datastore | undefined>;
  /** In order of name. `after` is the last name of the page before. */
  list(
    scope: Scope,
    ask: { readonly names?: readonly string[]; readonly after?: string; readonly limit: number },
  ): Promise<readonly Datastore[]>;
  /** Removes one, or all. False when there was none. A default that goes is none any more. */
  remove(scope: Scope, name: string | undefined): Promise<boolean>;
  /** Undefined when none was set. */
  defaultName(scope: Scope): Promise<string | undefined>;
  setDefault(scope: Scope, name: string, at: Instant): Promise<void>;
}
