// Where registered environments are kept: names, and under each its versions and their labels. A version never changes.
import type { RegisteredEnvironment } from "../domain/environment/registered.ts";
import type { Page } from "../domain/query/filter.ts";
import type { Instant, JsonObject, Scope } from "../domain/scope.ts";

/** Which version of a name: one, the one with that label, or the newest. */
export type WhichEnvironment = { readonly version?: string; readonly label?: string };

export interface EnvironmentRegistry {
  /**
   * The version of the name that has this fingerprint, or a new one: the next number that is not taken, or the version that was asked
   * for. Throws EnvironmentExists when that version has another fingerprint. `renews`: the definition brings a secret, which is no
   * part of its content; a version that is there has this one from now on.
   */
  register(
    scope: Scope,
    ask: {
      readonly name: string;
      readonly version?: string;
      readonly definition: JsonObject;
      readonly fingerprint: string;
      readonly renews?: boolean;
      readonly at: Instant;
    },
  ): Promise<RegisteredEnvironment>;
  get(scope: Scope, name: string, which: WhichEnvironment): Promise<RegisteredEnvironment | undefined>;
  /** The newest version of each name, in order of name. Throws BadContinuationToken. */
  list(
    scope: Scope,
    ask: { readonly after?: string; readonly limit: number },
  ): Promise<Page<RegisteredEnvironment>>;
  /** The labels of the version become these; other versions of the name lose them. False when there is no such version. */
  setLabels(scope: Scope, name: string, version: string, labels: readonly string[]): Promise<boolean>;
}
