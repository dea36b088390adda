// What uPlot is told: axes, lines, spreads and marks. Everything that may change while a plot is shown is asked for anew at each draw.
import uPlot from "uplot";
import { type Axis, logTexts, numberTexts, SPANS, spanText } from "./axisText.ts";
import type { Column, Line } from "./lines.ts";
import { coloursNow, dashOf, faint } from "./looks.ts";

export type PlotRange = { readonly from: number; readonly to: number };
/** What is shown now. */
export type Shown = {
  readonly columns: readonly Column[];
  readonly range: PlotRange | undefined;
};
type Ask = {
  readonly axis: Axis;
  readonly log: boolean;
  readonly width: number;
  readonly height: number;
  /** Plots with the same name move their cursors together. */
  readonly sync: string | undefined;
  readonly shown: () => Shown;
  readonly onSelect: (range: PlotRange) => void;
  readonly onCursor: (at: number | undefined) => void;
  /** The vertical axis, where its ends are known. */
  readonly ends?: readonly [number, number];
};

export function uplotOptions(ask: Ask): uPlot.Options {
  const { axis, log, shown } = ask;
  const { columns } = shown();
  const seriesColour = (look: number) => coloursNow().series[look % 8] as string;
  const axisLook = {
    stroke: () => coloursNow().muted,
    grid: { stroke: () => coloursNow().line, width: 1 },
    ticks: { show: false },
    font: coloursNow().font,
  };
  const spans = axis === "relativeTime";
  return {
    width: ask.width,
    height: ask.height,
    ms: 1,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: axis === "time", range: (_, min, max) => xRange(shown().range, min, max) },
      y: {
        distr: log ? 3 : 1,
        range: (_, min, max) => (ask.ends ? [...ask.ends] : yRange(log, min, max)),
      },
    },
    axes: [
      {
        ...axisLook,
        size: 26,
        gap: 4,
        space: axis === "time" ? 70 : 60,
        ...(spans
          ? { incrs: SPANS, values: (_, splits, __, ___, incr) => splits.map((at) => spanText(at, incr)) }
          : {}),
        ...(spans || axis === "time"
          ? {}
          : { values: (_, splits, __, ___, incr) => numberTexts(splits, incr) }),
        ...(axis === "step" || axis === "index" ? { incrs: WHOLE } : {}),
      },
      {
        ...axisLook,
        gap: 4,
        space: 26,
        size: (_, values) =>
          Math.max(34, 14 + 6.4 * Math.max(0, ...(values ?? []).map((text) => text?.length ?? 0))),
        values: (_, splits, __, ___, incr) => (log ? logTexts(splits) : numberTexts(splits, incr)),
      },
    ],
    series: [
      {},
      ...columns.map(({ line, part }): uPlot.Series => {
        const colour = () => faint(seriesColour(line.look), ALPHA[part]);
        return {
          stroke: colour,
          width: part === "y" ? 1.6 : 1,
          pxAlign: 0,
          dash: part === "y" ? [...dashOf(line.look)] : [],
          points: { size: 4, fill: colour, ...(part === "y" ? {} : { show: false }) },
        };
      }),
    ],
    bands: columns.flatMap(({ line, part }, i) =>
      part === "max"
        ? [{ series: [i + 1, i + 2] as [number, number], fill: () => faint(seriesColour(line.look), 0.18) }]
        : [],
    ),
    cursor: {
      drag: { x: true, y: false, setScale: false, dist: 4 },
      points: { size: 7, width: 2 },
      dataIdx: (plot, i, near) =>
        i === 0 ? near : shown().columns[i - 1]?.part === "y" ? filledNear(plot, i, near) : null,
      bind: {
        // Plot.tsx hears of it, which stays when finer values make another plot of it between two clicks.
        dblclick: () => null,
      },
      ...(ask.sync === undefined
        ? {}
        : {
            sync: {
              key: ask.sync,
              setSeries: false,
              scales: ["x", null],
              filters: { pub: (type: string) => type === "mousemove" || type === "mouseleave" },
            },
          }),
    },
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width <= 0) return;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          ask.onSelect({ from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") });
        },
      ],
      setCursor: [
        (plot) => {
          const { left = -1, idx } = plot.cursor;
          ask.onCursor(left < 0 || idx === null || idx === undefined ? undefined : plot.data[0]?.[idx]);
        },
      ],
      draw: [(plot) => drawMarks(plot, linesOf(shown().columns))],
    },
  };
}

/** Steps are whole: no marks between them. */
const WHOLE = [1, 2, 5]
  .flatMap((n) => Array.from({ length: 15 }, (_, i) => n * 10 ** i))
  .sort((a, b) => a - b);

/** A peak of one value has no width: its edge is what is seen of it. */
const ALPHA = { max: 0.35, min: 0.35, raw: 0.35, y: 1 } as const;

export const linesOf = (columns: readonly Column[]): readonly Line[] => [
  ...new Set(columns.map(({ line }) => line)),
];

function xRange(range: PlotRange | undefined, min: number | null, max: number | null): [number, number] {
  if (range !== undefined) return [range.from, range.to];
  if (min === null || max === null) return [0, 1];
  return min === max ? [min - 1, max + 1] : [min, max];
}

function yRange(log: boolean, min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max))
    return log ? [1, 10] : [0, 1];
  if (log) return uPlot.rangeLog(min, max, 10, false);
  if (min === max) return [min - (Math.abs(min) || 1) * 0.1, max + (Math.abs(max) || 1) * 0.1];
  const pad = (max - min) * 0.06;
  return Number.isFinite(pad) ? [min - pad, max + pad] : [min, max];
}

/** Where a line has no place of its own near the cursor, its nearest one. */
function filledNear(plot: uPlot, series: number, near: number): number {
  const values = plot.data[series];
  if (values === undefined || values[near] !== undefined) return near;
  for (let by = 1; by < 50; by += 1) {
    if (values[near - by] !== undefined) return near - by;
    if (values[near + by] !== undefined) return near + by;
  }
  return near;
}

const MOST_MARKS = 2000;
/** NaN and infinities: a cross at the bottom, arrows at the edge that the value is beyond. */
function drawMarks(plot: uPlot, lines: readonly Line[]): void {
  const { ctx, bbox } = plot;
  const size = 4 * uPlot.pxRatio;
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  ctx.save();
  ctx.strokeStyle = coloursNow().bad;
  ctx.fillStyle = coloursNow().bad;
  ctx.lineWidth = 1.5 * uPlot.pxRatio;
  let left = MOST_MARKS;
  for (const line of lines)
    for (const { value, x } of line.nonFinite) {
      if (x < (min ?? 0) || x > (max ?? 0) || left-- <= 0) continue;
      const at = plot.valToPos(x, "x", true);
      const [top, bottom] = [bbox.top + size, bbox.top + bbox.height - size];
      ctx.beginPath();
      if (value === "NaN") {
        ctx.moveTo(at - size, bottom - size);
        ctx.lineTo(at + size, bottom + size);
        ctx.moveTo(at + size, bottom - size);
        ctx.lineTo(at - size, bottom + size);
        ctx.stroke();
      } else {
        const [tip, base] = value === "Infinity" ? [top - size, top + size] : [bottom + size, bottom - size];
        ctx.moveTo(at, tip);
        ctx.lineTo(at - size, base);
        ctx.lineTo(at + size, base);
        ctx.closePath();
        ctx.fill();
      }
    }
  ctx.restore();
}
