// One metric as large as the window: its plot, or its numbers.
import { useState } from "react";
import { Button, ButtonGroup } from "../../../parts/Button.tsx";
import { DataTable } from "../../../parts/DataTable.tsx";
import { Empty, Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { Modal } from "../../../parts/Modal.tsx";
import { shownValue } from "../../../parts/numbers.ts";
import { AXIS_NAMES, placeText } from "../../../parts/plot/axisText.ts";
import { ChartBody } from "./ChartBody.tsx";
import classes from "./FullView.module.css";
import { panelKind } from "./groups.ts";
import { ImagesBody } from "./ImagesBody.tsx";
import type { PanelProps } from "./Panel.tsx";
import { PlotBody, useShownSeries } from "./PlotBody.tsx";
import { PlotMenu } from "./PlotMenu.tsx";
import { RowsBody } from "./RowsBody.tsx";

const POINTS = 1500;

export function FullView(props: PanelProps) {
  const { metric, view, change } = props;
  const [canvas, setCanvas] = useState<HTMLCanvasElement>();
  const kind = panelKind(metric);
  const hasNumbers = kind === "plot";
  return (
    <Modal full title={metric.name} close={() => change({ plot: undefined, numbers: undefined })}>
      <div className={classes.full}>
        <div className={classes.tools}>
          {hasNumbers && (
            <ButtonGroup label="Shown as">
              <Button
                size="small"
                aria-pressed={!view.numbers}
                onClick={() => change({ numbers: undefined })}
              >
                Plot
              </Button>
              <Button
                size="small"
                aria-pressed={view.numbers === true}
                onClick={() => change({ numbers: true })}
              >
                Numbers
              </Button>
            </ButtonGroup>
          )}
          {kind === "plot" && (
            <Button
              size="small"
              aria-pressed={view.log === true}
              onClick={() => change({ log: view.log ? undefined : true })}
            >
              Log
            </Button>
          )}
          {kind === "plot" && view.zoom !== undefined && (
            <Button size="small" onClick={() => change({ zoom: undefined })}>
              Show all
            </Button>
          )}
          <PlotMenu runIds={[props.runId]} metric={metric} canvas={canvas} />
        </div>
        <div className={classes.body}>
          {kind === "plot" && !view.numbers && <PlotBody {...props} points={POINTS} canvas={setCanvas} />}
          {kind === "table" && <RowsBody {...props} />}
          {kind === "images" && <ImagesBody {...props} />}
          {kind === "chart" && <ChartBody {...props} />}
          {kind === "plot" && view.numbers && <Numbers {...props} />}
        </div>
      </div>
    </Modal>
  );
}

/** What the plot shows, as a table: its buckets, or its values where each has a place of its own. */
function Numbers(props: PanelProps) {
  const { query, series, range } = useShownSeries(props, POINTS);
  if (query.error) return <FaultNote error={query.error} again={() => void query.refetch()} />;
  if (query.data === undefined) return <Waiting />;
  if (series === undefined) return <Empty title="No values" />;
  const rows = series.x.flatMap((x, i) => (range && (x < range.from || x > range.to) ? [] : [i]));
  const pick = <T,>(values: readonly T[]) => rows.map((row) => values[row] as T);
  const number = { isNumber: true, show: (cell: unknown) => shownValue(cell as number) };
  const isWide = series.count.some((count) => count > 1);
  const marks = rows.map((row) => {
    const [before = Number.NEGATIVE_INFINITY, here = 0] = [series.x[row - 1], series.x[row]];
    const some = series.nonFinite.filter(({ x }) => x > before && x <= here);
    return some.map(({ value, count }) => (count > 1 ? `${count} × ${value}` : value)).join(", ");
  });
  const columns = [
    {
      name: AXIS_NAMES[series.axis],
      cells: pick(series.x),
      isNumber: true,
      show: (cell: unknown) =>
        series.axis === "time" || series.axis === "relativeTime"
          ? placeText(series.axis, cell as number)
          : shownValue(cell as number),
    },
    { name: isWide ? "Mean" : "Value", cells: pick(series.mean), ...number },
    ...(isWide
      ? [
          { name: "Least", cells: pick(series.min), ...number },
          { name: "Greatest", cells: pick(series.max), ...number },
          { name: "Last", cells: pick(series.last), ...number },
          { name: "Values", cells: pick(series.count), ...number },
        ]
      : []),
    ...(series.nonFinite.length > 0 ? [{ name: "Not finite", cells: marks }] : []),
  ];
  return <DataTable label={`Numbers of ${props.metric.name}`} columns={columns} />;
}
