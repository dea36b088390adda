// Tables over very many runs: the order in which runs changed, how many there are, and what a search looks into.
import type { Migration } from "./migration.ts";

export const tables: Migration = {
  number: 11,
  name: "tables",
  up: ({ integer, text, ordered }) => [
    `alter table runs add column change_no ${integer} not null default 0`,
    "create index runs_by_change on runs (workspace_no, change_no) where change_no > 0",

    `create table run_counts (
      workspace_no ${integer} not null references workspaces (no),
      experiment_no ${integer} not null references experiments (no), status ${text} not null, hidden ${integer} not null,
      runs ${integer} not null, changed_at ${integer} not null,
      primary key (workspace_no, experiment_no, status, hidden))${ordered}`,
    `insert into run_counts select workspace_no, experiment_no, status, hidden, count(*), max(changed_at) from runs
      group by workspace_no, experiment_no, status, hidden`,

    `create table run_texts (
      workspace_no ${integer} not null references workspaces (no), created_at ${integer} not null,
      run_no ${integer} not null references runs (no), experiment_no ${integer} not null, words ${text} not null,
      primary key (workspace_no, created_at, run_no))${ordered}`,
    `insert into run_texts select r.workspace_no, r.created_at, r.no, r.experiment_no,
      lower(r.id || '\n' || coalesce(r.name, '') || '\n' || coalesce(r.display_name, '') || '\n' ||
        coalesce(r.script_name, '') || '\n' || r.created_by || '\n' || coalesce(t.tags, ''))
      from runs as r left join (
        select run_no, string_agg(key || '=' || value, '\n') as tags from run_labels where kind = 'tags' group by run_no
      ) as t on t.run_no = r.no order by r.workspace_no, r.created_at, r.no`,
  ],
};
