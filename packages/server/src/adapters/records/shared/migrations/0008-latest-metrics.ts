// Searches of runs by the newest value of a metric: an index of each experiment's, in order of the value.
import type { Migration } from "./migration.ts";

export const latestMetrics: Migration = {
  number: 8,
  name: "latest metrics",
  up: ({ integer, real }) => [
    `alter table metrics add column experiment_no ${integer}`,
    `alter table metrics add column latest_order ${real}`,
    `update metrics set experiment_no = (select r.experiment_no from runs as r where r.no = metrics.run_no),
      latest_order = case when run_no is null or has_latest = 0 or namespace <> '' then null
        when latest_value > 1.7976931348623157e308 then 1.7976931348623157e308
        when latest_value < -1.7976931348623157e308 then -1.7976931348623157e308 else latest_value end`,
    `create index metrics_by_latest on metrics (experiment_no, name, latest_order, run_no)
      where namespace = '' and has_latest = 1`,
  ],
};
