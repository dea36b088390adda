// What the files of each container hold, and the sums of it. Those of runs that have ended are counted once, after the start.
import type { Migration } from "./migration.ts";

export const keptFiles: Migration = {
  number: 18,
  name: "kept-files",
  up: ({ integer, text }) => [
    `create table kept_files (
      workspace_no ${integer} not null references workspaces (no), container_id ${text} not null, user_id ${text} not null,
      bytes ${integer} not null, pending ${integer} not null, touched ${integer} not null, due_at ${integer},
      primary key (workspace_no, container_id))`,
    "create index kept_files_due on kept_files (due_at) where due_at is not null",
    `create table kept_sums (
      workspace_no ${integer} not null references workspaces (no), user_id ${text} not null, bytes ${integer} not null,
      primary key (workspace_no, user_id))`,
    `create table kept_writes (
      id ${text} primary key, owner ${text} not null, workspace_no ${integer} not null, container_id ${text} not null)`,
    "create index kept_writes_into on kept_writes (workspace_no, container_id)",
    `insert into kept_files (workspace_no, container_id, user_id, bytes, pending, touched, due_at)
      select workspace_no, container_id, user_id, 0, 0, 0, 0 from runs where status in ('Completed', 'Failed', 'Canceled')
      on conflict do nothing`,
  ],
};
