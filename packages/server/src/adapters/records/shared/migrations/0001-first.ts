// The tables of the first release. Every index here serves a list or a claim; plans.test.ts shows which.
import type { Migration } from "./migration.ts";

export const first: Migration = {
  number: 1,
  name: "first",
  up: ({ counter, integer, text, ordered }) => [
    `create table workspaces (
      no ${counter}, key ${text} not null unique, subscription_id ${text} not null, resource_group ${text} not null,
      name ${text} not null, created_at ${integer} not null)`,

    `create table experiments (
      no ${counter}, workspace_no ${integer} not null references workspaces (no), id ${text} not null, name ${text} not null,
      created_at ${integer} not null, description ${text}, tags ${text} not null, archived_at ${integer},
      last_number ${integer} not null, latest_run_id ${text}, latest_run_at ${integer},
      unique (workspace_no, name), unique (workspace_no, id))`,
    "create index experiments_newest on experiments (workspace_no, created_at, no)",

    `create table runs (
      no ${counter}, workspace_no ${integer} not null references workspaces (no),
      experiment_no ${integer} not null references experiments (no), number ${integer} not null, id ${text} not null,
      origin ${text} not null, fingerprint ${text}, parent_id ${text}, root_id ${text} not null,
      created_at ${integer} not null, created_by ${text} not null, user_id ${text} not null, tenant_id ${text} not null,
      target ${text} not null, pool ${text}, snapshot_id ${text}, container_id ${text} not null,
      version ${integer} not null, life_version ${integer} not null, changed_at ${integer} not null,
      status ${text} not null, started_at ${integer} not null, ended_at ${integer}, hidden ${integer} not null,
      name ${text}, display_name ${text}, run_type ${text}, orchestrator ${text}, script_name ${text},
      life ${text} not null, about ${text} not null,
      unique (workspace_no, id), unique (experiment_no, number))`,
    "create index runs_newest on runs (workspace_no, created_at, no)",
    "create index runs_newest_of_experiment on runs (experiment_no, created_at, no)",
    "create index runs_by_status on runs (workspace_no, status, created_at, no)",
    "create index runs_by_status_of_experiment on runs (experiment_no, status, created_at, no)",
    "create index runs_by_start on runs (workspace_no, started_at, no)",
    "create index runs_by_start_of_experiment on runs (experiment_no, started_at, no)",
    "create index runs_by_root on runs (workspace_no, root_id, created_at, no)",
    "create index runs_by_parent on runs (workspace_no, parent_id, created_at, no) where parent_id is not null",
    "create index runs_on_top on runs (workspace_no, created_at, no) where parent_id is null",
    "create index runs_on_top_of_experiment on runs (experiment_no, created_at, no) where parent_id is null",

    `create table run_bodies (
      run_no ${integer} primary key references runs (no), definition ${text}, sent ${text}, plan ${text})`,

    `create table run_labels (
      workspace_no ${integer} not null, kind ${text} not null, key ${text} not null, value ${text} not null,
      created_at ${integer} not null, run_no ${integer} not null references runs (no),
      primary key (workspace_no, kind, key, value, created_at, run_no))${ordered}`,

    `create table run_story (
      run_no ${integer} not null references runs (no), n ${integer} not null, at ${integer} not null,
      event ${text} not null, status ${text} not null, actor ${text} not null, cause ${text}, detail ${text},
      primary key (run_no, n))${ordered}`,

    `create table run_work (
      run_no ${integer} primary key references runs (no), pool ${text}, stage ${text} not null,
      lease_token ${text} unique, lease_owner ${text}, lease_until ${integer})`,
    "create index run_work_line on run_work (stage, pool, run_no)",
  ],
};
