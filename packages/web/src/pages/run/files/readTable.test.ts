// Files of rows as tables, and what a file is shown as.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { previewKind } from "./previewKind.ts";
import { readTable } from "./readTable.ts";

describe("a table", () => {
  it("has the cells of a file with quotes, whatever separates them", () => {
    const expected = { columns: ["a", "b"], rows: [["1", 'two, "quoted"\nlines']] };
    assert.deepEqual(readTable("x.csv", 'a,b\n1,"two, ""quoted""\nlines"\n', true), expected);
    assert.deepEqual(readTable("x.csv", 'a;b\n1;"two, ""quoted""\nlines"\n', true), expected);
    assert.deepEqual(readTable("x.tsv", 'a\tb\n1\t"two, ""quoted""\nlines"\n', true), expected);
  });

  it("leaves out the line that is cut", () => {
    assert.deepEqual(readTable("x.csv", "a,b\n1,2\n3,", false).rows, [["1", "2"]]);
  });

  it("has a column for each name of its lines, and says which line is no JSON", () => {
    const { columns, rows, fault } = readTable("x.jsonl", '{"a":1}\n{"b":[2],"__proto__":"x"}\nnot\n', true);
    assert.deepEqual(columns, ["a", "b", "__proto__", ""]);
    assert.deepEqual(rows[1], ["", "[2]", "x", ""]);
    assert.match(fault ?? "", /^Line 3: /);
  });
});

describe("a preview", () => {
  it("goes by the name, and by the bytes where a name lies", () => {
    const text = new TextEncoder().encode("text");
    const binary = new Uint8Array([80, 75, 0, 4]);
    assert.equal(previewKind("a/b.PNG", binary), "image");
    assert.equal(previewKind("x.csv", text), "table");
    assert.equal(previewKind("x.csv", binary), "none");
    assert.equal(previewKind("model.pkl", binary), "none");
    assert.equal(previewKind("README", text), "text");
  });
});
