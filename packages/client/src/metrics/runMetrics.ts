// Metrics of a run as they are read: which there are, and their rows. Charts of them are readers in this folder.
import type { PagedAsyncIterableIterator } from "@azure/core-paging";
import type { MetricDefinition, MetricPage, MetricSeries, MetricSeriesAsk, Page } from "../models.ts";
import { operations } from "../operations.generated.ts";
import type { OperationOptions } from "../options.ts";
import { paged } from "../paging.ts";
import type { Transport } from "../transport/transport.ts";

/** What one cell of a metric holds. Infinities and NaN are numbers. */
export type MetricCell = number | string | boolean | null;

/** A metric of a run. */
export interface RunMetric {
  name: string;
  /** Absent for what users log; `system` for what the service measured. */
  namespace?: string;
  /** What it was logged as: `azureml.v1.scalar`, `azureml.v1.table`, `azureml.v1.confusion_matrix`, … */
  kind: string;
  /** Its columns, and what they hold: int, double, string, bool, Artifact, none. */
  columns: Record<string, string>;
  /** How many rows it has; undefined where the server does not tell. */
  count: number | undefined;
}

/** One row of a metric: what was logged at once, or one row of a table. */
export interface MetricRow {
  /** When it was logged, RFC 3339 with microseconds. */
  createdUtc: string;
  step?: number;
  data: Record<string, MetricCell>;
}

export interface ListMetricsOptions extends OperationOptions {
  /** `system` for what the service measured. Default: what users log. */
  namespace?: string;
}
export interface MetricRowsOptions extends OperationOptions {
  namespace?: string;
  /** Only rows logged from then on. */
  from?: Date;
  /** Only rows logged up to then. */
  to?: Date;
}
export interface MetricSeriesOptions extends OperationOptions, Omit<MetricSeriesAsk, "runIds" | "names"> {}

type Path = Readonly<Record<string, string | undefined>>;

/** @internal */
export const listMetrics = (
  transport: Transport,
  path: Path,
  options: ListMetricsOptions,
): PagedAsyncIterableIterator<RunMetric, Page<RunMetric>> =>
  paged(options, async ({ continuationToken }) => {
    const page = await transport.json<{ value?: MetricDefinition[]; continuationToken?: string | null }>(
      operations.listMetrics,
      {
        path,
        json: { metricNamespace: options.namespace, continuationToken },
        retry: "always",
        options,
      },
    );
    return { value: (page.value ?? []).map(metricOf), ...token(page) };
  });

function metricOf({ metricKey, columns, properties, numValuesLogged }: MetricDefinition): RunMetric {
  return {
    name: metricKey?.name ?? "",
    ...(metricKey?.namespace ? { namespace: metricKey.namespace } : {}),
    kind: properties?.uxMetricType ?? "azureml.v1.scalar",
    columns: columns ?? {},
    count: numValuesLogged,
  };
}

/** @internal */
export const metricRows = (
  transport: Transport,
  path: Path,
  name: string,
  options: MetricRowsOptions,
): PagedAsyncIterableIterator<MetricRow, Page<MetricRow>> =>
  paged(options, async ({ continuationToken }) => {
    const page = await transport.json<MetricPage>(operations.getFullMetric, {
      path,
      json: {
        metricName: name,
        metricNamespace: options.namespace,
        continuationToken,
        startTime: options.from?.toISOString(),
        endTime: options.to?.toISOString(),
      },
      retry: "always",
      options,
    });
    return { value: (page.value ?? []).map((row) => rowOf(row, page.columns ?? {})), ...token(page) };
  });

function rowOf(
  { createdUtc, step, data }: NonNullable<MetricPage["value"]>[number],
  columns: Readonly<Record<string, string>>,
): MetricRow {
  const cells = Object.entries(data ?? {}).map(([column, cell]): [string, MetricCell] => [
    column,
    columns[column] === "double" || columns[column] === "int" ? numberOf(cell) : (cell as MetricCell),
  ]);
  return {
    createdUtc: createdUtc ?? "",
    ...(step === undefined ? {} : { step }),
    data: Object.fromEntries(cells),
  };
}

/** JSON has no word for NaN and the infinities: they come as texts. */
const numberOf = (cell: unknown): MetricCell =>
  typeof cell === "string" ? Number(cell) : (cell as MetricCell);

const token = (page: { continuationToken?: string | null }) =>
  page.continuationToken ? { continuationToken: page.continuationToken } : {};

/** @internal */
export async function metricSeries(
  transport: Transport,
  path: Path,
  { runIds, names }: Pick<MetricSeriesAsk, "runIds" | "names">,
  options: MetricSeriesOptions,
): Promise<MetricSeries[]> {
  const { namespace, x, from, to, points } = options;
  const answer = await transport.json<{ value: MetricSeries[] }>(operations.metricSeries, {
    path,
    json: { runIds, names, namespace, x, from, to, points },
    retry: "always",
    options,
  });
  return answer.value;
}
