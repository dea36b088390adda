// Which files the definition of a run at work names: looked at in the transaction that removes a run, so it must be found at once.
import type { Migration } from "./migration.ts";

export const namedFiles: Migration = {
  number: 20,
  name: "named-files",
  up: ({ text }) => [
    `alter table run_work add column names ${text}`,
    // Of runs that are there already it is the whole definition, in which the names are found all the same.
    `update run_work set names = (select b.definition from run_bodies as b where b.run_no = run_work.run_no and b.definition like '%dcid.%')`,
    "create index run_work_names on run_work (workspace_no) where names is not null",
  ],
};
