// The filter language: what clients send, what is refused and where, and that text and data say the same.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isMalachiteError } from "../failure/malachiteError.ts";
import { EXPERIMENT_FIELDS, RUN_FIELDS, RUN_TABLE_FIELDS } from "./fields.ts";
import type { Field, Filter, Literal } from "./filter.ts";
import { FILTER_LIMITS, parseFilter } from "./parseFilter.ts";
import { printFilter } from "./printFilter.ts";

const run = (text: string) => parseFilter(text, RUN_FIELDS);
const field = (name: string): Field => ({ of: "field", name });
const tag = (key: string): Field => ({ of: "tags", key });

describe("parseFilter", () => {
  it("reads what clients send", () => {
    const cases: readonly (readonly [string, Filter])[] = [
      ["(ParentRunId eq null)", { op: "eq", field: field("parentrunid"), literal: { value: null } }],
      ["(Status eq Completed)", { op: "eq", field: field("status"), literal: { value: "Completed" } }],
      ["status eq 'running'", { op: "eq", field: field("status"), literal: { value: "Running" } }],
      ['(Tags/k eq "v")', { op: "eq", field: tag("k"), literal: { value: "v" } }],
      [
        "Tags/customimage eq specialrun",
        { op: "eq", field: tag("customimage"), literal: { value: "specialrun" } },
      ],
      [
        '(Properties/azureml.runsource eq "a b")',
        { op: "eq", field: { of: "properties", key: "azureml.runsource" }, literal: { value: "a b" } },
      ],
      ["(Tags/k ne null or Tags/k eq null)", { op: "ne", field: tag("k"), literal: { value: null } }],
      [
        "RunTypeV2/Orchestrator eq X",
        { op: "eq", field: field("runtypev2/orchestrator"), literal: { value: "X" } },
      ],
      [
        "endTimeUtc ge 2024-01-02T03:04:05Z",
        {
          op: "ge",
          field: field("endtimeutc"),
          literal: { value: Date.UTC(2024, 0, 2, 3, 4, 5), date: true },
        },
      ],
      [
        "CreatedUtc LT 2024-01-02",
        { op: "lt", field: field("createdutc"), literal: { value: Date.UTC(2024, 0, 2), date: true } },
      ],
      [
        "createdUtc ge 2024-01-02T03:04:05.1234567+02:00",
        {
          op: "ge",
          field: field("createdutc"),
          literal: { value: Date.UTC(2024, 0, 2, 1, 4, 5, 123), date: true },
        },
      ],
      ["runNumber gt 12", { op: "gt", field: field("runnumber"), literal: { value: 12 } }],
      ["hidden eq TRUE", { op: "eq", field: field("hidden"), literal: { value: true } }],
      ["Tags/n eq 5", { op: "eq", field: tag("n"), literal: { value: "5" } }],
      ["Tags/n eq 'null'", { op: "eq", field: tag("n"), literal: { value: "null" } }],
      ["Tags/'odd ''(key)' eq 'it''s'", { op: "eq", field: tag("odd '(key)"), literal: { value: "it's" } }],
      ['Tags/k eq "a ""b"" C:\\x\\"', { op: "eq", field: tag("k"), literal: { value: 'a "b" C:\\x\\' } }],
      ["Tags/k eq it's", { op: "eq", field: tag("k"), literal: { value: "it's" } }],
      ["Tags/a/b eq x", { op: "eq", field: tag("a/b"), literal: { value: "x" } }],
    ];
    for (const [text, expected] of cases) assert.deepEqual(run(text), expected, text);
    assert.equal(run("  "), undefined);
  });

  it("reads what the v1 SDK puts together without quoting anything", () => {
    const eq = (key: string, value: string): Filter => ({ op: "eq", field: tag(key), literal: { value } });
    const top: Filter = { op: "eq", field: field("parentrunid"), literal: { value: null } };
    for (const [text, expected] of [
      ['((Tags/a b eq "x y") and (ParentRunId eq null))', eq("a b", "x y")],
      ['((Tags/q/1 eq "it\'s "q"") and (ParentRunId eq null))', eq("q/1", 'it\'s "q"')],
      ['((Tags/k eq "say "hi" now") and (ParentRunId eq null))', eq("k", 'say "hi" now')],
      ['((Tags/k eq """) and (ParentRunId eq null))', eq("k", '"')],
      ['((Tags/k eq "") and (ParentRunId eq null))', eq("k", "")],
      ['((Tags/k eq "C:\\dir\\") and (ParentRunId eq null))', eq("k", "C:\\dir\\")],
      ['((Tags/f(x) and "g" eq "1") and (ParentRunId eq null))', eq('f(x) and "g"', "1")],
      ['((Tags/it\'s eq "1") and (ParentRunId eq null))', eq("it's", "1")],
      [
        "((Tags/a b ne null or Tags/a b eq null) and (ParentRunId eq null))",
        { op: "ne", field: tag("a b"), literal: { value: null } },
      ],
      [
        "((CreatedUtc ge 2020-01-02 03:04:05.000006+00:00) and (ParentRunId eq null))",
        {
          op: "ge",
          field: field("createdutc"),
          literal: { value: Date.UTC(2020, 0, 2, 3, 4, 5), date: true },
        },
      ],
    ] as const satisfies readonly (readonly [string, Filter])[])
      assert.deepEqual(run(text), { op: "and", parts: [expected, top] }, text);
    const inExperiments = (text: string) => parseFilter(text, EXPERIMENT_FIELDS);
    assert.deepEqual(inExperiments("((name eq my first) and (Tags/k eq it's all here))"), {
      op: "and",
      parts: [{ op: "eq", field: field("name"), literal: { value: "my first" } }, eq("k", "it's all here")],
    });
  });

  it("reads a trait as the v1 SDK asks for it, wherever it stands", () => {
    const trait: Filter = { op: "ne", field: { of: "traits", key: "x" }, literal: { value: null } };
    const status: Filter = { op: "eq", field: field("status"), literal: { value: "Running" } };
    const top: Filter = { op: "eq", field: field("parentrunid"), literal: { value: null } };
    const has = "(RunTypeV2/Traits/x ne null) or (RunTypeV2/Traits/x eq null)";
    assert.deepEqual(run(has), trait);
    assert.deepEqual(run(`((Status eq Running) and ${has})`), { op: "and", parts: [status, trait] });
    assert.deepEqual(run(`(${has} and (ParentRunId eq null))`), { op: "and", parts: [trait, top] });
    assert.deepEqual(run(`((Status eq Running) and ${has} and (ParentRunId eq null))`), {
      op: "and",
      parts: [status, trait, top],
    });
    // Of a tag, the same words can be meant.
    const either = run("Status eq Running and Tags/x ne null or Tags/x eq null and Status eq Queued");
    assert.equal(either?.op, "or");
  });

  it("reads instants in every form that clients print", () => {
    const at = (text: string) => run(`createdUtc ge ${text}`);
    const expected = (value: number): Filter => ({
      op: "ge",
      field: field("createdutc"),
      literal: { value, date: true },
    });
    const noon = Date.UTC(2024, 0, 2, 12);
    for (const text of [
      "2024-01-02T12:00:00Z",
      "2024-01-02t12:00:00z",
      "2024-01-02T12:00",
      "2024-01-02 12:00:00",
      "2024-01-02 12:00:00.000000+00:00",
      "2024-01-02T12:00:00.0000000Z",
      "2024-01-02 13:00:00 +0100",
      "2024-01-02T13:00:00+01",
      "'2024-01-02T12:00:00Z'",
      '"2024-01-02 12:00:00+00:00"',
    ])
      assert.deepEqual(at(text), expected(noon), text);
  });

  it("binds and stronger than or, and not strongest", () => {
    const eq = (name: string): Filter => ({ op: "eq", field: field("name"), literal: { value: name } });
    assert.deepEqual(run("name eq a or name eq b and not name eq c"), {
      op: "or",
      parts: [eq("a"), { op: "and", parts: [eq("b"), { op: "not", part: eq("c") }] }],
    });
    assert.deepEqual(run("(name eq a or name eq b) and ((name eq c and name eq d))"), {
      op: "and",
      parts: [{ op: "or", parts: [eq("a"), eq("b")] }, eq("c"), eq("d")],
    });
  });

  it("reads lists and looks into texts", () => {
    const eq = (of: Field, value: string | number): Filter => ({ op: "eq", field: of, literal: { value } });
    const cases: readonly (readonly [string, Filter])[] = [
      [
        "status in ('running',Failed , \"Canceled\")",
        {
          op: "or",
          parts: ["Running", "Failed", "Canceled"].map((status) => eq(field("status"), status)),
        },
      ],
      ["runNumber in(7)", eq(field("runnumber"), 7)],
      [
        "tags/a key in ('x, y','it''s') and name eq b",
        {
          op: "and",
          parts: [
            { op: "or", parts: [eq(tag("a key"), "x, y"), eq(tag("a key"), "it's")] },
            eq(field("name"), "b"),
          ],
        },
      ],
      ["contains(name,'a, (b)')", { op: "contains", field: field("name"), text: "a, (b)" }],
      [
        "not StartsWith( tags/'odd, key' , 'x') or endswith(displayName, '.py') eq true",
        {
          op: "or",
          parts: [
            { op: "not", part: { op: "startswith", field: tag("odd, key"), text: "x" } },
            { op: "endswith", field: field("displayname"), text: ".py" },
          ],
        },
      ],
      ["name eq contains", eq(field("name"), "contains")],
      ["name eq a,b", eq(field("name"), "a,b")],
    ];
    for (const [text, filter] of cases) assert.deepEqual(run(text), filter, text);
    assert.throws(() => run("name in (a,b"), /found the end/);
  });

  it("reads parameters and metrics for tables alone", () => {
    const table = (text: string) => parseFilter(text, RUN_TABLE_FIELDS);
    assert.deepEqual(table("metrics/val loss lt 0.5 and params/lr eq 0.1"), {
      op: "and",
      parts: [
        { op: "lt", field: { of: "metrics", key: "val loss" }, literal: { value: 0.5 } },
        { op: "eq", field: { of: "params", key: "lr" }, literal: { value: "0.1" } },
      ],
    });
    assert.throws(() => table("metrics/loss lt small"), /a number/);
    assert.throws(() => table("contains(metrics/loss, '1')"), /looks into texts/);
    assert.throws(() => run("params/lr eq 1"), /a property of runs/);
  });

  it("tells where a bad filter goes wrong, and what was expected", () => {
    const cases: readonly (readonly [string, number, RegExp])[] = [
      ["status", 7, /a comparison \(eq/],
      ["status eq", 10, /a value/],
      ["status eq and", 11, /a value/],
      ["status eq Running Queued", 19, /'and', 'or' or the end/],
      ["createdUtc gt 2024-01-02 tomorrow", 26, /'and', 'or' or the end/],
      ["Tags/a and (status eq Running)", 8, /a comparison/],
      ["(Tags/a) and (b eq c)", 8, /a comparison/],
      ['Tags/k eq "x" y', 15, /'and', 'or' or the end/],
      ['name eq "open', 9, /never closed/],
      ["(status eq Running", 19, /'\)'/],
      ["status eq Running)", 18, /the end of the filter/],
      ["colour eq red", 1, /runId, runNumber, .*tags\/KEY/],
      ["status eq 'Running", 11, /never closed/],
      ["createdUtc gt yesterday", 15, /a date like/],
      ["createdUtc gt 2024-02-30", 15, /a date like/],
      ["createdUtc gt 2024-13-01", 15, /a date like/],
      ["createdUtc gt 2024-01-02T25:00:00Z", 15, /a date like/],
      ["runNumber eq one", 14, /a number/],
      ["runNumber eq 1e999", 14, /a number/],
      ["hidden eq maybe", 11, /true or false/],
      ["Tags/ eq x", 6, /a key/],
      ["endswith(colour, 'x')", 10, /a property/],
      ["length(name) eq 3", 1, /a property/],
      ["contains(name)", 14, /','/],
      ["contains(name, x)", 16, /a text in quotes/],
      ["contains(name, 'x'", 19, /'\)'/],
      ["contains(name, 'x') eq false", 24, /true/],
      ["contains(createdUtc, '2024')", 10, /looks into texts/],
      ["status in ()", 12, /a value/],
      ["status in ('Failed' 'Running')", 21, /','/],
      ["runNumber in (1, two)", 18, /a number/],
      ["'x' eq name", 1, /the name of a property/],
      ["not", 4, /the name of a property/],
      ["()", 2, /the name of a property/],
    ];
    for (const [text, position, says] of cases) {
      assert.throws(
        () => run(text),
        (error) => {
          assert.ok(isMalachiteError(error), String(error));
          assert.equal(error.code, "BadFilter");
          assert.match(error.message, new RegExp(`at position ${position}:`), `${text}: ${error.message}`);
          assert.match(error.message, says);
          return true;
        },
      );
    }
    assert.throws(() => parseFilter("Properties/x eq y", EXPERIMENT_FIELDS), /a property of experiments/);
  });

  it("bounds length, nesting and comparisons", () => {
    const deep = (n: number) => `${"(".repeat(n)}name eq a${")".repeat(n)}`;
    assert.ok(run(deep(FILTER_LIMITS.depth)));
    assert.throws(() => run(deep(FILTER_LIMITS.depth + 1)), /nest deeper/);
    assert.throws(() => run("(".repeat(60_000)), /nest deeper/);
    assert.throws(() => run(`${"not ".repeat(15_000)}name eq a`), /nest deeper/);
    const many = (n: number) => Array.from({ length: n }, (_, i) => `RunId eq r${i}`).join(" or ");
    assert.ok(run(many(FILTER_LIMITS.comparisons)));
    assert.throws(() => run(many(FILTER_LIMITS.comparisons + 1)), /more than 500 comparisons/);
    assert.throws(() => run(`name eq '${"x".repeat(FILTER_LIMITS.length)}'`), /longer than/);
  });

  it("reads back what printFilter prints", () => {
    fc.assert(
      fc.property(anyFilter(), (filter) => {
        const text = printFilter(filter);
        const read = run(text);
        assert.ok(read);
        assert.deepEqual(run(printFilter(read)), read);
        if (!/ null/.test(text)) assert.deepEqual(read, filter, text);
      }),
      { numRuns: 500 },
    );
  });

  it("answers any text with a filter or BadFilter", () => {
    const piece = fc.oneof(
      fc.constantFrom(..."contains( startswith( in ,".split(" ")),
      fc.constantFrom("(", ")", " ", "and", "or", "not", "eq", "name", "tags/k", "'", '"', "null", "\\", "/"),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        try {
          run(pieces.join(" "));
        } catch (error) {
          assert.ok(isMalachiteError(error) && error.code === "BadFilter", String(error));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

function anyFilter(): fc.Arbitrary<Filter> {
  const comparison = fc.constantFrom("eq", "ne", "gt", "ge", "lt", "le");
  const text = fc.string({ unit: "grapheme", maxLength: 8 }).map((value): Literal => ({ value }));
  const none = fc.constant<Literal>({ value: null });
  const time = fc
    .integer({ min: 0, max: 4_000_000_000_000 })
    .map((value): Literal => ({ value, date: true }));
  const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 });
  const pair = fc.oneof(
    fc.tuple(fc.constantFrom("name", "target", "displayname").map(field), fc.oneof(text, none)),
    fc.tuple(fc.constantFrom("createdutc", "endtimeutc").map(field), time),
    fc.tuple(
      fc.constant(field("runnumber")),
      fc.integer().map((value): Literal => ({ value })),
    ),
    fc.tuple(
      fc.constant(field("hidden")),
      fc.boolean().map((value): Literal => ({ value })),
    ),
    fc.tuple(
      fc.tuple(fc.constantFrom("tags", "properties"), key).map(([of, k]): Field => ({ of, key: k }) as Field),
      fc.oneof(text, none),
    ),
  );
  const compared = fc
    .tuple(comparison, pair)
    .map(([op, [on, literal]]): Filter => ({ op, field: on, literal }));
  const looked = fc
    .tuple(
      fc.constantFrom("contains", "startswith", "endswith"),
      fc.oneof(fc.constant(field("name")), key.map(tag)),
      fc.string({ unit: "grapheme", maxLength: 8 }),
    )
    .map(([op, on, within]): Filter => ({ op, field: on, text: within }));
  const leaf = fc.oneof({ weight: 3, arbitrary: compared }, looked);
  const join = (op: "and" | "or", parts: readonly Filter[]): Filter => ({
    op,
    parts: parts.flatMap((part) => (part.op === op ? part.parts : [part])),
  });
  return fc.letrec<{ node: Filter }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc
        .tuple(fc.constantFrom("and", "or"), fc.array(tie("node"), { minLength: 2, maxLength: 4 }))
        .map(([op, parts]) => join(op as "and", parts)),
      tie("node").map((part): Filter => ({ op: "not", part })),
    ),
  })).node;
}
