import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MalachiteError } from "../../failure/malachiteError.ts";
import { parseSearch, parseSearchOrder, SEARCH_LIMITS } from "./parseSearch.ts";
import { printSearch, printSearchOrder } from "./printSearch.ts";
import type { Comparator, SearchClause, SearchKey } from "./search.ts";
import {
  comparatorsOf,
  EXPERIMENT_SEARCH,
  isNumeric,
  MODEL_VERSION_SEARCH,
  REGISTERED_MODEL_SEARCH,
  RUN_SEARCH,
} from "./subjects.ts";

const clause = (
  of: SearchKey["of"],
  key: string,
  comparator: Comparator,
  value?: SearchClause["value"],
): SearchClause => ({ key: { of, key }, comparator, ...(value === undefined ? {} : { value }) });

describe("parseSearch", () => {
  const good: readonly (readonly [string, readonly SearchClause[]])[] = [
    ["", []],
    ["  \n ", []],
    ["metrics.acc > 0.9", [clause("metric", "acc", ">", 0.9)]],
    ["metric.acc>=-1e-3", [clause("metric", "acc", ">=", -0.001)]],
    ["metrics.acc = .5", [clause("metric", "acc", "=", 0.5)]],
    ["metrics.`val loss` < 1", [clause("metric", "val loss", "<", 1)]],
    ['metrics."val/loss" != 1.', [clause("metric", "val/loss", "!=", 1)]],
    ["metrics.val-loss <= 3", [clause("metric", "val-loss", "<=", 3)]],
    ["params.lr = '0.1'", [clause("param", "lr", "=", "0.1")]],
    ['parameter.lr = "it\'s"', [clause("param", "lr", "=", "it's")]],
    ["param.lr = 'it''s'", [clause("param", "lr", "=", "it's")]],
    ["params.a.b.c LIKE '%x_'", [clause("param", "a.b.c", "LIKE", "%x_")]],
    ["tags.mlflow.source.type = 'LOCAL'", [clause("tag", "mlflow.source.type", "=", "LOCAL")]],
    ["tag.`a``b` ilike 'X'", [clause("tag", "a`b", "ILIKE", "X")]],
    ["tags.x IS NULL", [clause("tag", "x", "IS NULL")]],
    ["params.x is not null", [clause("param", "x", "IS NOT NULL")]],
    ["status = 'RUNNING'", [clause("attribute", "status", "=", "RUNNING")]],
    ["attributes.status != 'FAILED'", [clause("attribute", "status", "!=", "FAILED")]],
    ["run.start_time > 1700000000000", [clause("attribute", "start_time", ">", 1_700_000_000_000)]],
    ["Created < 5", [clause("attribute", "start_time", "<", 5)]],
    ["attributes.`Run name` = 'x'", [clause("attribute", "run_name", "=", "x")]],
    ["`run name` = 'x'", [clause("attribute", "run_name", "=", "x")]],
    ["run_id IN ('a', 'b')", [clause("attribute", "run_id", "IN", ["a", "b"])]],
    ["run_id NOT IN ('a',)", [clause("attribute", "run_id", "NOT IN", ["a"])]],
    ["dataset.name LIKE '%x'", [clause("dataset", "name", "LIKE", "%x")]],
    ["datasets.context in ('train')", [clause("dataset", "context", "IN", ["train"])]],
    [
      "metrics.a > 1 AND params.b = 'x' and tags.c != ''",
      [clause("metric", "a", ">", 1), clause("param", "b", "=", "x"), clause("tag", "c", "!=", "")],
    ],
  ];
  for (const [text, wanted] of good)
    it(`reads ${text || "nothing"}`, () => assert.deepEqual(parseSearch(text, RUN_SEARCH), wanted));

  const bad: readonly (readonly [string, number, RegExp])[] = [
    ["metrics.acc > 'x'", 15, /a number/],
    ["metrics.acc > NaN", 15, /a number/],
    ["metrics.acc", 12, /a comparison/],
    ["metrics.acc >", 14, /a number/],
    ["metrics. > 1", 9, /a key/],
    ["metrics.acc LIKE '1'", 13, /takes =, !=/],
    ["metrics.acc == 1", 13, /written =/],
    ["metrics.acc <> 1", 13, /written !=/],
    ["metrics.acc IS NULL", 13, /takes =/],
    ["params.lr = 0.1", 13, /a text in quotes/],
    ["params.lr = abc", 13, /a text in quotes/],
    ["params.lr > '1'", 11, /takes =/],
    ["status IN ('x')", 8, /takes =/],
    ["status = 'a' OR status = 'b'", 14, /OR is not part/],
    ["status = 'a' status = 'b'", 14, /AND or the end/],
    ["status = 'a' AND", 17, /a name/],
    ["(status = 'a')", 1, /a name/],
    ["colour = 'a'", 1, /an attribute of runs/],
    ["lifecycle_stage = 'a'", 1, /an attribute of runs/],
    ["things.x = 'a'", 1, /'things' is not one of/],
    ["dataset.size = 'a'", 1, /a dataset has name, digest, context/],
    ["tags.x = 'a", 10, /never closed/],
    ["tags.`x = 'a'", 6, /never closed/],
    ["run_id IN 'a'", 11, /a list/],
    ["run_id IN ()", 12, /a text/],
    ["run_id IN ('a' 'b')", 16, /',' or '\)'/],
    ["tags.x IS 'a'", 11, /NULL or NOT NULL/],
    ["tags.x NOT LIKE 'a'", 12, /IN/],
    ["tags.x ! 'a'", 8, /not expected/],
  ];
  for (const [text, position, says] of bad)
    it(`refuses ${text} at ${position}`, () =>
      assert.throws(
        () => parseSearch(text, RUN_SEARCH),
        (error: unknown) => {
          assert.ok(error instanceof MalachiteError);
          assert.equal(error.code, "BadFilter");
          assert.match(error.message, new RegExp(`at position ${position}:`));
          assert.match(error.message, says);
          return true;
        },
      ));

  it("refuses too much", () => {
    const many = (count: number) => Array.from({ length: count }, () => "tags.a = 'b'").join(" AND ");
    assert.equal(parseSearch(many(SEARCH_LIMITS.clauses), RUN_SEARCH).length, SEARCH_LIMITS.clauses);
    assert.throws(() => parseSearch(many(SEARCH_LIMITS.clauses + 1), RUN_SEARCH), /more than/);
    assert.throws(() => parseSearch(`tags.a = '${"x".repeat(SEARCH_LIMITS.length)}'`, RUN_SEARCH), /longer/);
  });

  it("knows what experiments and models have", () => {
    assert.deepEqual(parseSearch("name LIKE 'a%' AND tags.k = 'v'", EXPERIMENT_SEARCH).length, 2);
    assert.throws(() => parseSearch("metrics.x > 1", EXPERIMENT_SEARCH), /'metrics' is not one of/);
    assert.throws(() => parseSearch("experiment_id = '1'", EXPERIMENT_SEARCH), /an attribute of experiments/);
    assert.throws(() => parseSearch("tags.k IS NULL", REGISTERED_MODEL_SEARCH), /takes =/);
    assert.deepEqual(parseSearch("run_id IN ('a') and version_number > 2", MODEL_VERSION_SEARCH).length, 2);
  });

  it("reads back what is printed", () => {
    const key = fc.oneof(
      fc.constantFrom<SearchKey>(
        { of: "attribute", key: "run_id" },
        { of: "attribute", key: "status" },
        { of: "attribute", key: "end_time" },
        { of: "dataset", key: "context" },
      ),
      fc.record(
        {
          of: fc.constantFrom<"metric" | "param" | "tag">("metric", "param", "tag"),
          key: fc.string({ minLength: 1, unit: "grapheme" }),
        },
        { noNullPrototype: true },
      ),
    );
    const one = key.chain((of) =>
      fc.constantFrom(...comparatorsOf(of, RUN_SEARCH)).chain((comparator) => {
        if (comparator.startsWith("IS")) return fc.constant<SearchClause>({ key: of, comparator });
        const texts = fc.string({ unit: "grapheme" });
        const value: fc.Arbitrary<string | number | string[]> = comparator.endsWith("IN")
          ? fc.array(texts, { minLength: 1, maxLength: 4 })
          : isNumeric(of, RUN_SEARCH)
            ? fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0)
            : texts;
        return value.map((v): SearchClause => ({ key: of, comparator, value: v }));
      }),
    );
    fc.assert(
      fc.property(fc.array(one, { maxLength: 5 }), (clauses) =>
        assert.deepEqual(parseSearch(printSearch(clauses), RUN_SEARCH), clauses),
      ),
    );
  });

  it("throws nothing but BadFilter, whatever the text", () => {
    const piece = fc.constantFrom(
      "metrics.",
      "tags.",
      "params",
      ".",
      "'",
      '"',
      "`",
      "(",
      ")",
      ",",
      "=",
      "<",
      "!",
      " ",
      "AND",
      "OR",
      "IN",
      "NOT",
      "IS",
      "NULL",
      "1",
      "-",
      "e",
      "x",
    );
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join("")),
        (text) => {
          try {
            parseSearch(text, RUN_SEARCH);
          } catch (error) {
            assert.ok(error instanceof MalachiteError && error.code === "BadFilter", String(error));
          }
        },
      ),
    );
  });
});

