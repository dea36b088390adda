import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { faultOfPartitions, longestOf, minutesIn, type PartitionSeen, type Wanted } from "./partitions.ts";

const main = { name: "main", isDefault: true, state: "up", gres: "" };
const gpu = { name: "gpu", isDefault: false, state: "up", maxMinutes: 30, gres: "gpu:a100:2(S:0-1),nic:1" };

describe("a target and its partition", () => {
  for (const [seen, wanted, said] of [
    [[main, gpu], {}, undefined],
    [[main, gpu], { partition: "gpu,main", minutes: 60 }, undefined],
    [[], {}, /has no partition\.$/],
    [[main], { partition: "main,none" }, /^Slurm has no partition 'none'\.$/],
    [[{ ...main, state: "drain" }, gpu], {}, /^The partition main is drain: it starts no jobs\.$/],
    [
      [main, gpu],
      { partition: "gpu", minutes: 60 },
      /timeLimitMinutes is 60, .* gpu .* longer than 30 minutes/,
    ],
    [[main, gpu], { partition: "gpu", gpusPerNode: 2 }, undefined],
    [[main, gpu], { partition: "gpu", gpusPerNode: 2, gpuType: "a100" }, undefined],
    [
      [main, gpu],
      { partition: "gpu", gpusPerNode: 3 },
      /no node of the partition gpu has so many GPUs\. .*: gpu:a100:2/,
    ],
    [[main, gpu], { partition: "gpu", gpusPerNode: 1, gpuType: "h100" }, /GPUs of the type h100/],
    [[main, gpu], { gpusPerNode: 1 }, /no node of the partition main .* GRES: none\./],
    [[{ ...main, gres: "gpu:4" }], { gpusPerNode: 4 }, undefined],
    [[{ ...main, gres: "gpu:v100:1,gpu:a100:3" }], { gpusPerNode: 4 }, undefined],
    // Where the site's own rules choose the partition.
    [[{ ...main, isDefault: false }, gpu], { gpusPerNode: 9, minutes: 99 }, undefined],
  ] as const satisfies readonly (readonly [readonly PartitionSeen[], Wanted, RegExp | undefined])[])
    it(`${JSON.stringify(wanted)} with ${seen.map(({ name, state }) => `${name} ${state}`).join(", ")}`, () => {
      const fault = faultOfPartitions(seen, wanted);
      if (said === undefined) assert.equal(fault, undefined);
      else assert.match(fault ?? "", said);
    });

  it("have the longest time of those that are meant, and none where one has none or nothing is known", () => {
    const day = { ...gpu, name: "day", maxMinutes: 1440 };
    for (const [partition, minutes] of [
      ["gpu", 30],
      ["gpu,day", 1440],
      ["gpu,main", undefined],
      [undefined, undefined],
      ["none", undefined],
    ] as const)
      assert.equal(longestOf([main, gpu, day], partition), minutes, partition);
    assert.equal(longestOf([{ ...main, maxMinutes: 60 }, gpu], undefined), 60);
  });

  it("have times as sinfo writes them", () => {
    for (const [text, minutes] of [
      ["30:00", 30],
      ["2:00:00", 120],
      ["1-12:00:30", 2161],
      ["infinite", undefined],
      ["n/a", undefined],
    ] as const)
      assert.equal(minutesIn(text), minutes);
  });
});
