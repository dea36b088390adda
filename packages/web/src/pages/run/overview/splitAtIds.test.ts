import assert from "node:assert/strict";
import { test } from "node:test";
import { splitAtIds } from "./splitAtIds.ts";

test("A sentence is split at the ids in it, where they are whole words", () => {
  assert.deepEqual(splitAtIds("Taken by a_1, a_12.", ["a_1"]), [
    { text: "Taken by " },
    { text: "a_1", id: "a_1" },
    { text: ", a_12." },
  ]);
  assert.deepEqual(splitAtIds("Nothing here.", []), [{ text: "Nothing here." }]);
});
