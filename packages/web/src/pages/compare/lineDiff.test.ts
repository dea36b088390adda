import assert from "node:assert/strict";
import { it } from "node:test";
import { countChanges, diffOf, folded } from "./lineDiff.ts";

it("lines are compared, and what is the same is put away", () => {
  const left = Array.from({ length: 30 }, (_, i) => `line ${i}`);
  const right = left.with(10, "other").toSpliced(20, 1);
  const { lines, isWhole } = diffOf(`${left.join("\n")}\n`, right.join("\r\n"));
  assert.ok(isWhole);
  assert.deepEqual(countChanges(lines), { left: 2, right: 1 });
  const parts = folded(lines, 2);
  assert.deepEqual(
    parts.map((part) => ("hidden" in part ? part.hidden : part.lines.map(({ kind }) => kind[0]).join(""))),
    [8, "sslrss", 5, "sslss", 7],
  );
  assert.deepEqual(folded(diffOf("a\nb", "a\nb").lines), [{ hidden: 2 }]);
  assert.deepEqual(folded(diffOf("", "a").lines), [{ lines: [{ kind: "right", right: 1, text: "a" }] }]);
});

it("texts that have nothing in common are told as all changed, in good time", () => {
  const text = (seed: number) =>
    Array.from({ length: 20_000 }, (_, i) => `${(i * 7919 + seed * 104_729) % 65_537}`).join("\n");
  const began = performance.now();
  const { lines } = diffOf(text(1), text(2));
  assert.ok(performance.now() - began < 3000);
  assert.ok(lines.length >= 20_000);
});
