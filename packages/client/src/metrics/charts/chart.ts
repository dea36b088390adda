// The charts of the v1 SDK, as data: log_confusion_matrix, log_accuracy_table, log_predictions, log_residuals. What it uploads is read,
// checked and typed here; drawing is for others.
import { type AccuracyTable, readAccuracyTable } from "./accuracyTable.ts";
import { ChartError, parsePythonJson, readLabel, readList, readNumber, readObject } from "./readValues.ts";

/** Rows are true classes, columns predicted ones. */
export interface ConfusionMatrix {
  type: "confusion_matrix";
  labels: readonly string[];
  /** `matrix[i][j]`: how often class i was taken for class j. */
  matrix: readonly (readonly number[])[];
}

/** What was predicted against what is true, in bins of the true value. */
export interface Predictions {
  type: "predictions";
  bins: readonly {
    from: number;
    to: number;
    /** Predicted, on average, and the standard deviation of that. */
    average: number;
    error: number;
    count: number;
  }[];
}

/** A histogram of predicted minus true. */
export interface Residuals {
  type: "residuals";
  bins: readonly { from: number; to: number; count: number }[];
}

export type Chart = ConfusionMatrix | AccuracyTable | Predictions | Residuals;

type Data = Readonly<Record<string, unknown>>;
const READERS: Readonly<Record<Chart["type"], (data: Data) => Chart>> = {
  confusion_matrix: readConfusionMatrix,
  accuracy_table: readAccuracyTable,
  predictions: readPredictions,
  residuals: readResiduals,
};

/** The kinds of metrics (`RunMetric.kind`) that hold such a chart, with the chart's type. */
export const CHART_KINDS: Readonly<Record<string, Chart["type"]>> = Object.fromEntries(
  (Object.keys(READERS) as Chart["type"][]).flatMap((type) => [
    [`azureml.v2.${type}`, type],
    [`azureml.v1.${type}`, type],
  ]),
);

/**
 * Reads what the SDK uploaded for such a metric, as text or as parsed JSON. `type` is what it should be, where that is known.
 * Throws ChartError, which says what is wrong with it and where.
 */
export function readChart(uploaded: unknown, type?: Chart["type"]): Chart {
  const parsed = typeof uploaded === "string" ? parsePythonJson(uploaded) : uploaded;
  // A script that gives the SDK its JSON as a text has it written as a text once more by some releases.
  const whole = readObject(typeof parsed === "string" ? parsePythonJson(parsed) : parsed, "");
  const said = whole.schema_type ?? type;
  const known = Object.keys(READERS).join(", ");
  if (typeof said !== "string" || !Object.hasOwn(READERS, said))
    throw new ChartError(
      "schema_type",
      `One of ${known} is needed; ${JSON.stringify(said) ?? "nothing"} is there.`,
    );
  if (type !== undefined && said !== type)
    throw new ChartError("schema_type", `The metric was logged as ${type}, and its file says ${said}.`);
  const version = whole.schema_version;
  if (version !== undefined && !/^v?1(\.|$)/.test(String(version)))
    throw new ChartError("schema_version", `Versions 1 are known; ${String(version).slice(0, 40)} is there.`);
  return READERS[said as Chart["type"]](readObject(whole.data, "data"));
}

function readConfusionMatrix({ class_labels, matrix }: Data): ConfusionMatrix {
  const labels = readList(class_labels, "data.class_labels", readLabel);
  const must = { length: labels.length, why: "one for each of data.class_labels" };
  return {
    type: "confusion_matrix",
    labels,
    matrix: readList(matrix, "data.matrix", (row, at) => readList(row, at, readNumber, must), must),
  };
}

/** The edges of bins: one more than there are bins, ascending. */
function readEdges(value: unknown, bins: number): readonly number[] {
  const must = { length: bins + 1, why: "one more than data.bin_counts has" };
  const edges = readList(value, "data.bin_edges", readNumber, must);
  for (const [i, edge] of edges.entries()) {
    const before = edges[i - 1];
    if (before !== undefined && !(edge >= before))
      throw new ChartError(`data.bin_edges[${i}]`, `Edges ascend; ${edge} comes after ${before}.`);
  }
  return edges;
}

function readPredictions({ bin_averages, bin_errors, bin_counts, bin_edges }: Data): Predictions {
  const counts = readList(bin_counts, "data.bin_counts", readNumber);
  const must = { length: counts.length, why: "one for each of data.bin_counts" };
  const averages = readList(bin_averages, "data.bin_averages", readNumber, must);
  const errors = readList(bin_errors, "data.bin_errors", readNumber, must);
  const edges = readEdges(bin_edges, counts.length);
  return {
    type: "predictions",
    bins: counts.map((count, i) => ({
      from: edges[i] ?? 0,
      to: edges[i + 1] ?? 0,
      average: averages[i] ?? 0,
      error: errors[i] ?? 0,
      count,
    })),
  };
}

function readResiduals({ bin_counts, bin_edges }: Data): Residuals {
  const counts = readList(bin_counts, "data.bin_counts", readNumber);
  const edges = readEdges(bin_edges, counts.length);
  return {
    type: "residuals",
    bins: counts.map((count, i) => ({ from: edges[i] ?? 0, to: edges[i + 1] ?? 0, count })),
  };
}
