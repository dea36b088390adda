// What the metrics tab shows, as its address says it.
import type { Axis } from "../../../parts/plot/axisText.ts";
import type { PlotRange } from "../../../parts/plot/uplotOptions.ts";

export type MetricsView = {
  /** Words of names. */
  readonly q?: string;
  readonly x?: string;
  readonly log?: boolean;
  readonly smooth?: number;
  /** Shows what the service measured. */
  readonly system?: boolean;
  /** Groups that are closed, separated by commas. */
  readonly closed?: string;
  /** A part of the axis: `step:100:200`. */
  readonly zoom?: string;
  /** The metric that is shown large; with `numbers` as a table. */
  readonly plot?: string;
  readonly numbers?: boolean;
};

export const X_CHOICES = [
  { value: "step", label: "Steps" },
  { value: "relative", label: "Time since start" },
  { value: "time", label: "Time" },
] as const;
export type XAsk = "step" | "time" | "relativeTime";
export const xOf = ({ x }: MetricsView): XAsk =>
  x === "time" ? "time" : x === "relative" ? "relativeTime" : "step";

/** Reads the part of the axis that is shown. */
export function readZoom(zoom: string | undefined): (PlotRange & { readonly axis: string }) | undefined {
  const [axis = "", from, to] = (zoom ?? "").split(":");
  const range = { from: Number(from), to: Number(to) };
  if (from === undefined || to === undefined || !Number.isFinite(range.from) || !(range.to > range.from))
    return undefined;
  return { axis, ...range };
}

/** Writes it, with no more digits than one can see; undefined for what is too narrow to be shown. */
export function printZoom(axis: Axis, range: PlotRange | undefined): string | undefined {
  if (range === undefined) return undefined;
  const width = range.to - range.from;
  if (!(width > 0) || width < Math.abs(range.from) * 1e-12) return undefined;
  const decimals = Math.max(0, Math.min(9, 4 - Math.floor(Math.log10(width))));
  const text = (value: number) => String(Number(value.toFixed(decimals)));
  return `${axis}:${text(range.from)}:${text(range.to)}`;
}

/** Closes an open group, or opens a closed one. */
export function toggled(closed: string | undefined, prefix: string): string | undefined {
  const all = new Set((closed ?? "").split(",").filter(Boolean));
  if (!all.delete(prefix)) all.add(prefix);
  return all.size === 0 ? undefined : [...all].join();
}
