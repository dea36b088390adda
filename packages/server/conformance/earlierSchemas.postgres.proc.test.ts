// PostgreSQL schemas as every earlier release wrote them.
import { after, before, describe } from "node:test";
import { parseAddress } from "../src/adapters/records/postgres/address.ts";
import { openPostgresRecords } from "../src/adapters/records/postgres/postgresRecords.ts";
import { Session } from "../src/adapters/records/postgres/session.ts";
import { BUNDLED_THREADS } from "./bundledThreads.ts";
import { makeEarlier } from "./earlierSchemas.ts";
import { earlierSchemasSuite } from "./earlierSchemasSuite.ts";
import { type PostgresUnderTest, startPostgres, withoutPostgres } from "./postgresServer.ts";

describe("the PostgreSQL records of earlier releases", { skip: withoutPostgres() ?? false }, () => {
  let server: PostgresUnderTest;
  before(async () => {
    server = await startPostgres();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
  });
  earlierSchemasSuite(async (schema) => {
    const url = server.freshUrl();
    const address = parseAddress(url);
    const session = await Session.open(address, "write", 60_000);
    await session.simple(`create schema ${address.schema}`);
    await makeEarlier(
      session,
      (text) => session.simple(text),
      schema,
      (table) =>
        session.simple(`select setval(pg_get_serial_sequence('${table}', 'no'), max(no)) from ${table}`),
    );
    await session.close();
    return openPostgresRecords({ url, entry: BUNDLED_THREADS.postgres });
  });
});
