import assert from "node:assert/strict";
import { it } from "node:test";
import { ToldOnce } from "./toldOnce.ts";

it("a failure is told once while it stays the same, and again when it is another, late or new", () => {
  const told: string[] = [];
  let now = 0;
  const work = new ToldOnce(
    () => now,
    (error) => told.push(`${now}: ${(error as Error).message}`),
  );
  const fails = (text: string, at: number) => {
    now = at;
    work.failed(new Error(text));
  };
  for (let at = 0; at < 60_000; at += 1000) fails("away", at);
  fails("still starting", 60_000);
  fails("away", 61_000);
  fails("away", 661_000);
  work.worked();
  fails("away", 662_000);
  assert.deepEqual(told, ["0: away", "60000: still starting", "61000: away", "661000: away", "662000: away"]);
});
