import assert from "node:assert/strict";
import { it } from "node:test";
import { createLog } from "../adapters/system/log.ts";
import { repeated } from "./repeated.ts";

it("what is done again and again logs a failure that stays once, until it has worked", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"] });
  const lines: string[] = [];
  let isAway = true;
  let turns = 0;
  using _ = repeated(
    1000,
    async () => {
      turns += 1;
      if (isAway) throw new Error("The database is away.");
    },
    createLog("warn", (line) => lines.push(line)),
  );
  const turn = async () => {
    t.mock.timers.tick(1000);
    await new Promise(setImmediate);
  };
  for (let i = 0; i < 5; i += 1) await turn();
  assert.deepEqual([turns, lines.length], [5, 1]);
  isAway = false;
  await turn();
  isAway = true;
  await turn();
  assert.deepEqual([turns, lines.length], [7, 2]);
  assert.match(lines[1] ?? "", /"event":"sweep failed".*The database is away\./);
});
