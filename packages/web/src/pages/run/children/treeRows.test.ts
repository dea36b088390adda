import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RunTreeNode } from "@malachite/client";
import { type Branch, treeRows } from "./treeRows.ts";

const node = (runId: string, below = 0): RunTreeNode => ({
  runId,
  experimentName: "e",
  runNumber: 1,
  status: "Completed",
  createdUtc: "2026-01-01T00:00:00Z",
  children: below === 0 ? {} : { Completed: below },
});
const short = (open: string[], branches: [string, Branch][]) =>
  treeRows("top", new Set(open), new Map(branches)).map((row) =>
    row.kind === "run"
      ? `${"-".repeat(row.depth)}${row.node.runId}`
      : `${"-".repeat(row.depth)}more of ${row.parent}`,
  );

describe("A tree of runs", () => {
  test("has the branches that are open, each where it belongs", () => {
    const branches: [string, Branch][] = [
      ["top", { nodes: [node("a", 2), node("b", 1)] }],
      ["a", { nodes: [node("a1"), node("a2", 1)] }],
    ];
    assert.deepEqual(short([], branches), ["a", "b"]);
    assert.deepEqual(short(["a"], branches), ["a", "-a1", "-a2", "b"]);
    assert.deepEqual(short(["a", "b"], branches), ["a", "-a1", "-a2", "b", "-more of b"]);
  });
  test("says where more is to be fetched", () => {
    assert.deepEqual(short([], []), ["more of top"]);
    assert.deepEqual(short([], [["top", { nodes: [node("a")], next: "t" }]]), ["a", "more of top"]);
  });
  test("ends, also where a run says that it is inside itself", () => {
    assert.deepEqual(
      short(
        ["a", "top"],
        [
          ["top", { nodes: [node("a", 1)] }],
          ["a", { nodes: [node("top", 1)] }],
        ],
      ),
      ["a", "-top"],
    );
  });
});
