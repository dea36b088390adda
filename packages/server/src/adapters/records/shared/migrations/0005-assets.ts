// Assets: what names the files of a registered model.
import type { Migration } from "./migration.ts";

export const assets: Migration = {
  number: 5,
  name: "assets",
  up: ({ counter, integer, text }) => [
    `create table assets (
      no ${counter}, workspace_no ${integer} not null references workspaces (no), id ${text} not null, name ${text} not null,
      created_at ${integer} not null, changed_at ${integer} not null, revision ${integer} not null, type ${text},
      description ${text}, run_id ${text}, files ${text} not null, tags ${text} not null, properties ${text} not null,
      meta ${text} not null, unique (workspace_no, id))`,
    "create index assets_newest on assets (workspace_no, created_at, no)",
    "create index assets_by_run on assets (workspace_no, run_id, created_at, no) where run_id is not null",
  ],
};
