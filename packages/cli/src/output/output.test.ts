import assert from "node:assert/strict";
import { test } from "node:test";
import { printable } from "./printable.ts";
import { facts, table } from "./table.ts";
import { size, span, spanBetween } from "./times.ts";

test("a table is aligned, and shrinks only where it may", () => {
  const columns = [{ head: "RUN" }, { head: "NAME", shrinks: true }];
  const rows = [
    ["run_1", "a name that is rather long"],
    ["run_22", "b"],
  ];
  assert.equal(table(columns, rows), "RUN     NAME\nrun_1   a name that is rather long\nrun_22  b\n");
  assert.equal(table(columns, rows, 20), "RUN     NAME\nrun_1   a name that…\nrun_22  b\n");
  assert.equal(table(columns, rows, 3).split("\n")[1], "run_1   a name …");
});

test("names of others cannot drive the terminal", () => {
  assert.equal(printable("a\u001b[2Jb\r\u202e"), "a\\u001b[2Jb\\u000d\\u202e");
  assert.ok(!table([{ head: "X" }], [["\u001b]0;x\u0007"]]).includes("\u001b"));
  assert.ok(!facts([["x", "\u001b[31m"]]).includes("\u001b"));
});

test("lines of a text stay lines, and none of them is taken for another fact", () => {
  const text = "Rank 1 failed.\nThe last lines:\nstatus: Completed\u001b[2J";
  assert.equal(
    facts([
      ["error", text],
      ["b", "2"],
    ]),
    "error: Rank 1 failed.\n       The last lines:\n       status: Completed\\u001b[2J\nb:     2\n",
  );
  assert.equal(table([{ head: "X" }, { head: "Y" }], [["a\nb", "c"]]), "X    Y\na b  c\n");
});

test("facts leave out what has no value", () => {
  assert.equal(
    facts([
      ["a", "1"],
      ["long", ""],
      ["b", undefined],
      ["cc", "2"],
    ]),
    "a:  1\ncc: 2\n",
  );
});

test("spans and sizes are read at a glance", () => {
  const spans: [number, string][] = [
    [-5, "0 ms"],
    [850, "850 ms"],
    [4_230, "4.2 s"],
    [59_940, "59.9 s"],
    [59_980, "1 min 00 s"],
    [185_000, "3 min 05 s"],
    [7_620_000, "2 h 07 min"],
    [273_600_000, "3 d 4 h"],
  ];
  for (const [ms, text] of spans) assert.equal(span(ms), text);
  assert.equal(spanBetween(undefined, undefined, 0), "");
  assert.equal(spanBetween("2026-01-01T00:00:00Z", undefined, Date.parse("2026-01-01T00:00:02Z")), "2.0 s");
  const sizes: [number, string][] = [
    [312, "312 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [4_120, "4.1 kB"],
    [20_400_000, "20.4 MB"],
    [999_600, "1.0 MB"],
    [250_000_000, "250 MB"],
  ];
  for (const [bytes, text] of sizes) assert.equal(size(bytes), text);
});
