// Many writes, one durable commit, over one connection. All servers of a database take turns: who writes holds one lock from the first
// statement to the commit, for that is what the statements of `shared` are written for. So nobody ever has to be told that two writes
// stood in each other's way, and a number that is given later is committed later.
import { CompiledQuery } from "kysely";
import type { Name } from "../shared/operations.ts";
import { answered } from "../shared/workers/answered.ts";
import { errorText, type Question, type Told } from "../shared/workers/messages.ts";
import { ADVICE, faultOf, isAway, isForAgain, isOfServer, reasonOf, unavailable } from "./faults.ts";
import { type Link, pause } from "./link.ts";
import type { Session } from "./session.ts";

export type Write = Question & { readonly at: number };

/** So many writes share a commit at most, and those that are not begun after so long take the next one: others wait for their turn. */
export const MOST_PER_COMMIT = 512;
const MOST_MS = 100;
/** So long a write is tried again when the database is lost. */
const PATIENCE_MS = 20_000;

/** "MLCH": beside it the schema, so that two services in one database do not wait for each other. */
export const WRITE_LOCK = 0x4d_4c_43_48;

/** A refused write has left something behind, which only a savepoint takes back. */
class NeedsSavepoints extends Error {}

export type Committed = { readonly told: readonly Told[]; readonly left: readonly Write[] };

export class GroupCommit {
  readonly #link: Link;
  readonly #schema: string;
  #session: Session | undefined;

  constructor(link: Link, schema: string) {
    this.#link = link;
    this.#schema = schema;
  }

  /** The connection, made if need be. Throws DatabaseUnavailable. */
  async session(until: number, patienceMs?: number): Promise<Session> {
    if (this.#session && !this.#session.isLost) return this.#session;
    this.#session = await this.#link.open(until, patienceMs);
    return this.#session;
  }

  /**
   * Runs the writes in order in one transaction and commits. What the database has not done because it was lost is done again over
   * another connection, and nothing is done twice: where the answer to a commit was lost, the database is asked what became of it.
   */
  async commit(writes: readonly Write[]): Promise<Committed> {
    let left = writes;
    const told: Told[] = [];
    for (let careful = false; ; ) {
      try {
        const done = await this.#attempt(left, careful);
        return { told: [...told, ...done.told], left: done.left };
      } catch (error) {
        if (error instanceof NeedsSavepoints) {
          careful = true;
          continue;
        }
        const isHopeless = error instanceof Unknown || !(isAway(error) || isForAgain(error));
        const now = Date.now();
        const over = left.filter(({ at }) => isHopeless || at + PATIENCE_MS <= now);
        told.push(...over.map(({ id, name }) => this.#refused(id, name, error)));
        left = left.filter((write) => !over.includes(write));
        if (left.length === 0) return { told, left: [] };
        await pause(20 + 30 * Math.random());
      }
    }
  }

  #refused(id: number, name: Name, error: unknown): Told {
    const doing = `The records could not be written (${name})`;
    const what = error instanceof Unknown ? error.cause : faultOf(error, doing, this.#link.shown);
    return { id, error: errorText(what, doing, ADVICE) };
  }

  async #attempt(writes: readonly Write[], careful: boolean): Promise<Committed> {
    const first = Math.min(...writes.map(({ at }) => at));
    const session = await this.session(first + PATIENCE_MS);
    try {
      session.before("begin");
      const [begun] = await session.all<{ xid: string }>(
        CompiledQuery.raw(
          `select pg_advisory_xact_lock(${WRITE_LOCK}, hashtext($1)), cast(pg_current_xact_id() as text) as xid`,
          [this.#schema],
        ) as CompiledQuery<{ xid: string }>,
      );
      session.isLazy = !careful;
      const told: Told[] = [];
      const started = Date.now();
      for (const write of writes) {
        if (told.length > 0 && Date.now() - started > MOST_MS) break;
        told.push(await this.#one(session, write, careful));
      }
      const left = writes.slice(told.length);
      await this.#end(session, begun?.xid ?? "", first + PATIENCE_MS);
      return { told, left };
    } catch (error) {
      if (session.isLost) throw error;
      await session.command("rollback").catch(() => session.drop());
      // What waited for the commit has failed there.
      if (!careful && isOfServer(error) && !isAway(error) && !isForAgain(error)) throw new NeedsSavepoints();
      throw error;
    } finally {
      session.isLazy = false;
    }
  }

  async #one(session: Session, write: Write, careful: boolean): Promise<Told> {
    session.wrote = false;
    if (careful) session.before("savepoint one");
    try {
      const told = await answered(session, write);
      if (careful) session.before("release one");
      return told;
    } catch (error) {
      if (session.isLost || isAway(error) || isForAgain(error)) throw error;
      if (careful) {
        session.before("rollback to one");
        session.before("release one");
      } else if (session.wrote || isOfServer(error)) throw new NeedsSavepoints();
      return this.#refused(write.id, write.name, error);
    }
  }

  async #end(session: Session, xid: string, until: number): Promise<void> {
    let isCommitted = false;
    try {
      isCommitted = await session.command("commit");
    } catch (error) {
      if (!session.isLost) throw error;
      await this.#outcome(xid, until, error);
      return;
    }
    if (!isCommitted) throw new Error("the database rolled the transaction back");
  }

  /** Resolves when the transaction was committed; throws what asks for another try when it was not. */
  async #outcome(xid: string, until: number, lost: unknown): Promise<void> {
    const query = CompiledQuery.raw("select pg_xact_status(cast($1 as xid8)) as status", [xid]);
    for (;;) {
      let status: string | null | undefined;
      try {
        const session = await this.session(until);
        const rows = await session.all(query as CompiledQuery<{ status: string | null }>);
        status = rows[0]?.status;
      } catch (error) {
        if (!isAway(error) && Date.now() < until && this.#session?.isLost) continue;
        if (Date.now() >= until || !isAway(error)) throw this.#unknown(error);
        continue;
      }
      if (status === "committed") return;
      if (status === "aborted") throw lost;
      if (status === null || Date.now() >= until) throw this.#unknown(lost);
      await pause(100);
    }
  }

  #unknown(why: unknown): Unknown {
    const what = `The database was lost while it wrote (${reasonOf(why)}): whether this was done is not known`;
    return new Unknown(what, { cause: unavailable(what, this.#link.shown, why) });
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }
}

/** Nobody can tell whether a transaction was committed: it must not be done again. The cause is what is told. */
class Unknown extends Error {}
