// What MLflow's clients keep beside what the SDK knows: parameters, datasets and models of runs, and models by themselves.
import type { Migration } from "./migration.ts";

export const tracking: Migration = {
  number: 6,
  name: "tracking",
  up: ({ counter, integer, real, text, ordered }) => [
    `alter table experiments add column changed_at ${integer}`,

    `create table run_params (
      run_no ${integer} not null references runs (no), key ${text} not null, value ${text} not null,
      primary key (run_no, key))${ordered}`,

    `create table run_datasets (
      run_no ${integer} not null references runs (no), name ${text} not null, digest ${text} not null, context ${text},
      body ${text} not null, primary key (run_no, name, digest))${ordered}`,

    `create table run_models (
      run_no ${integer} not null references runs (no), way ${text} not null, model_id ${text} not null,
      step ${integer} not null, primary key (run_no, way, model_id, step))${ordered}`,

    `create table logged_models (
      no ${counter}, workspace_no ${integer} not null references workspaces (no),
      experiment_no ${integer} not null references experiments (no), id ${text} not null, name ${text} not null,
      type ${text}, source_run_id ${text}, state ${text} not null, created_at ${integer} not null,
      changed_at ${integer} not null, deleted ${integer} not null, params ${text} not null, tags ${text} not null,
      unique (workspace_no, id))`,
    "create index logged_models_newest on logged_models (experiment_no, created_at, no)",

    `create table logged_model_metrics (
      model_no ${integer} not null references logged_models (no), name ${text} not null, dataset_name ${text} not null,
      dataset_digest ${text} not null, run_id ${text} not null, value ${real}, step ${integer} not null,
      at ${integer} not null, primary key (model_no, name, dataset_name, dataset_digest, run_id))${ordered}`,
  ],
};
