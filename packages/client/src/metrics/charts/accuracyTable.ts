// The accuracy table of the v1 SDK, and the curves that are drawn of it: ROC, precision-recall, gains and lift.
import { readLabel, readList, readNumber } from "./readValues.ts";

/** Of one class against all others, at one threshold. */
export interface Confusion {
  threshold: number;
  truePositives: number;
  falsePositives: number;
  trueNegatives: number;
  falseNegatives: number;
}

/** `probability`: thresholds evenly from 0 to 1; `percentile`: as the predicted probabilities lie. */
export type ThresholdKind = "probability" | "percentile";

export interface AccuracyTable {
  type: "accuracy_table";
  labels: readonly string[];
  /** For each class, in the order of `labels`, its confusion at each threshold. */
  probability: readonly (readonly Confusion[])[];
  percentile: readonly (readonly Confusion[])[];
}

type Data = Readonly<Record<string, unknown>>;

/** @internal */
export function readAccuracyTable(data: Data): AccuracyTable {
  const labels = readList(data.class_labels, "data.class_labels", readLabel);
  const tablesOf = (kind: ThresholdKind): readonly (readonly Confusion[])[] => {
    const thresholds = readList(data[`${kind}_thresholds`], `data.${kind}_thresholds`, readNumber);
    const classes = { length: labels.length, why: "one for each of data.class_labels" };
    const rows = { length: thresholds.length, why: `one for each of data.${kind}_thresholds` };
    const four = { length: 4, why: "TP, FP, TN and FN" };
    return readList(
      data[`${kind}_tables`],
      `data.${kind}_tables`,
      (table, at) =>
        readList(table, at, (row, where) => readList(row, where, readNumber, four), rows).map(
          ([tp = 0, fp = 0, tn = 0, fn = 0], i) => ({
            threshold: thresholds[i] ?? 0,
            truePositives: tp,
            falsePositives: fp,
            trueNegatives: tn,
            falseNegatives: fn,
          }),
        ),
      classes,
    );
  };
  return {
    type: "accuracy_table",
    labels,
    probability: tablesOf("probability"),
    percentile: tablesOf("percentile"),
  };
}

export interface CurvePoint {
  x: number;
  y: number;
  threshold: number;
}

/** One line of a chart: of a class, or of all classes together. */
export interface Curve {
  /** The class; undefined for the average. */
  label: string | undefined;
  /** By x, ascending. Where a share is of nothing there is no point. */
  points: readonly CurvePoint[];
  /** The area under it. */
  area: number;
}

/**
 * `roc`: true positives over false positives. `precisionRecall`: precision over recall. `gain`: recall over the share of all that is
 * taken for the class. `lift`: how many times better than chance the choice is, over that share.
 */
export type CurveKind = "roc" | "precisionRecall" | "gain" | "lift";

const AXES: Readonly<Record<CurveKind, (at: Confusion) => readonly [x: number, y: number]>> = {
  roc: (at) => [
    at.falsePositives / (at.falsePositives + at.trueNegatives),
    at.truePositives / (at.truePositives + at.falseNegatives),
  ],
  precisionRecall: (at) => [
    at.truePositives / (at.truePositives + at.falseNegatives),
    // Who takes nothing for the class makes no mistake.
    at.truePositives + at.falsePositives === 0
      ? 1
      : at.truePositives / (at.truePositives + at.falsePositives),
  ],
  gain: (at) => [takenOf(at), at.truePositives / (at.truePositives + at.falseNegatives)],
  lift: (at) => [
    takenOf(at),
    at.truePositives /
      (at.truePositives + at.falsePositives) /
      ((at.truePositives + at.falseNegatives) / allOf(at)),
  ],
};

const allOf = (at: Confusion): number =>
  at.truePositives + at.falsePositives + at.trueNegatives + at.falseNegatives;
const takenOf = (at: Confusion): number => (at.truePositives + at.falsePositives) / allOf(at);

/** The curves of each class, and first the one of all classes together (micro average) where there are more than two. */
export function curvesOf(
  table: AccuracyTable,
  kind: CurveKind,
  thresholds: ThresholdKind = "probability",
): readonly Curve[] {
  const tables = table[thresholds];
  const own = tables.map((rows, i) => curveOf(table.labels[i], rows, kind));
  return tables.length > 2 ? [curveOf(undefined, together(tables), kind), ...own] : own;
}

function curveOf(label: string | undefined, rows: readonly Confusion[], kind: CurveKind): Curve {
  const points = rows
    .map((row) => {
      const [x, y] = AXES[kind](row);
      return { x, y, threshold: row.threshold };
    })
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
    // A lower threshold takes more: of equal x the higher threshold is first.
    .sort((a, b) => a.x - b.x || b.threshold - a.threshold);
  return { label, points, area: areaUnder(points) };
}

function areaUnder(points: readonly CurvePoint[]): number {
  let area = 0;
  for (const [i, point] of points.entries()) {
    const before = points[i - 1];
    if (before) area += ((point.x - before.x) * (point.y + before.y)) / 2;
  }
  return area;
}

function together(tables: readonly (readonly Confusion[])[]): readonly Confusion[] {
  const [first = []] = tables;
  const sum = (i: number, of: keyof Confusion) => tables.reduce((all, rows) => all + (rows[i]?.[of] ?? 0), 0);
  return first.map(({ threshold }, i) => ({
    threshold,
    truePositives: sum(i, "truePositives"),
    falsePositives: sum(i, "falsePositives"),
    trueNegatives: sum(i, "trueNegatives"),
    falseNegatives: sum(i, "falseNegatives"),
  }));
}
