// Every value of a metric as a file, page by page: never more than the text of it is held.
import { isRestError, type RunMetric, type WorkspaceClient } from "@malachite/client";
import { csvLine } from "../parts/csv.ts";
import { saveFile } from "../parts/saveFile.ts";

/** Reads all rows and saves them; `count` is how many. */
export async function saveMetric(
  workspace: WorkspaceClient,
  runIds: readonly string[],
  metric: Pick<RunMetric, "name" | "namespace" | "columns">,
  onProgress?: (count: number) => void,
): Promise<number> {
  const columns = Object.keys(metric.columns);
  const many = runIds.length > 1;
  const parts = [csvLine([...(many ? ["run"] : []), "time", "step", ...columns])];
  let count = 0;
  const read = async (runId: string) => {
    const rows = workspace.run(runId).metricRows(metric.name, { namespace: metric.namespace });
    for await (const page of rows.byPage()) {
      parts.push(
        page.value
          .map(({ createdUtc, step, data }) =>
            csvLine([...(many ? [runId] : []), createdUtc, step, ...columns.map((column) => data[column])]),
          )
          .join(""),
      );
      count += page.value.length;
      onProgress?.(count);
    }
  };
  for (const runId of runIds)
    try {
      await read(runId);
    } catch (error) {
      // Of several runs some may lack the metric.
      if (!many || !isRestError(error) || error.statusCode !== 404) throw error;
    }
  saveFile(`${metric.name}.csv`, parts);
  return count;
}
