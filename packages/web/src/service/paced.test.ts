import assert from "node:assert/strict";
import { it } from "node:test";
import { paced } from "./paced.ts";

it("news that come while they are acted on are acted on afterwards, all at once", async () => {
  const seen: (string[] | undefined)[] = [];
  let finish: () => void = () => {};
  const began = Promise.withResolvers<void>();
  const again = Promise.withResolvers<void>();
  const pace = paced(async (names) => {
    seen.push(names && [...names]);
    if (seen.length > 1) return again.resolve();
    began.resolve();
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
  }, 1);
  pace.add(["loss"]);
  pace.add(["loss", "val"]);
  await began.promise;
  pace.add(["acc"]);
  pace.add(undefined);
  pace.add(["more"]);
  assert.deepEqual(seen, [["loss", "val"]]);
  finish();
  await again.promise;
  assert.deepEqual(seen, [["loss", "val"], undefined]);
  pace.stop();
});
