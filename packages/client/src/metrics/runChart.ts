// Fetches the chart of a metric: its newest row names a file of the run, and the file holds the chart.
import type { FileResponse } from "../executionApi.ts";
import type { OperationOptions } from "../options.ts";
import { artifactOfMetric } from "./charts/artifactOfMetric.ts";
import { CHART_KINDS, type Chart, readChart } from "./charts/chart.ts";
import { ChartError } from "./charts/readValues.ts";
import type { MetricRow, RunMetric } from "./runMetrics.ts";

export type ReadChartOptions = OperationOptions;

/** A matrix of 1,000 classes is not half as long; more cannot be drawn. */
const MOST_BYTES = 32 * 1024 * 1024;

/** @internal */
export async function readRunChart(
  { name, kind }: Pick<RunMetric, "name" | "kind">,
  rows: AsyncIterable<MetricRow>,
  download: (path: string, count: number) => Promise<FileResponse>,
): Promise<Chart> {
  let newest: MetricRow | undefined;
  for await (const row of rows) newest = row;
  const cell = newest?.data[name];
  const file = artifactOfMetric(cell);
  if (!file)
    throw new ChartError(
      "",
      `The metric '${name}' names no file; ${JSON.stringify(cell) ?? "nothing"} is there.`,
    );
  const bytes = await (await download(file.path, MOST_BYTES + 1)).bytes();
  if (bytes.length > MOST_BYTES)
    throw new ChartError(
      "",
      `The file '${file.path}' has more than ${MOST_BYTES} bytes: no chart is so large.`,
    );
  return readChart(new TextDecoder().decode(bytes), CHART_KINDS[kind]);
}
