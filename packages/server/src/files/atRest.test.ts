import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { collect, youngBytes } from "./atRest.ts";

test("what a burst of young objects took is given back once it is over", async () => {
  let kept: object[] = [];
  for (let i = 0; youngBytes() < 30e6 && i < 100; i++)
    kept = [
      ...kept.slice(-200_000),
      ...Array.from({ length: 100_000 }, (_, j) => ({ i, j, text: `${i} ${j}` })),
    ];
  const grown = youngBytes();
  assert.ok(grown > 15e6, `${grown} bytes`);
  kept = [];
  // The engine shrinks the space when little is being made.
  for (let tries = 0; youngBytes() > grown / 2 && tries < 60; tries++) {
    await pause(500);
    collect();
  }
  assert.ok(youngBytes() <= grown / 2, `${grown} before, ${youngBytes()} after`);
});
