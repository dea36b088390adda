import assert from "node:assert/strict";
import { test } from "node:test";
import { inParallel } from "./inParallel.ts";

test("everything is done once, no more than so many at a time, and the list is read one by one", async () => {
  let reading = 0;
  async function* list() {
    for (let i = 0; i < 50; i += 1) {
      assert.equal(++reading, 1);
      await new Promise(setImmediate);
      reading -= 1;
      yield i;
    }
  }
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await inParallel(4, list(), async (item) => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    running -= 1;
    done.push(item);
  });
  assert.deepEqual(
    done.sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, i) => i),
  );
  assert.ok(most > 1 && most <= 4, `${most} at once`);
});

test("the first failure ends it, after what is under way", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    await new Promise(setImmediate);
    if (item === 3) throw new Error("three");
    ended.push(item);
  };
  await assert.rejects(inParallel(2, [1, 2, 3, 4, 5, 6, 7, 8], work), /three/);
  assert.ok(begun.length < 8, `${begun.length} were begun`);
  assert.deepEqual(
    ended,
    begun.filter((item) => item !== 3),
  );
  async function* failing(): AsyncGenerator<number> {
    yield 1;
    throw new Error("list");
  }
  await assert.rejects(
    inParallel(3, failing(), async () => {}),
    /list/,
  );
});
