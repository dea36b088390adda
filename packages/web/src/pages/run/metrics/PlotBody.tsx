// The plot of a metric: its series as the view wants them, finer where it is zoomed.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { useCursor } from "../../../parts/plot/cursor.ts";
import { lineOf } from "../../../parts/plot/lines.ts";
import { Plot } from "../../../parts/plot/Plot.tsx";
import { Readout } from "../../../parts/plot/Readout.tsx";
import { seriesQuery } from "../../../service/metrics.ts";
import { useWorkspace } from "../../../service/service.tsx";
import type { PanelProps } from "./Panel.tsx";
import classes from "./PlotBody.module.css";
import { printZoom, readZoom, xOf } from "./view.ts";

/** The series that the view shows, and the part of its axis. */
export function useShownSeries({ runId, metric, view }: Omit<PanelProps, "change">, points: number) {
  const workspace = useWorkspace();
  const zoom = useMemo(() => readZoom(view.zoom), [view.zoom]);
  const whole = { namespace: metric.namespace, x: xOf(view), points };
  // A quarter beyond each end: the line goes out of the picture, and smoothing has something to start from.
  const beyond = zoom && (zoom.to - zoom.from) / 4;
  const ask =
    zoom && beyond !== undefined && (zoom.axis === whole.x || (zoom.axis === "index" && whole.x === "step"))
      ? { ...whole, from: zoom.from - beyond, to: zoom.to + beyond, points: Math.round(points * 1.5) }
      : whole;
  const query = useQuery(seriesQuery(workspace, [runId], metric.name, ask));
  const series = query.data?.[0];
  const range = useMemo(
    () => (zoom && series?.axis === zoom.axis ? { from: zoom.from, to: zoom.to } : undefined),
    [zoom, series?.axis],
  );
  return { query, series, range };
}

export function PlotBody({
  points,
  canvas,
  ...props
}: PanelProps & {
  readonly points: number;
  readonly canvas: (canvas: HTMLCanvasElement | undefined) => void;
}) {
  const { metric, view, change } = props;
  const { query, series, range } = useShownSeries(props, points);
  const cursor = useCursor();
  const lines = useMemo(
    () =>
      series
        ? [
            lineOf(
              series,
              { key: metric.name, label: metric.name, look: 0 },
              { smooth: view.smooth, log: view.log },
            ),
          ]
        : [],
    [series, metric.name, view.smooth, view.log],
  );
  if (query.error) return <FaultNote error={query.error} again={() => void query.refetch()} />;
  if (query.data === undefined) return <Waiting />;
  const axis = series?.axis ?? xOf(view);
  return (
    <div className={classes.body}>
      <div className={classes.readout}>
        <Readout lines={lines} axis={axis} cursor={cursor} />
      </div>
      <Plot
        label={metric.name}
        lines={lines}
        axis={axis}
        log={view.log}
        range={range}
        onRange={(next) => change({ zoom: printZoom(axis, next) })}
        cursor={cursor}
        sync={`run ${axis}`}
        onOpen={() => change({ plot: metric.name })}
        canvas={canvas}
      />
    </div>
  );
}
