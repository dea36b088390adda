import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noCgroups } from "./cgroups.ts";
import { faultOfOptions, parseProcessOptions } from "./processTarget.ts";

const target = { name: "t", kind: "process", pool: "t", options: {} };

describe("options of a process target", () => {
  const groups = { ...noCgroups("x"), memory: { usable: true as const }, cpu: { usable: true as const } };
  const withOptions = (options: Record<string, unknown>) => ({ ...target, options });

  it("takes a memory limit only where it is enforced", () => {
    assert.deepEqual(parseProcessOptions(withOptions({ memoryMiB: 64 }), groups), { memoryMiB: 64 });
    assert.match(
      faultOfOptions(withOptions({ memoryMiB: 64 }), noCgroups("no groups")) ?? "",
      /memoryMiB.*no groups/,
    );
    assert.equal(faultOfOptions(withOptions({}), noCgroups("x")), undefined);
  });

  it("takes a share of the processors only where it is enforced", () => {
    assert.deepEqual(parseProcessOptions(withOptions({ cpus: 0.5, memoryMiB: 64 }), groups), {
      memoryMiB: 64,
      cpus: 0.5,
    });
    const onlyMemory = { ...groups, cpu: noCgroups("no share").cpu };
    assert.match(faultOfOptions(withOptions({ cpus: 2 }), onlyMemory) ?? "", /cpus.*no share/);
    assert.equal(faultOfOptions(withOptions({ memoryMiB: 64 }), onlyMemory), undefined);
  });

  it("names what is unknown or wrong", () => {
    const known =
      /memory .*is not known; a process target knows memoryMiB, cpus, sparkMaster, setup, toolPath, packageIndex, condaChannels, and .* gpuIds/;
    assert.match(faultOfOptions(withOptions({ memory: 2 }), groups) ?? "", known);
    for (const cpus of [0, -1, 0.001, "2", null, Number.NaN, 1e9])
      assert.match(faultOfOptions(withOptions({ cpus }), groups) ?? "", /cpus/, String(cpus));
    for (const memoryMiB of [0, -1, 1.5, "64", null, Number.NaN, 1e300]) {
      assert.match(faultOfOptions(withOptions({ memoryMiB }), groups) ?? "", /memoryMiB/, String(memoryMiB));
    }
  });
});
