// Lines of a plot, and what uPlot takes: columns that share one x. Pure.
import type { MetricSeries, NonFiniteMark } from "@malachite/client";
import { shownValue } from "../numbers.ts";
import { smooth } from "./smooth.ts";

/** A line that is drawn. */
export type Line = {
  readonly key: string;
  readonly label: string;
  /** Which of the looks it has; lines that are told apart have different ones. */
  readonly look: number;
  readonly x: readonly number[];
  /** What is drawn; null is a gap. */
  readonly y: readonly (number | null)[];
  /** The least and the greatest values around each place, where they differ from `y`. */
  readonly min?: readonly (number | null)[];
  readonly max?: readonly (number | null)[];
  /** What was smoothed, drawn faint. */
  readonly raw?: readonly (number | null)[];
  readonly nonFinite: readonly NonFiniteMark[];
  /** How many values are not drawn because a logarithmic axis has no place for them. */
  readonly notAboveZero: number;
};

type Choice = { readonly smooth?: number; readonly log?: boolean };

/** Makes a line of a metric in buckets. */
export function lineOf(
  series: MetricSeries,
  { key, label, look }: Pick<Line, "key" | "label" | "look">,
  { smooth: weight = 0, log = false }: Choice = {},
): Line {
  const { x, mean, min, max, nonFinite } = series;
  const wide = series.count.some((count, i) => count > 1 && min[i] !== max[i]);
  const drawable = log ? above : same;
  const raw = drawable(mean);
  const isSmooth = weight > 0 && series.total > 2;
  return {
    ...{ key, label, look, x, nonFinite },
    y: isSmooth ? smooth(x, raw, weight, series) : raw,
    ...(isSmooth ? { raw } : {}),
    ...(wide ? { min: drawable(min), max: drawable(max) } : {}),
    notAboveZero: log ? mean.filter((value) => value !== null && value <= 0).length : 0,
  };
}

type Values = readonly (number | null)[];
const same = (values: Values): Values => values;
const above = (values: Values): Values => values.map((value) => (value !== null && value > 0 ? value : null));

/** What a column of the plot is of. */
export type Column = {
  readonly line: Line;
  readonly part: "max" | "min" | "raw" | "y";
};
/** `undefined` is where other lines have a place and this one has none; it is drawn through. `null` is a gap. */
export type Table = readonly [x: readonly number[], ...columns: (readonly (number | null | undefined)[])[]];

/** With more lines than this the spread around each would hide the others. */
const MOST_BANDS = 8;

/** The columns that are drawn, back to front: spreads, then raw lines, then lines. */
export function columnsOf(lines: readonly Line[]): Column[] {
  const bands = lines.length > MOST_BANDS ? [] : lines.filter((line) => line.max !== undefined);
  return [
    ...bands.flatMap((line): Column[] => [
      { line, part: "max" },
      { line, part: "min" },
    ]),
    ...lines.filter((line) => line.raw !== undefined).map((line): Column => ({ line, part: "raw" })),
    ...lines.map((line): Column => ({ line, part: "y" })),
  ];
}

/** All columns over all places. */
export function tableOfColumns(columns: readonly Column[]): Table {
  const lines = [...new Set(columns.map(({ line }) => line))];
  const [first] = lines;
  if (first !== undefined && lines.every(({ x }) => sameNumbers(x, first.x)))
    return [first.x, ...columns.map(({ line, part }) => line[part] ?? [])];
  const places = [...new Set(lines.flatMap(({ x }) => x))].sort((a, b) => a - b);
  const at = new Map(places.map((x, i) => [x, i]));
  return [
    places,
    ...columns.map(({ line, part }) => {
      const spread = new Array<number | null | undefined>(places.length).fill(undefined);
      const values = line[part] ?? [];
      for (const [i, x] of line.x.entries()) spread[at.get(x) as number] = values[i] ?? null;
      return spread;
    }),
  ];
}

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a === b || (a.length === b.length && a.every((value, i) => value === b[i]));

/** Where a line is at a place: there, or at the nearest place within reach. Undefined where it has nothing near. */
export function nearest(x: readonly number[], at: number, reach: number): number | undefined {
  let [low, high] = [0, x.length - 1];
  if (high < 0) return undefined;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((x[middle] as number) <= at) low = middle;
    else high = middle;
  }
  const found = Math.abs((x[low] as number) - at) <= Math.abs((x[high] as number) - at) ? low : high;
  return Math.abs((x[found] as number) - at) <= reach ? found : undefined;
}

/** A value in words, also one that no plot can place. */
export function shownAt(line: Line, at: number): string {
  const value = line.y[at];
  if (value !== null && value !== undefined) return shownValue(value);
  const [before = Number.NEGATIVE_INFINITY, here = 0] = [line.x[at - 1], line.x[at]];
  return line.nonFinite.find(({ x }) => x > before && x <= here)?.value ?? "–";
}

/** Counts values that no plot can place, by kind. */
export function countMarks(
  lines: readonly Line[],
): readonly { readonly value: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { nonFinite } of lines)
    for (const { value, count } of nonFinite) counts.set(value, (counts.get(value) ?? 0) + count);
  return [...counts].map(([value, count]) => ({ value, count }));
}
