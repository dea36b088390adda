// The filter of metric queries, as the SDK writes it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "../failure/malachiteError.ts";
import { parseMetricFilter } from "./parseMetricFilter.ts";

describe("the filter of metric queries", () => {
  for (const [text, means] of [
    ["", {}],
    ["RunId eq a", { runIds: ["a"] }],
    ["(RunId eq a or RunId eq b or RunId eq a)", { runIds: ["a", "b"] }],
    ["(RunId eq a or RunId eq b and name eq loss)", { runIds: ["a", "b"], names: ["loss"] }],
    ["(RunId eq a and name eq my loss (val) and 1)", { runIds: ["a"], names: ["my loss (val) and 1"] }],
    ["name eq 'it''s (x) and name eq y'", { names: ["it's (x) and name eq y"] }],
    ['(Name eq "a \\"b\\"")', { names: ['a "b"'] }],
    ["((runid EQ a) and (metrictype eq azureml.v1.list))", { runIds: ["a"], types: ["azureml.v1.list"] }],
    [
      "CreatedUtc ge 2026-01-02T00:00:00Z and CreatedUtc le 2026-01-03",
      { from: 1767312000000, to: 1767398400000 },
    ],
    ["CreatedUtc gt 2026-01-02T00:00:00.000000Z", { from: 1767312000000.001 }],
  ] as const)
    it(text === "" ? "may be empty" : text, () => {
      const read = parseMetricFilter(text);
      assert.deepEqual({ ...read, ...(read.from ? { from: Number(read.from.toFixed(3)) } : {}) }, means);
    });

  for (const text of [
    "x",
    "RunId",
    "RunId eq",
    "(RunId eq )",
    "Color eq red",
    "RunId gt a",
    "CreatedUtc gt never",
    "RunId eq a or name eq b",
  ])
    it(`refuses ${text}`, () =>
      assert.throws(
        () => parseMetricFilter(text),
        (error) =>
          isMalachiteError(error) && error.code === "BadFilter" && /position \d+/.test(error.message),
      ));
});
