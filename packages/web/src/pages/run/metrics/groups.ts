// Which panels a run's metrics make, and how they are put together: by what stands before the first `/` of a name. Pure.
import { CHART_KINDS, type RunMetric } from "@malachite/client";

/** How a metric is shown. */
export type PanelKind = "plot" | "value" | "table" | "images" | "chart";

export type Group = {
  /** What its names begin with, without the `/`; "" for names without one. */
  readonly prefix: string;
  readonly metrics: readonly RunMetric[];
  readonly isSystem: boolean;
};

const NUMBERS = new Set(["int", "double"]);

/** A column of the metric that plots can show, if there is just one column. */
const isNumeric = ({ columns }: RunMetric): boolean => {
  const types = Object.values(columns);
  return types.length === 1 && NUMBERS.has((types[0] ?? "").toLowerCase());
};

export function panelKind(metric: RunMetric): PanelKind {
  if (/^azureml\.v\d\.image$/.test(metric.kind)) return "images";
  if (Object.hasOwn(CHART_KINDS, metric.kind)) return "chart";
  const isScalar = /^azureml\.v\d\.(scalar|list)$/.test(metric.kind);
  if (!isScalar || Object.keys(metric.columns).length > 1) return "table";
  if (metric.count === 1) return "value";
  return isNumeric(metric) ? "plot" : "table";
}

/** Whether a name has all the words in it. */
export function hasWords(name: string, words: string): boolean {
  const small = name.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => small.includes(word));
}

/** Groups by prefix in the order of the alphabet, names without prefix first, the service's own last. */
export function groupsOf(metrics: readonly RunMetric[], words = ""): readonly Group[] {
  const groups = new Map<string, RunMetric[]>();
  for (const metric of metrics) {
    if (!hasWords(metric.name, words)) continue;
    const isSystem = metric.namespace !== undefined;
    const slash = metric.name.indexOf("/");
    const prefix = slash > 0 ? metric.name.slice(0, slash) : "";
    const key = isSystem ? " " : `/${prefix}`;
    const some = groups.get(key) ?? [];
    some.push(metric);
    groups.set(key, some);
  }
  const made = [...groups].map(
    ([key, some]): Group => ({
      prefix: key === " " ? "system" : key.slice(1),
      metrics: some.sort((a, b) => order.compare(a.name, b.name)),
      isSystem: key === " ",
    }),
  );
  return made.sort((a, b) => Number(a.isSystem) - Number(b.isSystem) || order.compare(a.prefix, b.prefix));
}

const order = new Intl.Collator("en", { numeric: true });

/** The name below its group's heading. */
export const shortName = (name: string, prefix: string): string =>
  prefix !== "" && name.startsWith(`${prefix}/`) ? name.slice(prefix.length + 1) : name;
