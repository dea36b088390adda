// What stands beside the axes of a plot, and in its readout. Pure.
import type { MetricSeries } from "@malachite/client";
import { shownCount, shownValue } from "../numbers.ts";
import { shownDuration } from "../times.ts";

/** What x is. `index`: the place of a value among all, for runs that give no steps. */
export type Axis = MetricSeries["axis"] | "number";

/** How an axis is called. */
export const AXIS_NAMES: Readonly<Record<Axis, string>> = {
  step: "Step",
  time: "Time",
  relativeTime: "Time since start",
  index: "Index",
  number: "",
};

const [S, MIN, H, D] = [1000, 60_000, 3600_000, 24 * 3600_000];
/** Marks of spans of time, in milliseconds: as clocks have them. */
export const SPANS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((ms) => ms),
  ...[1, 2, 5, 10, 15, 30].map((s) => s * S),
  ...[1, 2, 5, 10, 15, 30].map((min) => min * MIN),
  ...[1, 2, 3, 6, 12].map((h) => h * H),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((d) => d * D),
];

/** A span in the unit of the distance between marks: `0`, `30 s`, `1:30 h`. */
export function spanText(ms: number, incr: number): string {
  if (ms === 0) return "0";
  const size = Math.abs(ms);
  const sign = ms < 0 ? "−" : "";
  if (size < MIN) return `${sign}${Number((size / S).toFixed(incr < S ? 3 : 0))} s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  if (size < H)
    return size % MIN === 0 && incr >= MIN
      ? `${sign}${size / MIN} min`
      : `${sign}${Math.floor(size / MIN)}:${two((size % MIN) / S)} min`;
  if (size < 2 * D)
    return size % H === 0 && incr >= H
      ? `${sign}${size / H} h`
      : `${sign}${Math.floor(size / H)}:${two((size % H) / MIN)} h`;
  return `${sign}${Number((size / D).toFixed(1))} d`;
}

const plain = new Intl.NumberFormat(undefined, { maximumFractionDigits: 12, maximumSignificantDigits: 12 });

/** Numbers beside an axis: as short as their distance allows. Undefined marks stay empty, as logarithmic axes have them. */
export function numberTexts(values: readonly (number | null)[], incr: number): string[] {
  const greatest = values.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
  const decimals = decimalsOf(incr);
  return values.map((value) => {
    if (value === null) return "";
    if (value === 0) return "0";
    if (greatest >= 1e6) return large(value, incr);
    if (greatest < 1e-4 || decimals > 8)
      // Through a number once more: no zeros at the end.
      return Number(value.toExponential(Math.max(0, Math.min(4, digits(value, incr))))).toExponential();
    return plain.format(Number(value.toFixed(Math.min(12, decimals))));
  });
}

/** Marks of a logarithmic axis. */
export const logTexts = (values: readonly (number | null)[]): string[] =>
  values.map((value) =>
    value === null
      ? ""
      : value < 1e-3 || value >= 1e6
        ? value.toExponential(0).replace("+", "")
        : plain.format(value),
  );

const LETTERS = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
] as const;
function large(value: number, incr: number): string {
  for (const [unit, letter] of LETTERS)
    if (Math.abs(value) >= unit) {
      const decimals = Math.min(6, decimalsOf(incr / unit));
      return Math.abs(value) >= 1e15
        ? value.toExponential(2)
        : `${plain.format(Number((value / unit).toFixed(decimals)))}${letter}`;
    }
  return plain.format(value);
}
const digits = (value: number, incr: number) => Math.floor(Math.log10(Math.abs(value))) + decimalsOf(incr);

/** How many digits behind the point a distance needs. */
function decimalsOf(incr: number): number {
  if (!(incr > 0)) return 0;
  const [digits = "", exponent = "0"] = Number(incr.toPrecision(4)).toExponential().split("e");
  return Math.max(0, digits.replace(/^\d\.?/, "").length - Number(exponent));
}

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A place on the axis in words: `Step 1,200`, `3 min 5 s`, a day and a time. */
export function placeText(axis: Axis, x: number): string {
  switch (axis) {
    case "time":
      return moment.format(new Date(x));
    case "relativeTime":
      return `${x < 0 ? "−" : ""}${shownDuration(Math.abs(x))}`;
    case "number":
      return shownValue(x);
    default:
      return `${AXIS_NAMES[axis]} ${shownCount(x)}`;
  }
}
