// How the sightings of several machines become that of one run: the first tells the end, and what it cannot notice is told by the others.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Sighting } from "@malachite/core";
import { joinSightings, type SeenNode } from "./sightings.ts";

const node = (sighting?: Sighting, apart?: string): SeenNode => ({
  machine: "gpu",
  ...(sighting === undefined ? {} : { sighting }),
  ...(apart === undefined ? {} : { apart }),
});
const running = node({ at: "running", startedAt: 1 });
const join = (nodes: readonly SeenNode[], since?: number, now = 0) => joinSightings(nodes, since, now);

describe("sightings of several machines", () => {
  it("are that of the first, and nothing where that is away", () => {
    assert.deepEqual(join([running, running]), { sighting: running.sighting });
    assert.deepEqual(join([running, node()]), { sighting: running.sighting });
    assert.equal(join([node(), running]), undefined);
    const end: Sighting = { at: "ended", code: 3 };
    assert.deepEqual(join([node(end), running]), { sighting: end });
  });

  it("wait for the node that still makes its environment", () => {
    const late = node({ at: "waiting", why: "pip installs" });
    assert.deepEqual(join([running, running, late])?.sighting, {
      at: "waiting",
      why: "Node 2 (gpu): pip installs",
    });
  });

  it("end a run at once when one of its nodes could not begin, and say why", () => {
    const broken = node({ at: "ended", code: 1, failure: "no python" });
    const found = join([node({ at: "waiting" }), broken]);
    assert.equal(found?.end, true);
    assert.equal(found?.sighting.at, "waiting");
    const killed: Sighting = { at: "ended", code: null, signal: "SIGTERM" };
    assert.deepEqual(join([node(killed), broken])?.sighting, {
      ...killed,
      failure: "Node 1 (gpu) did not begin: no python",
    });
    // One that said itself why it ended is believed.
    assert.deepEqual(join([node({ at: "ended", code: 7 }), broken])?.sighting, { at: "ended", code: 7 });
  });

  it("give nodes a minute to notice by themselves what is amiss", () => {
    const nodes = [running, node({ at: "running" }, "Node 1 cannot join node 0 at a:1: refused")];
    const first = join(nodes, undefined, 1000);
    assert.deepEqual([first?.amissSince, first?.end], [1000, undefined]);
    assert.equal(join(nodes, 1000, 60_000)?.end, undefined);
    assert.equal(join(nodes, 1000, 61_001)?.end, true);
    const killed: Sighting = { at: "ended", code: null, signal: "SIGKILL" };
    assert.deepEqual(join([node(killed), ...nodes.slice(1)])?.sighting, {
      ...killed,
      failure: "Node 1 cannot join node 0 at a:1: refused.",
    });
    // Nobody can join one that is not there yet.
    assert.equal(join([node({ at: "waiting" }), ...nodes.slice(1)], undefined, 1)?.amissSince, undefined);
  });

  it("tell of a node that was lost before it joined", () => {
    assert.equal(join([running, node({ at: "gone" })], 0, 60_001)?.end, true);
    const killed: Sighting = { at: "ended", code: null, signal: "SIGKILL" };
    const told = join([node(killed), node({ at: "gone" })])?.sighting;
    assert.ok(told?.at === "ended" && told.failure?.startsWith("Node 1 (gpu) was lost"));
  });
});
