// Rows of a metric as a table: what log_table and log_row logged, and lists and scalars as tables of one column.
import type { MetricCell, MetricRow, RunMetric } from "../runMetrics.ts";

export interface MetricTableColumn {
  name: string;
  /** int, double, string, bool, Artifact or none. */
  type: string;
  /** A cell for each row; undefined where the row has nothing in the column, as rows that were logged before there was the column. */
  cells: readonly (MetricCell | undefined)[];
}

/** The columns of the rows in the order in which they were logged first; columns that only rows have come behind. */
export function tableOf(
  rows: readonly MetricRow[],
  { columns }: Pick<RunMetric, "columns">,
): readonly MetricTableColumn[] {
  const names = new Set(Object.keys(columns));
  for (const { data } of rows) for (const name of Object.keys(data)) names.add(name);
  return [...names].map((name) => ({
    name,
    type: (Object.hasOwn(columns, name) ? columns[name] : undefined) ?? "none",
    cells: rows.map(({ data }) => (Object.hasOwn(data, name) ? data[name] : undefined)),
  }));
}
