// What a waiting run is told of who holds what it waits for.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Scope } from "../scope.ts";
import { type Holder, type Standing, unmet } from "./standing.ts";

const OWN: Scope = { subscriptionId: "s", resourceGroup: "g", workspace: "own" };
const OTHER: Scope = { ...OWN, workspace: "other" };
const holder = (runId: string, scope: Scope, gpus = 1): Holder => ({
  scope,
  runId,
  nodes: 1,
  gpus: Array.from({ length: gpus }, (_, i) => i),
});
const standing = (holders: readonly Holder[]): Standing => ({
  needs: { priority: 0, nodes: 1, gpus: 1 },
  fits: true,
  lacks: ["places", "gpus"],
  free: { places: 0, gpus: 0 },
  holders,
  ahead: 0,
  aheadForGpus: 0,
});
const capacity = { places: 3, gpus: [0, 1, 2] };

describe("what a run waits for", () => {
  it("names the runs of its own workspace, and counts those of others", () => {
    const found = unmet(
      standing([
        holder("mine", { ...OWN, workspace: "OWN" }),
        holder("secret", OTHER),
        holder("hidden", OTHER),
      ]),
      capacity,
      OWN,
    );
    assert.ok(!JSON.stringify(found).includes("secret") && !JSON.stringify(found).includes("hidden"));
    assert.deepEqual(
      found.map(({ heldBy, heldElsewhere }) => [heldBy, heldElsewhere]),
      [
        [["mine"], 2],
        [["mine"], 2],
      ],
    );
    assert.equal(
      found[0]?.message,
      "All 3 places for runs are taken by mine and 2 runs of other workspaces.",
    );
    assert.match(found[1]?.message ?? "", /the others are held by mine and 2 runs of other workspaces\./);
  });

  it("counts alone where none is of its workspace, and says nothing of others where there are none", () => {
    const [places] = unmet(standing([holder("secret", OTHER)]), { ...capacity, places: 1 }, OWN);
    assert.equal(places?.message, "The one place for runs is taken by 1 run of other workspaces.");
    assert.deepEqual(places?.heldBy, []);
    const [own] = unmet(standing([holder("mine", OWN)]), { ...capacity, places: 1 }, OWN);
    assert.equal(own?.message, "The one place for runs is taken by mine.");
    assert.equal(own?.heldElsewhere, undefined);
  });
});
