// What a table of runs shows, as its address says it, made into what the API is asked.
import type { RunsView } from "../../app/router.tsx";

/** Columns whose values are not the record's own: `metrics/loss`, `params/lr`, `tags/owner`, `properties/x`. */
export const KEYED = /^(metrics|params|tags|properties)\/(.+)$/s;
export const DEFAULT_COLUMNS = [
  "status",
  "name",
  "experiment",
  "created",
  "duration",
  "target",
  "user",
] as const;
export const DEFAULT_SORT = { column: "created", descending: true } as const;

export type Sort = { readonly column: string; readonly descending: boolean };

/** The properties of a run by which the columns can be sorted. */
const SORTED_BY: Readonly<Record<string, string>> = {
  status: "status",
  name: "displayName",
  run: "runId",
  experiment: "experimentName",
  created: "createdUtc",
  started: "startTimeUtc",
  ended: "endTimeUtc",
  target: "target",
  user: "createdBy",
  script: "scriptName",
  changed: "lastModifiedUtc",
};

/** The columns that are shown, in order, each once. */
export function columnsOf({ columns }: RunsView, inExperiment: boolean): readonly string[] {
  const all = columns?.split(",").map(decodeURIComponent) ?? DEFAULT_COLUMNS;
  const chosen = [...new Set(all)].filter(
    (name) => name !== "" && !(inExperiment && !columns && name === "experiment"),
  );
  return chosen.length > 0 ? chosen : DEFAULT_COLUMNS;
}

/** Columns in an address. A comma in the name of a metric is no separator. */
export const printColumns = (columns: readonly string[]): string =>
  columns.map((name) => name.replace(/[%,]/g, encodeURIComponent)).join(",");

export function sortOf({ sort }: RunsView): Sort {
  const match = /^(.+) (asc|desc)$/s.exec(sort ?? "");
  return match?.[1] === undefined ? DEFAULT_SORT : { column: match[1], descending: match[2] === "desc" };
}

export const printSort = ({ column, descending }: Sort): string | undefined =>
  column === DEFAULT_SORT.column && descending === DEFAULT_SORT.descending
    ? undefined
    : `${column} ${descending ? "desc" : "asc"}`;

/** Whether a table can be sorted by the column. */
export const canSort = (column: string): boolean => column in SORTED_BY || KEYED.test(column);

export const statusesOf = ({ status }: RunsView): readonly string[] =>
  status?.split(",").filter(Boolean) ?? [];

export type RunsAsk = {
  readonly filter?: string;
  readonly search?: string;
  readonly experimentName?: string;
  readonly orderBy?: string;
  /** A table in this order can begin anywhere; others only so far down. */
  readonly reaches: "all" | 10_000;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** What the API is asked for a view. */
export function askOf(view: RunsView, experimentName: string | undefined): RunsAsk {
  const statuses = statusesOf(view);
  const [first] = statuses;
  const parts = [
    ...(view.children === "all" ? [] : ["parentRunId eq null"]),
    ...(statuses.length > 1 ? [`status in (${statuses.map(quoted).join(",")})`] : []),
    ...(statuses.length === 1 && first !== undefined ? [`status eq ${quoted(first)}`] : []),
    ...(view.filter === undefined ? [] : [`(${view.filter})`]),
  ];
  const { column, descending } = sortOf(view);
  const property = SORTED_BY[column] ?? column;
  const isDefault = printSort({ column, descending }) === undefined;
  return {
    ...(parts.length === 0 ? {} : { filter: parts.join(" and ") }),
    ...(view.q === undefined ? {} : { search: view.q }),
    ...(experimentName === undefined ? {} : { experimentName }),
    ...(isDefault ? {} : { orderBy: `${property} ${descending ? "desc" : "asc"}` }),
    reaches: isDefault && parts.length <= 1 && view.q === undefined ? "all" : 10_000,
  };
}
