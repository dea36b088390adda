// The rows of a metric as a table: what log_table and log_row logged, texts, and kinds that these pages do not know.
import { tableOf } from "@malachite/client";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { DataTable } from "../../../parts/DataTable.tsx";
import { Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { shownCount, shownValue } from "../../../parts/numbers.ts";
import { MOST_ROWS, rowsQuery } from "../../../service/metrics.ts";
import { useWorkspace } from "../../../service/service.tsx";
import type { PanelProps } from "./Panel.tsx";
import classes from "./RowsBody.module.css";

export function RowsBody({ runId, metric }: Pick<PanelProps, "runId" | "metric">) {
  const workspace = useWorkspace();
  const query = useQuery(rowsQuery(workspace, runId, metric));
  const columns = useMemo(() => {
    const rows = query.data?.rows ?? [];
    const shown = tableOf(rows, metric).map(({ name, type, cells }) => ({
      name,
      cells,
      isNumber: /^(int|double)$/i.test(type),
      show: (cell: unknown) => shownCell(cell),
    }));
    const hasSteps = rows.some(({ step }) => step !== undefined);
    return hasSteps
      ? [{ name: "Step", cells: rows.map(({ step }) => step), isNumber: true }, ...shown]
      : shown;
  }, [query.data, metric]);
  if (query.error) return <FaultNote error={query.error} again={() => void query.refetch()} />;
  if (query.data === undefined) return <Waiting />;
  return (
    <div className={classes.rows}>
      {query.data.more && (
        <p className={classes.more}>The first {shownCount(MOST_ROWS)} rows. The CSV file has them all.</p>
      )}
      <DataTable label={`Rows of ${metric.name}`} columns={columns} />
    </div>
  );
}

const shownCell = (cell: unknown): string => {
  if (cell === undefined) return "";
  return typeof cell === "object" && cell !== null
    ? JSON.stringify(cell)
    : shownValue(cell as number | string);
};
