// The PostgreSQL records against the suite of all record stores, on a real server.
import { after, it } from "node:test";
import { openPostgresRecords } from "../src/adapters/records/postgres/postgresRecords.ts";
import { BUNDLED_THREADS } from "./bundledThreads.ts";
import { type PostgresUnderTest, startPostgres, withoutPostgres } from "./postgresServer.ts";
import { recordsOver } from "./recordsUnderTest.ts";
import { runStoreConformance } from "./runStore.ts";

const missing = withoutPostgres();
if (missing !== undefined) it("the PostgreSQL records", { skip: missing }, () => {});
else {
  let server: Promise<PostgresUnderTest> | undefined;
  after(async () => {
    await (await server)?.[Symbol.asyncDispose]();
  });
  runStoreConformance("the PostgreSQL records", async () => {
    server ??= startPostgres();
    const url = (await server).freshUrl();
    return await recordsOver((quotas) =>
      openPostgresRecords({ url, quotas, entry: BUNDLED_THREADS.postgres }),
    );
  });
}
