import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MetricRow } from "../runMetrics.ts";
import { type AccuracyTable, curvesOf } from "./accuracyTable.ts";
import { artifactOfMetric } from "./artifactOfMetric.ts";
import { CHART_KINDS, readChart } from "./chart.ts";
import { ChartError } from "./readValues.ts";
import { tableOf } from "./table.ts";

const chart = (schema_type: string, data: unknown, schema_version = "1.0.0") => ({
  schema_type,
  schema_version,
  data,
});
/** That of the SDK's own documentation. */
const ACCURACY = {
  probability_tables: [
    [
      [82, 118, 0, 0],
      [75, 31, 87, 7],
      [66, 9, 109, 16],
      [46, 2, 116, 36],
      [0, 0, 118, 82],
    ],
    [
      [60, 140, 0, 0],
      [56, 20, 120, 4],
      [47, 4, 136, 13],
      [28, 0, 140, 32],
      [0, 0, 140, 60],
    ],
    [
      [58, 142, 0, 0],
      [53, 29, 113, 5],
      [40, 10, 132, 18],
      [24, 1, 141, 34],
      [0, 0, 142, 58],
    ],
  ],
  percentile_tables: [[[82, 118, 0, 0]], [[60, 140, 0, 0]], [[58, 142, 0, 0]]],
  probability_thresholds: [0, 0.25, 0.5, 0.75, 1],
  percentile_thresholds: [0],
  class_labels: ["0", "1", "2"],
};
const accuracy = () => readChart(chart("accuracy_table", ACCURACY, "1.0.1")) as AccuracyTable;

