// A real PostgreSQL for tests: started by the scripts beside the repository, or one that is there already. Each test has a schema of
// its own, so that tests may run side by side.
import { startEngine, withoutScript } from "./engineScripts.ts";

export type PostgresUnderTest = AsyncDisposable & {
  /** Of the database; the user may make schemas. */
  readonly url: string;
  /** The URL with a schema that no other test uses. */
  freshUrl(): string;
  /** Undefined for a server that was there already: nobody stops that one. */
  readonly control: { stop(): Promise<void>; start(): Promise<void> } | undefined;
};

/** A database that is there already: `MALACHITE_TEST_POSTGRES=postgres://user:password@host/database`. */
const given = (): string | undefined => process.env.MALACHITE_TEST_POSTGRES;

/** Why tests with PostgreSQL cannot run here; undefined when they can, and so must. */
export const withoutPostgres = (): string | undefined =>
  given() === undefined ? withoutScript("PostgreSQL", "postgres.sh") : undefined;

/** Installs what is missing and starts a server. Ask `withoutPostgres` first. */
export async function startPostgres(): Promise<PostgresUnderTest> {
  const there = given();
  if (there !== undefined)
    return { url: there, freshUrl: fresh(there), control: undefined, [Symbol.asyncDispose]: async () => {} };
  const engine = await startEngine("postgres.sh");
  const url = engine.facts.DATABASE_URL ?? "";
  return {
    url,
    freshUrl: fresh(url),
    control: engine,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

let schemas = 0;

const fresh = (url: string) => (): string => {
  schemas += 1;
  return `${url}?schema=test_${process.pid}_${Date.now().toString(36)}_${schemas}`;
};
