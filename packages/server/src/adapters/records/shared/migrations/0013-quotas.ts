// Whose the runs are that somebody has to work on, so that they are counted for quotas without a look at the runs.
import type { Migration } from "./migration.ts";

export const quotas: Migration = {
  number: 13,
  name: "quotas",
  up: ({ integer, text }) => [
    `alter table run_work add column workspace_no ${integer}`,
    `alter table run_work add column user_id ${text}`,
    `update run_work set workspace_no = (select workspace_no from runs where no = run_no),
      user_id = (select user_id from runs where no = run_no)`,
    "create index run_work_of on run_work (workspace_no, user_id, stage)",
  ],
};
