// The PostgreSQL records against the suite of all record stores, on a real server.
import { after, it } from "node:test";
import {
  openPostgresRecords,
  type PostgresRecords,
} from "../src/adapters/records/postgres/postgresRecords.ts";
import { type PostgresUnderTest, startPostgres, withoutPostgres } from "./postgresServer.ts";
import { type RecordsUnderTest, runStoreConformance } from "./runStore.ts";

const missing = withoutPostgres();
if (missing !== undefined) it("the PostgreSQL records", { skip: missing }, () => {});
else {
  let server: Promise<PostgresUnderTest> | undefined;
  after(async () => {
    await (await server)?.[Symbol.asyncDispose]();
  });

  const make = async (): Promise<RecordsUnderTest> => {
    server ??= startPostgres();
    const url = (await server).freshUrl();
    const open = () => openPostgresRecords({ url });
    let records = await open();
    const others: PostgresRecords[] = [];
    return {
      get records() {
        return records;
      },
      async another() {
        const other = await open();
        others.push(other);
        return other;
      },
      async reopen() {
        await records.close();
        records = await open();
        return records;
      },
      async [Symbol.asyncDispose]() {
        for (const one of [...others, records]) await one.close();
      },
    };
  };

  runStoreConformance("the PostgreSQL records", make);
}
