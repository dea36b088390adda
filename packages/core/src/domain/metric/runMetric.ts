// Metrics of the older API, to what is kept and back. There, what was logged at once is a metric: one id, and a cell for each value.
import type { metric } from "@malachite/contract";
import type { Instant } from "../scope.ts";
import { columnType, readCell } from "./cells.ts";
import { parseInstant, printInstant } from "./instants.ts";
import type {
  MetricCell,
  MetricColumns,
  MetricColumnType,
  MetricDefinition,
  MetricPost,
  MetricRow,
} from "./metric.ts";
import { type MetricFault, shown } from "./readMetricV2.ts";

export const SCALAR = "azureml.v1.scalar";
export const TABLE = "azureml.v1.table";
const OLD_IMAGE = "azureml.v1.image";

/** Types are those that the schema says, or what the cells are. A clash with what is there widens the column: this API cannot tell. */
export function readRunMetric(
  sent: metric.Metric,
  at: Instant,
): { readonly post: MetricPost } | { readonly fault: MetricFault } {
  const name = sent.name ?? "";
  const uxMetricType = sent.metricType ?? SCALAR;
  const createdAt = sent.createdUtc === undefined ? at : parseInstant(sent.createdUtc);
  const head = { name, uxMetricType, onClash: "widen" } as const;
  if (sent.dataLocation) {
    const row = { createdAt, data: { [name]: sent.dataLocation }, ...idOf(sent.metricId, 0) };
    return { post: { ...head, columns: { [name]: "artifact" }, rows: [row] } };
  }
  const columns = new Map<string, MetricColumnType>();
  for (const { propertyId, name: column, type } of sent.schema?.properties ?? [])
    columns.set(propertyId ?? column ?? name, columnType(type ?? "") ?? "none");
  const cells: [string, MetricCell][][] = [];
  for (const [i, cell] of (sent.cells ?? []).entries()) {
    const read: [string, MetricCell][] = [];
    for (const [column, value] of Object.entries(cell)) {
      const type = columns.get(column) ?? "none";
      const one = readCell(value, type);
      if (!one)
        return {
          fault: {
            target: `cells[${i}].${column}`,
            message: `${shown(value)} is no ${type === "none" ? "value of a metric" : type}.`,
          },
        };
      columns.set(column, one.type);
      read.push([column, one.cell]);
    }
    cells.push(read);
  }
  const rows = uxMetricType === TABLE ? transposed(cells) : cells;
  return {
    post: {
      ...head,
      columns: Object.fromEntries(columns),
      rows: rows.map((data, i) => ({
        ...idOf(sent.metricId, i),
        createdAt,
        data: Object.fromEntries(data),
      })),
    },
  };
}

/** The rows of one post share its id: the first has it, the others have it with their number. */
const idOf = (metricId: string | undefined, i: number) =>
  metricId === undefined ? {} : { metricId: i === 0 ? metricId : `${metricId}.${i}` };

/** A table comes column by column, a cell for each value; rows are what is kept. */
function transposed(
  cells: readonly (readonly [string, MetricCell])[][],
): readonly (readonly [string, MetricCell])[][] {
  const rows: [string, MetricCell][][] = [];
  const seen = new Map<string, number>();
  for (const [column, value] of cells.flat()) {
    const row = seen.get(column) ?? 0;
    seen.set(column, row + 1);
    const there = rows[row] ?? [];
    there.push([column, value]);
    rows[row] = there;
  }
  return rows;
}

/** Rows that were posted as one metric of this API, or a row of the newer one. */
export type RowGroup = { readonly metricId?: string; readonly rows: readonly MetricRow[] };

/** Puts rows together that share an id. Rows of one group lie behind each other. */
export function groupRows(rows: readonly MetricRow[]): readonly RowGroup[] {
  const groups: { metricId?: string; rows: MetricRow[] }[] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    const [base, number] = splitId(row.metricId);
    if (last && number > 0 && splitId(last.rows.at(-1)?.metricId)[0] === base) last.rows.push(row);
    // A group that a page has cut in two goes on under an id of its own: readers drop an id that they know.
    else groups.push({ ...(number === 0 && base !== undefined ? { metricId: base } : {}), rows: [row] });
  }
  return groups;
}

function splitId(id: string | undefined): readonly [string | undefined, number] {
  const match = id === undefined ? null : /^(.{36})\.(\d+)$/s.exec(id);
  return match ? [match[1], Number(match[2])] : [id, 0];
}

/** A group as this API shows it; `idFor` makes an id for a group without one. */
export function printRunMetric(
  runId: string,
  definition: MetricDefinition,
  { rows, metricId }: RowGroup,
  idFor: (first: MetricRow) => string,
): metric.RunMetric {
  const { name } = definition;
  const uxType = definition.uxMetricType ?? (isPlain(definition) ? SCALAR : TABLE);
  const [first] = rows as readonly [MetricRow, ...MetricRow[]];
  const columns = Object.keys(definition.columns).filter((column) =>
    rows.some((row) => Object.hasOwn(row.data, column)),
  );
  const artifact = definition.columns[name] === "artifact" ? first.data[name] : undefined;
  const cells =
    artifact === undefined
      ? columns.flatMap((column) =>
          rows.map((row) => ({ [column]: printCell(row, column, definition.columns) })),
        )
      : [{ [name]: uxType === OLD_IMAGE ? artifact : null }];
  return {
    runId,
    metricId: metricId ?? idFor(first),
    dataContainerId: `dcid.${runId}`,
    metricType: uxType,
    createdUtc: printInstant(first.createdAt),
    name,
    numCells: cells.length,
    ...(typeof artifact === "string" ? { dataLocation: artifact } : {}),
    cells,
    schema: {
      numProperties: columns.length,
      properties: columns.map((column) => ({
        propertyId: column,
        name,
        type: OLD_TYPES[definition.columns[column] ?? "string"],
      })),
    },
  };
}

const OLD_TYPES = {
  int: "int",
  double: "float",
  string: "string",
  bool: "bool",
  artifact: "none",
  none: "none",
} as const satisfies Record<MetricColumnType, string>;

const isPlain = ({ name, columns }: MetricDefinition): boolean =>
  Object.keys(columns).every((column) => column === name);

/** Clients turn cells of doubles into floats: one that is missing must be a number too, and JSON has no word for NaN. */
export function printCell(row: MetricRow, column: string, columns: MetricColumns): MetricCell {
  const cell = Object.hasOwn(row.data, column) ? (row.data[column] ?? null) : null;
  if (cell === null) return columns[column] === "double" ? "NaN" : null;
  return typeof cell === "number" && !Number.isFinite(cell) ? String(cell) : cell;
}
