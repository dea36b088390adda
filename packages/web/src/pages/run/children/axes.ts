// Columns of runs as the axes of a plot: which there are, and where each run is on them. Pure.
import type { RunPoint } from "@malachite/client";

export type Column = {
  /** Names it in addresses: `params/lr`, `metrics/loss`, `tags/kind`, `duration`. */
  readonly id: string;
  readonly name: string;
  readonly of: "params" | "metrics" | "tags" | "run";
};
export type Tick = { readonly at: number; readonly text: string };
export type Axis = Column & {
  readonly kind: "number" | "log" | "words";
  /** Between 0 (bottom) and 1 for each run; NaN for one without a value. */
  readonly places: Float64Array;
  readonly ticks: readonly Tick[];
  /** Back from a place to what it stands for. */
  readonly valueAt: (place: number) => number | string;
  readonly placeOf: (value: number) => number;
};
export type Value = number | string | undefined;

/** Steps of powers of ten from here on are read better than equal ones. */
const LOG_FROM = 300;
const MOST_WORDS = 24;

/** What a run has in a column. */
export function cellOf(point: RunPoint, { of, name }: Column): Value {
  if (of === "metrics") return numberOf(point.metrics[name]);
  if (of === "params") return point.params[name];
  if (of === "tags") return point.tags[name];
  if (point.startTimeUtc === undefined || point.endTimeUtc === undefined) return undefined;
  return (Date.parse(point.endTimeUtc) - Date.parse(point.startTimeUtc)) / 1000;
}

const numberOf = (value: number | string | undefined): number | undefined =>
  value === undefined ? undefined : typeof value === "number" ? value : Number(value);

const DURATION: Column = { id: "duration", name: "duration (s)", of: "run" };

/** All columns that any run has: parameters first, then tags, then metrics, then how long it took. */
export function columnsOf(points: readonly RunPoint[]): Column[] {
  const names = { params: new Set<string>(), tags: new Set<string>(), metrics: new Set<string>() };
  for (const point of points) {
    for (const name in point.params) names.params.add(name);
    for (const name in point.tags) names.tags.add(name);
    for (const name in point.metrics) names.metrics.add(name);
  }
  const columns = (of: "params" | "tags" | "metrics") =>
    [...names[of]].sort().map((name): Column => ({ id: `${of}/${name}`, name, of }));
  const took = points.some((point) => cellOf(point, DURATION) !== undefined);
  return [...columns("params"), ...columns("tags"), ...columns("metrics"), ...(took ? [DURATION] : [])];
}

/** The columns that are worth looking at first: those that differ, few enough to be told apart. */
export function firstColumns(points: readonly RunPoint[], columns: readonly Column[], most = 7): Column[] {
  const differs = (column: Column) => {
    const values = new Set<Value>();
    for (const point of points) {
      const value = cellOf(point, column);
      if (value !== undefined) values.add(value);
      if (values.size > 1)
        return column.of !== "tags" || values.size <= MOST_WORDS || isNumeric(points, column);
    }
    return false;
  };
  const given = columns.filter(({ of }) => of === "params").filter(differs);
  const tags = given.length > 0 ? [] : columns.filter(({ of }) => of === "tags").filter(differs);
  const came = columns.filter(({ of }) => of === "metrics" || of === "run").filter(differs);
  const before = [...given, ...tags].slice(0, Math.max(most - Math.min(came.length, 3), 1));
  return [...before, ...came.slice(0, most - before.length)];
}

function isNumeric(points: readonly RunPoint[], column: Column): boolean {
  return points.every((point) => {
    const value = cellOf(point, column);
    return value === undefined || value === "" || !Number.isNaN(Number(value));
  });
}

/** Where each run is on the axis of a column. */
export function axisOf(points: readonly RunPoint[], column: Column): Axis {
  const values = points.map((point) => cellOf(point, column));
  const numeric =
    column.of === "metrics" ||
    column.of === "run" ||
    values.every((v) => v === undefined || v === "" || isNumber(v));
  return numeric ? numberAxis(column, values) : wordAxis(column, values);
}

const isNumber = (value: Value): boolean => value !== undefined && Number.isFinite(Number(value));

