// What waiting runs need and what those at work hold: priority, nodes and GPUs, beside the one place that each takes.
import type { Migration } from "./migration.ts";

export const queue: Migration = {
  number: 9,
  name: "queue",
  up: ({ integer, text }) => [
    `alter table run_work add column priority ${integer} not null default 0`,
    `alter table run_work add column nodes ${integer} not null default 1`,
    `alter table run_work add column gpus ${integer} not null default 0`,
    `alter table run_work add column wants_gpus ${integer} not null default 0`,
    `alter table run_work add column gpu_ids ${text}`,
    "drop index run_work_line",
    "create index run_work_line on run_work (stage, pool, wants_gpus, priority desc, run_no, nodes, gpus)",
  ],
};
