import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readRetention } from "./retention.ts";

describe("policies of retention in the settings", () => {
  it("are read with their defaults, also as JSON", () => {
    const faults: string[] = [];
    const policies = readRetention('[{"keepDays": 30, "unlessTag": "keep"}]', "x", faults);
    assert.deepEqual(faults, []);
    assert.deepEqual(policies, [
      { workspace: "*", experiment: "*", keepDays: 30, unlessTag: ["keep"], onlyTag: [], remove: "files" },
    ]);
  });

  it("tell every fault", () => {
    const faults: string[] = [];
    const wrong = [{ keepDays: -1, remove: "all" }, { experiment: "a" }, "x", { keepBytes: 1, keepGb: 2 }];
    assert.deepEqual(readRetention(wrong, "'retention'", faults), []);
    assert.equal(faults.length, 5);
    assert.match(
      faults.join("\n"),
      /number 1 has a 'keepDays'.*\n.*'remove' that is not files or run.*\n.*number 2 needs/,
    );
    readRetention({}, "x", faults);
    assert.match(faults.at(-1) ?? "", /must be a list/);
  });
});
