import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean } from "./didYouMean.ts";

const KNOWN = ["partition", "account", "runsAtOnce", "cpus", "nodes"];

test("a name that is nearly one is told which", () => {
  for (const [given, meant] of [
    ["partitoin", "partition"],
    ["partition ", "partition"],
    ["Acount", "account"],
    ["runs-at-once", "runsAtOnce"],
    ["runs_at_one", "runsAtOnce"],
    ["cpu", "cpus"],
    ["node", "nodes"],
  ] as const)
    assert.equal(didYouMean(given, KNOWN), ` Did you mean '${meant}'?`, given);
});

test("a name that goes on after what was given is nearer than one that is spelt otherwise", () => {
  assert.equal(didYouMean("gpus", ["cpus", "gpusPerNode"]), " Did you mean 'gpusPerNode'?");
  assert.equal(didYouMean("GPUs", ["gpusPerNode", "gpus"]), " Did you mean 'gpus'?");
});

test("a name that is none of them is told nothing", () => {
  for (const given of ["", "x", "memory", "colour", "undefined", "p".repeat(10_000)])
    assert.equal(didYouMean(given, KNOWN), "", given.slice(0, 20));
  assert.equal(didYouMean("partition", []), "");
});
