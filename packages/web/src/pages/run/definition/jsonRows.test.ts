import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findRows, jsonRows } from "./jsonRows.ts";

const value = { a: 1, "b/c": { d: ["x", null], e: {} }, f: "<b>" };
const text = (rows: ReturnType<typeof jsonRows>) =>
  rows
    .map(({ depth, name, text, kind, isLast, folded }) => {
      const comma = isLast || (kind === "open" && folded === undefined) ? "" : ",";
      return `${"  ".repeat(depth)}${name === undefined ? "" : `${name}: `}${text}${comma}`;
    })
    .join("\n");

describe("JSON as rows", () => {
  test("is the JSON that is printed everywhere", () => {
    assert.equal(text(jsonRows(value, () => false)), JSON.stringify(value, null, 2));
    for (const one of [null, "x", 1, [], {}, [[[]]]])
      assert.deepEqual(JSON.parse(text(jsonRows(one, () => false))), one);
  });
  test("is folded where that was asked for", () => {
    const rows = jsonRows(value, (path) => path === "/b~1c");
    assert.deepEqual(
      rows.map(({ text }) => text),
      ["{", "1", "{ … }", '"<b>"', "}"],
    );
    assert.equal(rows[2]?.folded, 2);
  });
  test("is searched by names and values", () => {
    const rows = jsonRows(value, () => false);
    assert.deepEqual(
      findRows(rows, "<B>").map((at) => rows[at]?.name),
      ['"f"'],
    );
    assert.equal(findRows(rows, "").length, 0);
  });
  test("is as deep as anyone sends it", () => {
    let deep: unknown = 1;
    for (let at = 0; at < 5000; at++) deep = [deep];
    assert.ok(jsonRows(deep, () => false).length > 0);
  });
});
