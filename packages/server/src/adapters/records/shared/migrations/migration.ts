// What a migration is. A migration that was released is never changed: write the next one.
import type { Dialect } from "../executor.ts";

export type Migration = {
  /** From 1, without gaps. */
  readonly number: number;
  readonly name: string;
  /** The statements, run in one transaction together with the note that they were. */
  readonly up: (types: Dialect["types"]) => readonly string[];
};
