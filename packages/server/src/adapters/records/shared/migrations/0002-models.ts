// Registered models, their versions and aliases.
import type { Migration } from "./migration.ts";

export const models: Migration = {
  number: 2,
  name: "models",
  up: ({ counter, integer, text, ordered }) => [
    `create table models (
      no ${counter}, workspace_no ${integer} not null references workspaces (no), name ${text} not null,
      created_at ${integer} not null, changed_at ${integer} not null, revision ${integer} not null,
      last_version ${integer} not null, description ${text}, tags ${text} not null,
      unique (workspace_no, name))`,
    "create index models_newest on models (workspace_no, created_at, no)",

    `create table model_versions (
      no ${counter}, workspace_no ${integer} not null references workspaces (no),
      model_no ${integer} not null references models (no), version ${integer} not null,
      created_at ${integer} not null, changed_at ${integer} not null, revision ${integer} not null,
      description ${text}, stage ${text} not null, framework ${text}, run_id ${text}, source ${text},
      tags ${text} not null, properties ${text} not null, origin ${text} not null, more ${text} not null,
      unique (model_no, version))`,
    "create index model_versions_newest on model_versions (workspace_no, created_at, no)",
    "create index model_versions_by_run on model_versions (workspace_no, run_id, created_at, no) where run_id is not null",

    `create table model_aliases (
      model_no ${integer} not null references models (no), alias ${text} not null, version ${integer} not null,
      primary key (model_no, alias))${ordered}`,
  ],
};
