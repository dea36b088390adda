import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noCgroups } from "./cgroups.ts";
import { faultOfOptions, parseProcessOptions } from "./processTarget.ts";

const target = { name: "t", kind: "process", pool: "t", options: {} };

describe("options of a process target", () => {
  const groups = { ...noCgroups("x"), memory: { usable: true as const } };
  const withOptions = (options: Record<string, unknown>) => ({ ...target, options });

  it("takes a memory limit only where it is enforced", () => {
    assert.deepEqual(parseProcessOptions(withOptions({ memoryMiB: 64 }), groups), { memoryMiB: 64 });
    assert.match(
      faultOfOptions(withOptions({ memoryMiB: 64 }), noCgroups("no groups")) ?? "",
      /memoryMiB.*no groups/,
    );
    assert.equal(faultOfOptions(withOptions({}), noCgroups("x")), undefined);
  });

  it("names what is unknown or wrong", () => {
    assert.match(faultOfOptions(withOptions({ cpus: 2 }), groups) ?? "", /cpus/);
    for (const memoryMiB of [0, -1, 1.5, "64", null, Number.NaN, 1e300]) {
      assert.match(faultOfOptions(withOptions({ memoryMiB }), groups) ?? "", /memoryMiB/, String(memoryMiB));
    }
  });
});
