// Metrics. Points lie in order of time, so that reading a history is one walk; ids are an index of their own, for those that have one.
import type { Migration } from "./migration.ts";

export const metrics: Migration = {
  number: 4,
  name: "metrics",
  up: ({ counter, integer, real, text, ordered }) => [
    `create table metrics (
      no ${counter}, run_no ${integer} references runs (no), namespace ${text} not null, name ${text} not null,
      columns ${text} not null, ux_type ${text}, points ${integer} not null, last_seq ${integer} not null,
      data_bytes ${integer} not null, lowest_step ${integer} not null, highest_step ${integer} not null,
      first_at ${real} not null, last_at ${real} not null, has_latest ${integer} not null, latest_value ${real},
      latest_step ${integer} not null, latest_at ${real} not null, unique (run_no, namespace, name))`,

    `create table metric_points (
      metric_no ${integer} not null references metrics (no), at ${real} not null, step ${integer} not null,
      seq ${integer} not null, stepped ${integer} not null, value ${real}, id ${text}, data ${text},
      primary key (metric_no, at, step, seq))${ordered}`,
    "create unique index metric_points_by_id on metric_points (id, metric_no) where id is not null",
  ],
};
