import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseGroupExit } from "./groupExit.ts";
import type { ProcessGroup } from "./launchPlan.ts";

const process = (rank: number) => ({
  name: `rank ${rank}`,
  node: 0,
  argv: ["x"],
  environment: {},
  log: `user_logs/std_log_process_${rank}.txt`,
});
const GROUP: ProcessGroup = {
  starter: "direct",
  ports: [],
  environment: {},
  processes: [0, 1, 2].map(process),
  graceMs: 1,
};
const parse = (value: unknown) => parseGroupExit(JSON.stringify(value), GROUP);

describe("parseGroupExit", () => {
  it("takes names and logs from the plan", () => {
    const log = "user_logs/std_log_process_1.txt";
    assert.deepEqual(parse({ index: 1, code: 3, name: "x", log: "/etc/passwd" }), {
      name: "rank 1",
      log,
      others: 2,
      code: 3,
    });
    assert.deepEqual(parse({ index: 1, signal: "SIGKILL" }), {
      name: "rank 1",
      log,
      others: 2,
      signal: "SIGKILL",
    });
    assert.deepEqual(parse({ code: 5 }), { name: "mpirun", others: 3, code: 5 });
    assert.equal(parse({ failure: "f".repeat(999) })?.failure?.length, 300);
  });

  for (const value of [
    null,
    5,
    "x",
    [],
    {},
    { index: 3, code: 1 },
    { index: -1, code: 1 },
    { index: 0.5, code: 1 },
    { index: "0", code: 1 },
    { index: "__proto__", code: 1 },
    { index: 1, code: 0 },
    { index: 1, code: 256 },
    { index: 1, code: "1" },
    { index: 1, signal: "nothing" },
    { index: 1, code: 1, x: "y".repeat(5000) },
  ]) {
    it(`takes ${JSON.stringify(value)?.slice(0, 60)} for none`, () => assert.equal(parse(value), undefined));
  }

  it("takes half a record for none", () => {
    assert.equal(parseGroupExit('{"index":1,"co', GROUP), undefined);
  });
});