describe("charts of the v1 SDK", () => {
  it("are read as the SDK's documentation has them", () => {
    const matrix = chart("confusion_matrix", {
      class_labels: ["a", 1],
      matrix: [
        [3, 0],
        [1, 2],
      ],
    });
    assert.deepEqual(readChart(JSON.stringify(matrix)), {
      type: "confusion_matrix",
      labels: ["a", "1"],
      matrix: [
        [3, 0],
        [1, 2],
      ],
    });
    const residuals = chart("residuals", { bin_edges: [50, 100, 200], bin_counts: [0.88, 20] });
    assert.deepEqual(readChart(residuals, "residuals"), {
      type: "residuals",
      bins: [
        { from: 50, to: 100, count: 0.88 },
        { from: 100, to: 200, count: 20 },
      ],
    });
    const predictions = chart("predictions", {
      bin_averages: [0.25],
      bin_errors: [0.013],
      bin_counts: [56],
      bin_edges: [0, 0.5],
    });
    assert.deepEqual(readChart(predictions), {
      type: "predictions",
      bins: [{ from: 0, to: 0.5, average: 0.25, error: 0.013, count: 56 }],
    });
    const table = accuracy();
    assert.deepEqual(table.probability[1]?.[2], {
      threshold: 0.5,
      truePositives: 47,
      falsePositives: 4,
      trueNegatives: 136,
      falseNegatives: 13,
    });
    assert.equal(CHART_KINDS["azureml.v2.accuracy_table"], "accuracy_table");
  });

  it("may hold NaN as Python writes it, and may be a text in a text", () => {
    const text =
      '{"schema_type": "residuals", "data": {"bin_edges": [-Infinity, 1, Infinity], "bin_counts": [NaN, 2]}}';
    const expected = {
      type: "residuals",
      bins: [
        { from: Number.NEGATIVE_INFINITY, to: 1, count: Number.NaN },
        { from: 1, to: Number.POSITIVE_INFINITY, count: 2 },
      ],
    };
    assert.deepEqual(readChart(text), expected);
    assert.deepEqual(readChart(JSON.stringify(text)), expected);
    const named = { class_labels: ['NaN "Infinity" \\'], matrix: [[1]] };
    assert.deepEqual(readChart(JSON.stringify(chart("confusion_matrix", named))), {
      type: "confusion_matrix",
      labels: ['NaN "Infinity" \\'],
      matrix: [[1]],
    });
  });

  it("that are broken say where and what should be there", () => {
    const broken: readonly (readonly [value: unknown, path: string, message: RegExp])[] = [
      ["not json", "", /no JSON/],
      ["[1]", "", /An object is needed; a list is there/],
      [{}, "schema_type", /confusion_matrix.*nothing is there/],
      [chart("toString", {}), "schema_type", /"toString" is there/],
      [chart("residuals", {}, "2.0.0"), "schema_version", /Versions 1 are known; 2.0.0/],
      [{ schema_type: "residuals" }, "data", /An object is needed; nothing is there/],
      [chart("residuals", { bin_counts: 3 }), "data.bin_counts", /A list is needed; 3 is there/],
      [
        chart("residuals", { bin_counts: [1], bin_edges: [1] }),
        "data.bin_edges",
        /2 values are needed, one more than data.bin_counts has; 1 are there/,
      ],
      [chart("residuals", { bin_counts: [1], bin_edges: [2, 1] }), "data.bin_edges[1]", /1 comes after 2/],
      [
        chart("confusion_matrix", { class_labels: ["a", "b"], matrix: [[1, 2], [3]] }),
        "data.matrix[1]",
        /2 values are needed, one for each of data.class_labels; 1 are there/,
      ],
      [
        chart("confusion_matrix", { class_labels: ["a"], matrix: [["x"]] }),
        "data.matrix[0][0]",
        /A number is needed; "x" is there/,
      ],
      [
        chart("confusion_matrix", { class_labels: [null], matrix: [] }),
        "data.class_labels[0]",
        /null is there/,
      ],
      [
        chart("accuracy_table", { ...ACCURACY, percentile_tables: [[[1, 2, 3]], [], []] }),
        "data.percentile_tables[0][0]",
        /4 values are needed, TP, FP, TN and FN; 3 are there/,
      ],
    ];
    for (const [value, path, message] of broken)
      assert.throws(
        () => readChart(value),
        (error) => error instanceof ChartError && error.path === path && message.test(error.message),
        `${path} ${message}`,
      );
    assert.throws(() => readChart(chart("residuals", {}), "predictions"), /logged as predictions/);
  });

  it("of accuracy become curves", () => {
    const roc = curvesOf(accuracy(), "roc");
    assert.deepEqual(
      roc.map(({ label }) => label),
      [undefined, "0", "1", "2"],
    );
    const own = roc[1];
    assert.deepEqual(own?.points[0], { x: 0, y: 0, threshold: 1 });
    assert.deepEqual(own?.points.at(-1), { x: 1, y: 1, threshold: 0 });
    assert.ok(own && own.area > 0.85 && own.area < 1);
    const average = roc[0]?.points.find(({ threshold }) => threshold === 0.5);
    assert.deepEqual(average, { x: 23 / 400, y: 153 / 200, threshold: 0.5 });
    const precision = curvesOf(accuracy(), "precisionRecall")[1];
    assert.deepEqual(precision?.points[0], { x: 0, y: 1, threshold: 1 });
    assert.deepEqual(precision?.points.at(-1), { x: 1, y: 82 / 200, threshold: 0 });
    assert.deepEqual(curvesOf(accuracy(), "gain")[1]?.points.at(-1), { x: 1, y: 1, threshold: 0 });
    // Where nothing is taken, lift is a share of nothing.
    const lift = curvesOf(accuracy(), "lift")[1];
    assert.deepEqual(lift?.points.at(-1), { x: 1, y: 1, threshold: 0 });
    assert.equal(lift?.points.length, 4);
    assert.equal(curvesOf(accuracy(), "roc", "percentile")[1]?.points.length, 1);
  });
});

describe("metrics of files and tables", () => {
  it("name their file", () => {
    assert.deepEqual(artifactOfMetric("aml://artifactId/ExperimentRun/dcid.run/plots/a b.png"), {
      origin: "ExperimentRun",
      container: "dcid.run",
      path: "plots/a b.png",
    });
    for (const other of [
      "",
      "aml://artifactId/ExperimentRun/dcid.run/",
      "https://a/b/c/d",
      3,
      null,
      undefined,
    ])
      assert.equal(artifactOfMetric(other), undefined);
  });

  it("are columns, also of rows that lack some", () => {
    const rows: MetricRow[] = [
      { createdUtc: "", data: { a: 1 } },
      { createdUtc: "", data: { a: 2, b: "x" } },
    ];
    assert.deepEqual(tableOf(rows, { columns: { b: "string", a: "int" } }), [
      { name: "b", type: "string", cells: [undefined, "x"] },
      { name: "a", type: "int", cells: [1, 2] },
    ]);
  });
});
