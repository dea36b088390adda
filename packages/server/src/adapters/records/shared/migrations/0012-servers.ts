// Several servers on one database: which machine a run at work is bound to, and which servers there are.
import type { Migration } from "./migration.ts";

export const servers: Migration = {
  number: 12,
  name: "servers",
  up: ({ integer, text }) => [
    `alter table run_work add column machine ${text}`,
    `create table servers (
      owner ${text} primary key, machine ${text} not null, sight ${text} not null, url ${text} not null,
      started_at ${integer} not null, seen_until ${integer} not null)`,
  ],
};
