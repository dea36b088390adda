import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { QueueHolder, TargetQueue } from "@malachite/client";
import {
  gpuCells,
  numberedGpus,
  sharesOf,
  shownElsewhere,
  shownGpus,
  shownNeeds,
  shownNumbers,
} from "./capacity.ts";

const holder = (runId: string, gpus: number[], nodes = 1): QueueHolder => ({
  runId,
  experimentName: "e",
  target: "local",
  nodes,
  gpus,
  status: "Running",
  since: "2026-01-01T00:00:00Z",
});
const NOBODY = { holders: 0, nodes: 0, gpus: [], waiting: 0 };
const queue = (more: Partial<TargetQueue> = {}): TargetQueue => ({
  target: "local",
  sharedWith: [],
  capacity: { places: 4, nodes: 5, gpus: [0, 1, 2] },
  free: { places: 2, nodes: 2, gpus: [2] },
  holders: [holder("a", [0], 2)],
  waiting: 0,
  elsewhere: { holders: 1, nodes: 1, gpus: [1], waiting: 0 },
  value: [],
  ...more,
});

describe("what a line has", () => {
  it("is told as taken by runs of this workspace, by others, and of all", () => {
    assert.deepEqual(sharesOf(queue()), [
      { label: "Places", own: 1, elsewhere: 1, all: 4 },
      { label: "Nodes", own: 2, elsewhere: 1, all: 5 },
      { label: "GPUs", own: 1, elsewhere: 1, all: 3 },
    ]);
  });

  it("is told only where somebody counts it", () => {
    const few = { capacity: { places: 2, gpus: [] }, free: { places: 2, gpus: [] }, holders: [] };
    assert.deepEqual(sharesOf(queue({ ...few, elsewhere: NOBODY })), [
      { label: "Places", own: 0, elsewhere: 0, all: 2 },
    ]);
  });

  it("counts those at work that are not named, and more than all when there is less now", () => {
    const elsewhere = NOBODY;
    const many = queue({ capacity: { places: 5000 }, free: { places: 3000 }, elsewhere });
    assert.equal(sharesOf(many)[0]?.own, 2000);
    const holders = [holder("a", []), holder("b", [])];
    const less = queue({ capacity: { places: 1 }, free: { places: 0 }, holders, elsewhere });
    assert.deepEqual(sharesOf(less), [{ label: "Places", own: 2, elsewhere: 0, all: 1 }]);
  });

  it("tells each GPU: free, of which run, of another workspace, no longer in the settings", () => {
    const cells = gpuCells(queue({ holders: [holder("a", [0, 7])] }));
    assert.deepEqual(
      cells.map(({ gpu, isFree, holder, isLeft }) => [gpu, isFree, holder?.runId, isLeft ?? false]),
      [
        [0, false, "a", false],
        [1, false, undefined, false],
        [2, true, undefined, false],
        [7, false, "a", true],
      ],
    );
  });
});

describe("words for it", () => {
  it("join neighbours", () => {
    assert.equal(shownNumbers([3, 0, 1, 2, 6, 8, 9]), "0–3, 6, 8, 9");
    assert.equal(shownNumbers([]), "");
  });

  it("name what is needed besides a place", () => {
    assert.equal(shownNeeds({ nodes: 1, gpus: 0 }), "a place");
    assert.equal(shownNeeds({ nodes: 2, gpus: 1 }), "2 nodes, 1 GPU");
  });

  const { capacity } = queue();
  it("count what is elsewhere, and name nothing of it", () => {
    assert.equal(
      shownElsewhere({ capacity, elsewhere: { holders: 2, nodes: 2, gpus: [0, 1, 2], waiting: 3 } }),
      "In other workspaces: 2 runs at work with GPU 0–2, 3 waiting.",
    );
    assert.equal(shownElsewhere({ capacity, elsewhere: NOBODY }), undefined);
  });

  it("say how many GPUs where their numbers only count", () => {
    assert.equal(shownGpus([0, 1], capacity), "GPU 0, 1");
    const pool = queue({
      capacity: { places: 2, gpus: [0, 1, 2], gpusByEngine: true },
      holders: [],
      elsewhere: { holders: 1, nodes: 1, gpus: [0, 1], waiting: 0 },
    });
    assert.equal(shownGpus([1], pool.capacity), "1 GPU");
    assert.equal(shownElsewhere(pool), "In other workspaces: 1 run at work with 2 GPUs.");
    assert.deepEqual(numberedGpus(pool), []);
    assert.deepEqual(sharesOf(pool).at(-1), { label: "GPUs", own: 0, elsewhere: 2, all: 3 });
  });
});
