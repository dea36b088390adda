// Reading as the real service reads: any case, digit strings, nulls, unknown properties kept, every fault with its path.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import Type from "typebox";
import { RunDefinition } from "./execution/index.ts";
import { DeleteOrModifyTags, listQuery, Run } from "./history/index.ts";
import { mapOf, model, oneOf, optional } from "./model.ts";
import { operations } from "./openapi.ts";
import { readWire } from "./read.ts";

const read = (schema: Parameters<typeof readWire>[0], value: unknown, written?: "json" | "text") => {
  const found = readWire(schema, value, written);
  assert.deepEqual(found.faults, []);
  return found.value;
};
const faults = (schema: Parameters<typeof readWire>[0], value: unknown) => readWire(schema, value).faults;
const targets = (schema: Parameters<typeof readWire>[0], value: unknown) =>
  faults(schema, value).map((f) => f.target);

describe("names", () => {
  it("are matched in any case, inside and out, and come out in the contract's spelling", () => {
    assert.deepEqual(
      read(RunDefinition, { CONFIGURATION: { Script: "a", nodecount: 2 }, SnapshotID: undefined }),
      {
        configuration: { script: "a", nodeCount: 2 },
      },
    );
  });
  it("of free maps keep their case, whatever they are", () => {
    const environment = { EnvironmentVariables: { Path: "1", PATH: "2", Script: "3", constructor: "4" } };
    const value = read(RunDefinition, { Configuration: { Environment: environment } });
    assert.deepEqual(value, {
      configuration: { environment: { environmentVariables: environment.EnvironmentVariables } },
    });
  });
  it("that are not known are kept as they were sent, nulls too", () => {
    assert.deepEqual(read(RunDefinition, { TelemetryValues: { A: null }, x: null }), {
      TelemetryValues: { A: null },
      x: null,
    });
  });
  it("given twice in different cases are a fault", () => {
    assert.deepEqual(targets(RunDefinition, { snapshotId: null, runType: "a", RunType: "b" }), ["runType"]);
  });
  it("of tags may have no value, which stays so; a property without one has an empty one", () => {
    const sent = { tags: { a: null, b: "1" }, properties: { a: null, b: "1" }, tagsToModify: { c: null } };
    assert.deepEqual(read(Run, sent), { ...sent, properties: { a: "", b: "1" } });
    assert.deepEqual(read(DeleteOrModifyTags, { tagsToModify: { c: null } }), { tagsToModify: { c: null } });
    assert.deepEqual(targets(Run, { tags: { a: 1 } }), ["tags.a"]);
  });
  it("of every object's own are harmless", () => {
    const value = read(RunDefinition, JSON.parse('{"__proto__":{"x":1},"toString":2}')) as Record<
      string,
      unknown
    >;
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(value.x, undefined);
    assert.deepEqual(Object.keys(value), ["__proto__", "toString"]);
  });
});

describe("values", () => {
  const Numbers = model("Numbers", {
    int: optional(Type.Integer({ format: "int32" })),
    long: optional(Type.Integer({ format: "int64" })),
    least: optional(Type.Integer({ minimum: 1 })),
    real: optional(Type.Number()),
  });
  it("null is absent", () => assert.deepEqual(read(Numbers, { int: null, long: undefined }), {}));
  it("digit strings are numbers", () =>
    assert.deepEqual(read(Numbers, { int: "84000", long: " 7 ", real: "-3" }), {
      int: 84000,
      long: 7,
      real: -3,
    }));
  it("numbers out of range are faults", () => {
    for (const value of [
      { int: 2 ** 31 },
      { int: "99999999999" },
      { long: 2 ** 53 },
      { least: 0 },
      { int: 1.5 },
      { int: "1.5" },
      { int: "" },
      { int: "1e3" },
      { real: Number.NaN },
      { real: Number.POSITIVE_INFINITY },
      { int: true },
      { int: [1] },
    ]) {
      assert.equal(faults(Numbers, value).length, 1, JSON.stringify(value));
    }
  });
  it("words of a closed list are taken in any case, and come out as the list has them", () => {
    const Word = model("Word", { word: oneOf(["Python", "PySpark"]) });
    assert.deepEqual(read(Word, { WORD: "pyspark" }), { word: "PySpark" });
    assert.match(faults(Word, { word: "R" })[0]?.message ?? "", /Python, PySpark/);
  });
  it("UUIDs, dates and patterns are checked", () => {
    const One = model("One", {
      id: optional(Type.String({ format: "uuid" })),
      at: optional(Type.String({ format: "date-time" })),
      run: optional(Type.String({ pattern: "^[a-z]+$" })),
      short: optional(Type.String({ minLength: 2, maxLength: 3 })),
    });
    read(One, {
      id: "AAAAAAAA-0000-0000-0000-000000000000",
      at: "2026-01-02T03:04:05.1234567Z",
      run: "abc",
      short: "ab",
    });
    for (const at of ["2026-01-02T03:04:05+00:00", "2026-01-02 03:04:05Z", "2026-01-02T03:04Z"])
      read(One, { at });
    assert.deepEqual(targets(One, { id: "x", at: "yesterday", run: "A", short: "a" }), [
      "id",
      "at",
      "run",
      "short",
    ]);
    assert.deepEqual(targets(One, { at: "2026-13-40T99:99:99Z", run: "abc\n", short: "abcd" }), [
      "at",
      "run",
      "short",
    ]);
  });
  it("booleans and single values are words in a query string only", () => {
    assert.deepEqual(read(listQuery, { $Count: "TRUE", $TOP: "5", $orderby: "a" }, "text"), {
      $count: true,
      $top: 5,
      $orderby: ["a"],
    });
    assert.deepEqual(targets(listQuery, { $count: "true", $orderby: "a" }), ["$count", "$orderby"]);
  });
  it("of the wrong kind are told by what they are", () => {
    for (const [value, word] of [
      [null, "null"],
      [[], "an array"],
      ["x", 'string "x"'],
      [1, "number 1"],
    ] as const) {
      assert.match(faults(RunDefinition, value)[0]?.message ?? "", new RegExp(word));
    }
    assert.match(faults(Run, { status: {} })[0]?.message ?? "", /an object/);
  });
});

