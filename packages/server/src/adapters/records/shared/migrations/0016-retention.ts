// What retention needs: which runs are gone, whose files are going or gone, whose turn it is, and the ways by which a run is referred to.
import type { Migration } from "./migration.ts";

export const retention: Migration = {
  number: 16,
  name: "retention",
  up: ({ integer, text }) => [
    `create table removed_runs (
      workspace_no ${integer} not null references workspaces (no), id ${text} not null, container_id ${text} not null,
      removed_at ${integer} not null, owed ${integer} not null, primary key (workspace_no, id))`,
    "create index removed_runs_owed on removed_runs (workspace_no, id) where owed = 1",
    `create table run_files (
      run_no ${integer} primary key references runs (no), bytes ${integer} not null, state ${integer} not null)`,
    "create index run_files_going on run_files (run_no) where state = 1",
    `create table turns (name ${text} primary key, owner ${text} not null, held_until ${integer} not null, done_at ${integer} not null)`,
    // A row of runs that goes is looked for in all that could name it.
    "create index run_labels_of_run on run_labels (run_no)",
    "create index run_texts_of_run on run_texts (run_no)",
    "create index model_versions_of_run on model_versions (workspace_no, run_id) where run_id is not null",
    "create index assets_of_run on assets (workspace_no, run_id) where run_id is not null",
    "create index logged_models_of_run on logged_models (workspace_no, source_run_id) where source_run_id is not null",
  ],
};
