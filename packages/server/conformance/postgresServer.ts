// A real PostgreSQL for tests: started by the scripts beside the repository, or one that is there already. Each test has a schema of
// its own, so that tests may run side by side.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export type PostgresUnderTest = AsyncDisposable & {
  /** Of the database; the user may make schemas. */
  readonly url: string;
  /** The URL with a schema that no other test uses. */
  freshUrl(): string;
  /** Undefined for a server that was there already: nobody stops that one. */
  readonly control: { stop(): Promise<void>; start(): Promise<void> } | undefined;
};

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("../../../../shared/engines/postgres.sh", import.meta.url));
const START_MS = 300_000;

/** A database that is there already: `MALACHITE_TEST_POSTGRES=postgres://user:password@host/database`. */
const given = (): string | undefined => process.env.MALACHITE_TEST_POSTGRES;

/** Why tests with PostgreSQL cannot run here; undefined when they can, and so must. */
export function withoutPostgres(): string | undefined {
  if (given() !== undefined) return undefined;
  if (process.platform !== "linux") return "PostgreSQL is started for tests on Linux alone";
  if (!existsSync(SCRIPT))
    return "PostgreSQL is not started here: there are no scripts for engines beside the repository";
  if (process.getuid?.() !== 0) return "PostgreSQL is started for tests by root alone";
  return undefined;
}

/** Installs what is missing and starts a server. Ask `withoutPostgres` first. */
export async function startPostgres(): Promise<PostgresUnderTest> {
  const there = given();
  if (there !== undefined)
    return { url: there, freshUrl: fresh(there), control: undefined, [Symbol.asyncDispose]: async () => {} };
  const folder = mkdtempSync(join(tmpdir(), "malachite-postgres-"));
  const script = async (command: string): Promise<string> =>
    (await run(SCRIPT, [command, folder], { timeout: START_MS })).stdout;
  const stop = async () => {
    await script("stop");
  };
  const dispose = async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  let url: string;
  try {
    url = /DATABASE_URL=(\S+)/.exec(await script("start"))?.[1] ?? "";
  } catch (error) {
    // Why it did not start is what is to be told, not that there was nothing to stop.
    await dispose().catch(() => {});
    throw error;
  }
  const start = async () => {
    await script("start");
  };
  return { url, freshUrl: fresh(url), control: { stop, start }, [Symbol.asyncDispose]: dispose };
}

let schemas = 0;

const fresh = (url: string) => (): string => {
  schemas += 1;
  return `${url}?schema=test_${process.pid}_${Date.now().toString(36)}_${schemas}`;
};
