// A name of the records themselves, wherever they are reached: a data folder notes whose files it has.
import { randomUUID } from "node:crypto";
import type { Migration } from "./migration.ts";

export const recordsId: Migration = {
  number: 21,
  name: "records-id",
  up: ({ text }) => [
    `create table records_id (id ${text} not null)`,
    `insert into records_id values ('${randomUUID()}')`,
  ],
};
