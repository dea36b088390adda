// What waiting runs take of their owners' quotas, in the index of the line: those of an owner at its quota are passed over in it.
import type { Migration } from "./migration.ts";

export const shares: Migration = {
  number: 14,
  name: "shares",
  up: ({ integer }) => [
    `alter table run_work add column engine_gpus ${integer} not null default 0`,
    "drop index run_work_line",
    `create index run_work_line on run_work (stage, pool, wants_gpus, priority desc, run_no, nodes, gpus, workspace_no, user_id,
      engine_gpus)`,
  ],
};
