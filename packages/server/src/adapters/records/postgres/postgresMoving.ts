// The database of the records for whoever moves a workspace out of it or into it, beside the servers that use it.
import { MalachiteError } from "@malachite/core";
import { CompiledQuery } from "kysely";
import type { Executor } from "../shared/executor.ts";
import type { Row, Value } from "../shared/moving/movedRows.ts";
import type { RecordsIn } from "../shared/moving/recordsIn.ts";
import { RecordsOut, type Snapshot } from "../shared/moving/recordsOut.ts";
import { parseAddress } from "./address.ts";
import { ADVICE, faultOf } from "./faults.ts";
import { WRITE_LOCK } from "./groupCommit.ts";
import { Link } from "./link.ts";
import type { Purpose, Session } from "./session.ts";

export type DatabasePlace = { readonly url: string; readonly password?: string };

/** "MLCI": one import at a time. It ends with its connection, however the program dies. */
const IMPORT_LOCK = 0x4d_4c_43_49;
const LIMIT_MS = 130_000;
const START_MS = 30_000;

async function connect(
  { url, password }: DatabasePlace,
  purpose: Purpose,
): Promise<[Session, string, string]> {
  const address = parseAddress(url, password);
  const link = new Link({ address, purpose, limitMs: LIMIT_MS, note: () => {} });
  return [await link.open(Date.now() + START_MS), address.schema, address.shown];
}

/** What fails is told as the service tells it. */
async function told<T>(doing: string, shown: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MalachiteError) throw error;
    const fault = faultOf(error, doing, shown);
    if (fault !== error) throw fault;
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`${doing}: ${words}. ${ADVICE}`, { cause: error });
  }
}

/** One transaction that sees one instant. Writers are not held up. */
export async function openPostgresOut(place: DatabasePlace): Promise<RecordsOut> {
  const [session, , shown] = await connect(place, "read");
  const reading = "The records could not be read";
  // Rows come by a cursor: each answer is short, however long all of it takes.
  await session.simple("begin transaction isolation level repeatable read read only");
  let cursors = 0;
  const ask = (text: string, parameters: readonly Value[] = []) =>
    told(reading, shown, () => session.lists(CompiledQuery.raw(text, [...parameters])));
  const snapshot: Snapshot = {
    gap: "$1",
    async *rows(text, parameters, most) {
      cursors += 1;
      const cursor = `moving_${cursors}`;
      // A cursor takes no parameters of its own; these are whole numbers and keys, written as the database writes them.
      const filled = text.replace("$1", parameters.map(literal).join());
      await told(reading, shown, () => session.simple(`declare ${cursor} no scroll cursor for ${filled}`));
      for (;;) {
        const some = (await ask(`fetch forward ${most} from ${cursor}`)) as readonly Row[];
        if (some.length > 0) yield some;
        if (some.length < most) break;
      }
      await session.simple(`close ${cursor}`);
    },
    async [Symbol.asyncDispose]() {
      await session.close();
    },
  };
  return new RecordsOut(snapshot);
}

/** Numbers, and keys of workspaces, which have no quotes: they are written percent by percent. */
function literal(value: Value): string {
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  const text = String(value);
  if (/^[\w%.!~*()/-]*$/.test(text)) return `'${text}'`;
  return `'${text.replaceAll("'", "''")}'`;
}

/** Writes take turns with those of the servers. */
export async function openPostgresIn(place: DatabasePlace): Promise<RecordsIn> {
  const [session, schema, shown] = await connect(place, "write");
  const writing = "The records could not be written";
  const db: Executor = session;
  const [row] = await session.lists(
    CompiledQuery.raw(`select pg_try_advisory_lock(${IMPORT_LOCK}, hashtext($1))`, [schema]),
  );
  if (Number(row?.[0]) !== 1) {
    await session.close();
    throw new MalachiteError("Busy", `Another import into ${shown} is under way.`);
  }
  return {
    db,
    async transact(work) {
      return await told(writing, shown, async () => {
        session.before("begin");
        try {
          await session.all(
            CompiledQuery.raw(`select pg_advisory_xact_lock(${WRITE_LOCK}, hashtext($1))`, [schema]),
          );
          const done = await work();
          if (!(await session.command("commit"))) throw new Error("the database rolled the transaction back");
          return done;
        } catch (error) {
          if (!session.isLost) await session.command("rollback").catch(() => session.drop());
          throw error;
        }
      });
    },
    async reserve(table, last, count) {
      const sequence = `pg_get_serial_sequence('${schema}.${table}', 'no')`;
      const [row] = await session.lists(
        CompiledQuery.raw(`select setval(${sequence}, greatest(nextval(${sequence}), $1 + 1) + $2 - 1)`, [
          last,
          count,
        ]),
      );
      return Number(row?.[0]) - count + 1;
    },
    async [Symbol.asyncDispose]() {
      await session.close();
    },
  };
}
