// A metric of the newer API becomes what is kept. What is wrong with it is told, so that its neighbours can be kept.
import type { metric } from "@malachite/contract";
import type { Instant } from "../scope.ts";
import { columnType, readCell } from "./cells.ts";
import { parseInstant } from "./instants.ts";
import type { MetricCell, MetricColumnType, MetricPost, MetricRow } from "./metric.ts";

export type MetricFault = { readonly target: string; readonly message: string };

/** `at` is the time of values that come without one. `columns` grow by what the values turn out to be. */
export function readMetricV2(
  sent: metric.IMetricV2,
  at: Instant,
): { readonly post: MetricPost } | { readonly fault: MetricFault } {
  const columns = new Map<string, MetricColumnType>();
  for (const [column, name] of Object.entries(sent.columns ?? {})) {
    const type = columnType(name);
    if (type === undefined)
      return fault(
        `columns.${column}`,
        `'${name.slice(0, 60)}' is no type of a column. Int, Double, String, Bool and Artifact are.`,
      );
    columns.set(column, type);
  }
  const rows: MetricRow[] = [];
  for (const [i, value] of (sent.value ?? []).entries()) {
    const data: [string, MetricCell][] = [];
    for (const [column, given] of Object.entries(value.data ?? {})) {
      const type = columns.get(column) ?? "none";
      const read = readCell(given, type);
      if (!read)
        return fault(
          `value[${i}].data.${column}`,
          `${shown(given)} is no ${type === "none" ? "value of a metric" : type}.`,
        );
      if (read.type !== type || !columns.has(column)) columns.set(column, read.type);
      data.push([column, read.cell]);
    }
    rows.push({
      ...(value.metricId === undefined ? {} : { metricId: value.metricId }),
      createdAt: value.createdUtc === undefined ? at : parseInstant(value.createdUtc),
      ...(value.step === undefined ? {} : { step: value.step }),
      data: Object.fromEntries(data),
    });
  }
  const uxMetricType = sent.properties?.uxMetricType;
  return {
    post: {
      name: sent.name ?? "",
      ...(sent.namespace ? { namespace: sent.namespace } : {}),
      columns: Object.fromEntries(columns),
      ...(uxMetricType ? { uxMetricType } : {}),
      rows,
    },
  };
}

const fault = (target: string, message: string) => ({ fault: { target, message } });

/** A value as a message names it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
