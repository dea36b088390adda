// Workspaces that are being imported.
import type { Migration } from "./migration.ts";

export const imports: Migration = {
  number: 15,
  name: "imports",
  up: ({ integer, text }) => [
    `create table imports (
      workspace_key ${text} primary key, archive ${text} not null, workspace_no ${integer} not null, begun_at ${integer} not null)`,
  ],
};