describe("faults", () => {
  it("are all told, each with its path", () => {
    const value = {
      Configuration: {
        Arguments: ["a", [], {}],
        NodeCount: "x",
        Environment: { environmentVariables: { A: {} } },
        dataReferences: { d: { mode: "Steal" } },
      },
      snapshotId: 5,
    };
    assert.deepEqual(targets(RunDefinition, value).sort(), [
      "configuration.arguments[1]",
      "configuration.arguments[2]",
      "configuration.dataReferences.d.mode",
      "configuration.environment.environmentVariables.A",
      "configuration.nodeCount",
      "snapshotId",
    ]);
  });
  it("name what is required and missing", () => {
    const Both = model("Both", { a: Type.String(), b: Type.String(), c: optional(Type.String()) });
    assert.deepEqual(targets(Both, { A: null }), ["a", "b"]);
  });
  it("never hold a long value whole", () => {
    assert.ok((faults(RunDefinition, { snapshotId: "x".repeat(100_000) })[0]?.message.length ?? 0) < 200);
  });
});

/** A value that a schema describes, as a client might hold it. */
function anyValue(schema: Record<string, unknown>, depth = 0): fc.Arbitrary<unknown> {
  if (Array.isArray(schema.anyOf)) {
    return fc.oneof(...schema.anyOf.map((one) => anyValue(one as Record<string, unknown>, depth)));
  }
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as string[]));
  if (schema.format === "uuid") return fc.uuid();
  if (schema.format === "date-time")
    return fc
      .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
      .map((d) => d.toISOString());
  switch (schema.type) {
    case "string":
      return fc.string();
    case "integer":
      return fc.integer();
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(anyValue(schema.items as Record<string, unknown>, depth + 1), { maxLength: 3 });
    case "object": {
      const patterns = schema.patternProperties as Record<string, Record<string, unknown>> | undefined;
      const key = fc.string().filter((name) => name !== "__proto__");
      if (patterns)
        return fc.dictionary(key, anyValue(Object.values(patterns)[0] ?? {}, depth + 1), {
          maxKeys: 3,
          noNullPrototype: true,
        });
      const properties = Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>);
      const required = (schema.required ?? []) as string[];
      const model = Object.fromEntries(properties.map(([name, inner]) => [name, anyValue(inner, depth + 1)]));
      return fc.record(model, { requiredKeys: required, noNullPrototype: true });
    }
    default:
      return fc.constantFrom("x", 1, true);
  }
}
/** The same value with known names in another spelling. */
function respell(value: unknown, schema: Record<string, unknown>, by: (name: string) => string): unknown {
  if (Array.isArray(value))
    return value.map((one) => respell(one, (schema.items ?? {}) as Record<string, unknown>, by));
  if (typeof value !== "object" || value === null) return value;
  const properties = (schema.properties ?? {}) as Record<string, Record<string, unknown>>;
  const patterns = Object.values((schema.patternProperties ?? {}) as Record<string, Record<string, unknown>>);
  const entries = Object.entries(value).map(([name, inner]) => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return [known ? by(name) : name, respell(inner, known ?? patterns[0] ?? {}, by)] as const;
  });
  return Object.fromEntries(entries);
}

describe("print and read", () => {
  const pascal = (name: string) => name.slice(0, 1).toUpperCase() + name.slice(1);
  const spellings = [
    (n: string) => n,
    pascal,
    (n: string) => n.toUpperCase(),
    (n: string) => n.toLowerCase(),
  ];
  for (const [name, schema] of Object.entries({
    RunDefinition,
    Run,
    map: model("M", { m: mapOf(mapOf(Type.String())) }),
  })) {
    it(`give the same ${name} back, in whichever spelling it is written`, () => {
      const arbitrary = anyValue(schema as never).map((value) => JSON.parse(JSON.stringify(value)));
      fc.assert(
        fc.property(arbitrary, fc.constantFrom(...spellings), (value, by) => {
          assert.deepEqual(read(schema, respell(value, schema as never, by)), value);
        }),
      );
    });
  }
  it("never throw, whatever is read as whatever", () => {
    const schemas = operations.flatMap(({ body }) => (body?.kind === "json" ? [body.schema] : []));
    fc.assert(
      fc.property(
        fc.constantFrom(...schemas),
        fc.anything(),
        (schema, value) => void readWire(schema, value),
      ),
    );
  });
});
