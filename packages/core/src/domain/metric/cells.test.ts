// Cells are read as the type of their column, as far as a client can have meant it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { columnType, numberOf, readCell } from "./cells.ts";

describe("cells", () => {
  it("know the types in every spelling", () => {
    for (const [name, type] of [
      ["Int", "int"],
      ["DOUBLE", "double"],
      ["float", "double"],
      ["Artifact", "artifact"],
      ["none", "none"],
      ["tensor", undefined],
      ["constructor", undefined],
    ] as const)
      assert.equal(columnType(name), type, name);
  });

  it("read numbers as Python and .NET write them", () => {
    for (const [text, number] of [
      ["1.5", 1.5],
      [" -2e3 ", -2000],
      ["NaN", Number.NaN],
      ["-Infinity", Number.NEGATIVE_INFINITY],
      ["+inf", Number.POSITIVE_INFINITY],
      ["0x10", undefined],
      ["", undefined],
      ["nano", undefined],
    ] as const)
      assert.equal(numberOf(text), number, text);
  });

  it("widen a column where that loses nothing, and refuse the rest", () => {
    assert.deepEqual(readCell(2.5, "int"), { cell: 2.5, type: "double" });
    assert.deepEqual(readCell("NaN", "int"), { cell: Number.NaN, type: "double" });
    assert.deepEqual(readCell("7", "int"), { cell: 7, type: "int" });
    assert.deepEqual(readCell(true, "int"), { cell: 1, type: "int" });
    assert.deepEqual(readCell(3, "string"), { cell: 3, type: "string" });
    assert.deepEqual(readCell("x", "none"), { cell: "x", type: "string" });
    assert.deepEqual(readCell(null, "double"), { cell: null, type: "double" });
    assert.deepEqual(readCell("TRUE", "bool"), { cell: true, type: "bool" });
    for (const [value, type] of [
      ["x", "int"],
      [{}, "string"],
      [[1], "none"],
      [1, "bool"],
      [1, "artifact"],
    ] as const)
      assert.equal(readCell(value, type), undefined, `${value} ${type}`);
  });
});
