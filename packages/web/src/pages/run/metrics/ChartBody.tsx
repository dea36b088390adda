// The charts of the v1 SDK: read by the client, drawn here.
import { useQuery } from "@tanstack/react-query";
import { Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { chartQuery } from "../../../service/metrics.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { AccuracyCurves } from "./charts/AccuracyCurves.tsx";
import { BinChart } from "./charts/BinChart.tsx";
import { ConfusionMatrixView } from "./charts/ConfusionMatrixView.tsx";
import type { PanelProps } from "./Panel.tsx";

export function ChartBody({ runId, metric }: Pick<PanelProps, "runId" | "metric">) {
  const workspace = useWorkspace();
  const query = useQuery(chartQuery(workspace, runId, metric));
  if (query.error) return <FaultNote error={query.error} again={() => void query.refetch()} />;
  if (query.data === undefined) return <Waiting />;
  switch (query.data.type) {
    case "confusion_matrix":
      return <ConfusionMatrixView name={metric.name} chart={query.data} />;
    case "accuracy_table":
      return <AccuracyCurves name={metric.name} table={query.data} />;
    default:
      return <BinChart name={metric.name} chart={query.data} />;
  }
}