function numberAxis(column: Column, values: readonly Value[]): Axis {
  const numbers = values.map((v) => (v === undefined || v === "" ? Number.NaN : Number(v)));
  let [least, most, leastAbove] = [Infinity, -Infinity, Infinity];
  for (const n of numbers) {
    if (!Number.isFinite(n)) continue;
    least = Math.min(least, n);
    most = Math.max(most, n);
    if (n > 0) leastAbove = Math.min(leastAbove, n);
  }
  if (least > most) [least, most] = [0, 1];
  const log = least > 0 && most / leastAbove >= LOG_FROM;
  const scale = log ? Math.log10 : (n: number) => n;
  const back = log ? (n: number) => 10 ** n : (n: number) => n;
  const [low, high] = [scale(least), scale(most)];
  const span = high - low;
  const placeOf = (n: number) =>
    Number.isFinite(n) && (!log || n > 0) ? (span === 0 ? 0.5 : (scale(n) - low) / span) : Number.NaN;
  const valueAt = (place: number) => back(low + place * span);
  const ticks = (log ? logTicks(least, most) : evenTicks(least, most)).map((n) => ({
    at: placeOf(n),
    text: shortNumber(n),
  }));
  return {
    ...column,
    kind: log ? "log" : "number",
    places: Float64Array.from(numbers, placeOf),
    ticks,
    valueAt,
    placeOf,
  };
}

function wordAxis(column: Column, values: readonly Value[]): Axis {
  const words = [...new Set(values.flatMap((v) => (v === undefined ? [] : [String(v)])))].sort((a, b) =>
    a.localeCompare(b, undefined, { numeric: true }),
  );
  const places = new Map(words.map((word, at) => [word, words.length === 1 ? 0.5 : at / (words.length - 1)]));
  const every = Math.ceil(words.length / MOST_WORDS);
  return {
    ...column,
    kind: "words",
    places: Float64Array.from(values, (v) =>
      v === undefined ? Number.NaN : (places.get(String(v)) ?? Number.NaN),
    ),
    ticks: words.flatMap((word, at) => (at % every === 0 ? [{ at: places.get(word) ?? 0, text: word }] : [])),
    valueAt: (place) => words[Math.round(place * (words.length - 1))] ?? "",
    placeOf: (n) => (words.length <= 1 ? 0.5 : n / (words.length - 1)),
  };
}

/** Five round numbers or so between two. */
export function evenTicks(least: number, most: number): number[] {
  if (least === most) return [least];
  const rough = (most - least) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? power * 10;
  const ticks: number[] = [];
  for (let at = Math.ceil(least / step); at * step <= most + step * 1e-9; at++) ticks.push(at * step);
  return ticks;
}

function logTicks(least: number, most: number): number[] {
  const [from, to] = [Math.ceil(Math.log10(least) - 1e-9), Math.floor(Math.log10(most) + 1e-9)];
  const every = Math.max(1, Math.ceil((to - from) / 8));
  const ticks: number[] = [];
  for (let at = from; at <= to; at += every) ticks.push(10 ** at);
  return ticks;
}

/** A number in the few characters that an axis has room for. */
export function shortNumber(n: number): string {
  if (n === 0) return "0";
  const size = Math.abs(n);
  return size >= 1e5 || size < 1e-3
    ? n.toExponential(1).replace(".0e", "e")
    : String(Number(n.toPrecision(4)));
}

/** A part of an axis, both ends within; in places. */
export type Brush = { readonly from: number; readonly to: number };

/** Which runs are inside all brushes. A run without a value is in none. */
export function brushed(
  axes: readonly Axis[],
  brushes: Readonly<Record<string, Brush>>,
  count: number,
): Uint8Array {
  const isIn = new Uint8Array(count).fill(1);
  for (const { id, places } of axes) {
    const brush = brushes[id];
    if (brush === undefined) continue;
    for (let at = 0; at < count; at++) {
      const place = places[at] ?? Number.NaN;
      // A hair's breadth: ends that were typed are in.
      if (!(place >= brush.from - 1e-9 && place <= brush.to + 1e-9)) isIn[at] = 0;
    }
  }
  return isIn;
}