describe("parseSearchOrder", () => {
  it("reads keys with directions", () => {
    assert.deepEqual(parseSearchOrder(["metrics.acc DESC", "start_time", "params.`a b` asc"], RUN_SEARCH), [
      { key: { of: "metric", key: "acc" }, descending: true },
      { key: { of: "attribute", key: "start_time" }, descending: false },
      { key: { of: "param", key: "a b" }, descending: false },
    ]);
    assert.deepEqual(parseSearchOrder(["timestamp DESC"], REGISTERED_MODEL_SEARCH), [
      { key: { of: "attribute", key: "last_updated_timestamp" }, descending: true },
    ]);
  });

  for (const [text, says] of [
    ["", /a name/],
    ["metrics.acc UP", /ASC, DESC or the end/],
    ["metrics.acc DESC, start_time", /ASC, DESC or the end/],
    ["colour", /an attribute/],
  ] as const)
    it(`refuses '${text}'`, () => assert.throws(() => parseSearchOrder([text], RUN_SEARCH), says));

  it("refuses the same key twice", () =>
    assert.throws(() => parseSearchOrder(["start_time", "created DESC"], RUN_SEARCH), /named twice/));

  it("reads back what is printed", () => {
    const order = { key: { of: "tag", key: "a `b`" }, descending: true } as const;
    assert.deepEqual(parseSearchOrder([printSearchOrder(order)], RUN_SEARCH), [order]);
  });
});
