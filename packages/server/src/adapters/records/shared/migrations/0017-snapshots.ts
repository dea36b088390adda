// Which projects runs name. Ids of snapshots are compared in small letters.
import type { Migration } from "./migration.ts";

export const snapshots: Migration = {
  number: 17,
  name: "snapshots",
  up: () => [
    "create index runs_of_snapshot on runs (workspace_no, lower(snapshot_id)) where snapshot_id is not null",
  ],
};
