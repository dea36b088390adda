// Registered datastores, and the default of each workspace where one was set.
import type { Migration } from "./migration.ts";

export const datastores: Migration = {
  number: 7,
  name: "datastores",
  up: ({ counter, integer, text }) => [
    `create table datastores (
      no ${counter}, workspace_no ${integer} not null references workspaces (no), name ${text} not null, type ${text} not null,
      created_at ${integer} not null, changed_at ${integer} not null, tags ${text} not null, section ${text} not null,
      sealed ${text}, unique (workspace_no, name))`,
    `create table datastore_defaults (
      workspace_no ${integer} primary key references workspaces (no), name ${text} not null)`,
  ],
};
