// Work of one key never overlaps, keeps its order, and a failure stops nobody else.
import assert from "node:assert/strict";
import { it } from "node:test";
import { createTurns } from "./turns.ts";

it("turns keep order within a key and let keys run side by side", async () => {
  const turns = createTurns();
  const seen: string[] = [];
  let release: (() => void) | undefined;
  const first = turns(
    "a",
    () =>
      new Promise<void>((done) => {
        seen.push("a1");
        release = done;
      }),
  );
  const second = turns("a", async () => void seen.push("a2"));
  await turns("b", async () => void seen.push("b1"));
  assert.deepEqual(seen, ["a1", "b1"]);
  release?.();
  await Promise.all([first, second]);
  assert.deepEqual(seen, ["a1", "b1", "a2"]);
});

it("turns go on after work that failed, and give its error to who asked", async () => {
  const turns = createTurns();
  const failed = turns("a", () => Promise.reject(new Error("no")));
  const next = turns("a", async () => "yes");
  await assert.rejects(failed, /no/);
  assert.equal(await next, "yes");
});
