// Registered environments, their versions and labels.
import type { Migration } from "./migration.ts";

export const environments: Migration = {
  number: 3,
  name: "environments",
  up: ({ counter, integer, text, ordered }) => [
    `create table environments (
      no ${counter}, workspace_no ${integer} not null references workspaces (no), name ${text} not null,
      last_number ${integer} not null, newest_no ${integer}, unique (workspace_no, name))`,

    `create table environment_versions (
      no ${counter}, environment_no ${integer} not null references environments (no), version ${text} not null,
      created_at ${integer} not null, fingerprint ${text} not null, definition ${text} not null,
      unique (environment_no, version))`,
    "create index environment_versions_by_content on environment_versions (environment_no, fingerprint, no)",

    `create table environment_labels (
      environment_no ${integer} not null references environments (no), label ${text} not null,
      version_no ${integer} not null references environment_versions (no), primary key (environment_no, label))${ordered}`,
  ],
};
