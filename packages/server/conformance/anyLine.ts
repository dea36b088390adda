// Random lines of a pool, and what the rule of the line means for each run in it, read off its words by brute force.
import assert from "node:assert/strict";
import {
  type Capacity,
  type Held,
  type Holder,
  type Needs,
  type Resource,
  type Standing,
  unmet,
} from "@malachite/core";
import fc from "fast-check";

type Waiting = Needs & { readonly run: { readonly id: string } };
export type World<W extends Needs = Waiting, H extends Held = Holder> = {
  readonly capacity: Capacity;
  readonly holders: readonly H[];
  /** In the order of submission. */
  readonly line: readonly W[];
};

const anyNeeds = fc.record({
  priority: fc.integer({ min: -1, max: 1 }),
  nodes: fc.integer({ min: 1, max: 4 }),
  gpus: fc.integer({ min: 0, max: 3 }),
});

/** Small pools and many wishes: so that runs lack everything that can be lacking. */
export const anyLine = fc
  .record({
    places: fc.integer({ min: 1, max: 4 }),
    nodes: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    gpus: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }), { nil: undefined }),
    holders: fc.array(anyNeeds, { maxLength: 3 }),
    waiting: fc.array(anyNeeds, { minLength: 1, maxLength: 8 }),
  })
  .map(({ places, nodes, gpus, holders, waiting }) => {
    let left = gpus?.length ?? 0;
    const held = holders.map((one) => {
      const taken = Math.min(left, one.gpus);
      left -= taken;
      return { ...one, gpus: taken };
    });
    const capacity: Capacity = {
      places,
      ...(nodes === undefined ? {} : { nodes }),
      ...(gpus === undefined ? {} : { gpus }),
    };
    return { capacity, holders: held, waiting };
  });

/** Nobody can start any more, and yet a GPU is kept for one in the middle from one further behind. */
export const KEPT_BEHIND_THE_LAST = {
  capacity: { places: 1, gpus: [0, 1] },
  holders: [{ priority: 0, nodes: 1, gpus: 1 }],
  waiting: [0, 2, 1].map((gpus) => ({ priority: 0, nodes: 1, gpus })),
};

/** The second lacks the GPU, as the first does, and nodes besides: these are kept for it, so the third must wait. */
export const NODES_KEPT_FOR_WHO_LACKS_A_GPU_TOO = {
  capacity: { places: 2, nodes: 4, gpus: [0] },
  holders: [{ priority: 0, nodes: 1, gpus: 1 }],
  waiting: [
    { priority: 1, nodes: 1, gpus: 1 },
    { priority: 0, nodes: 4, gpus: 1 },
    { priority: 0, nodes: 1, gpus: 0 },
  ],
};

const SOME_SCOPE = { subscriptionId: "s", resourceGroup: "g", workspace: "w" };
const RESOURCES: readonly Resource[] = ["places", "nodes", "gpus"];
const wants = (needs: Needs, one: Resource): number => (one === "places" ? 1 : needs[one]);
const holds = (holder: Held, one: Resource): number =>
  one === "places" ? 1 : one === "nodes" ? holder.nodes : holder.gpus.length;
const total = ({ places, nodes = Number.POSITIVE_INFINITY, gpus = [] }: Capacity, one: Resource): number =>
  ({ places, nodes, gpus: gpus.length })[one];
const fits = (capacity: Capacity, needs: Needs): boolean =>
  RESOURCES.every((one) => wants(needs, one) <= total(capacity, one));

/** Those who can ever start, as they are served. */
const inOrder = <W extends Needs, H extends Held>({ capacity, line }: World<W, H>): readonly W[] =>
  line.filter((one) => fits(capacity, one)).toSorted((a, b) => b.priority - a.priority);

/**
 * What each lacks: of all that it wants, what somebody before it lacks too, and what is not left once those at work and those
 * before it that start have theirs.
 */
export function lacksOf<W extends Needs, H extends Held>(
  world: World<W, H>,
): ReadonlyMap<W, readonly Resource[]> {
  const lacks = new Map<W, readonly Resource[]>();
  const order = inOrder(world);
  for (const [i, one] of order.entries()) {
    const before = order.slice(0, i);
    const isLacking = (resource: Resource): boolean => {
      const starting = before.filter((other) => lacks.get(other)?.length === 0);
      const taken =
        world.holders.reduce((sum, holder) => sum + holds(holder, resource), 0) +
        starting.reduce((sum, other) => sum + wants(other, resource), 0);
      return (
        before.some((other) => lacks.get(other)?.includes(resource)) ||
        total(world.capacity, resource) - taken < wants(one, resource)
      );
    };
    lacks.set(
      one,
      RESOURCES.filter((resource) => wants(one, resource) > 0 && isLacking(resource)),
    );
  }
  return lacks;
}

/** Who starts, in the order in which they are served. */
export const startsOf = <W extends Needs, H extends Held>(world: World<W, H>): readonly W[] =>
  [...lacksOf(world)].filter(([, lacks]) => lacks.length === 0).map(([one]) => one);

/** Holds an answer about one run of the line to the rule. */
export function checkStanding(world: World, one: Waiting, standing: Standing | undefined): void {
  assert.ok(standing, "it waits and has no place in the line");
  // All runs of a random line are of one workspace.
  const found = unmet(standing, world.capacity, world.holders[0]?.scope ?? SOME_SCOPE);
  assert.equal(standing.fits, fits(world.capacity, one));
  if (!standing.fits) {
    assert.deepEqual(
      found.map(({ code }) => code),
      ["outOfReach"],
    );
    return;
  }
  const lacks = lacksOf(world).get(one) ?? [];
  assert.deepEqual(
    found.flatMap(({ resource }) => resource ?? []),
    lacks,
    "every resource that it lacks, and no other",
  );
  const isNamedHolder = (holder: Held) => lacks.some((resource) => holds(holder, resource) > 0);
  const order = inOrder(world);
  const before = order.slice(0, order.indexOf(one));
  const isNamedBefore = (other: Waiting) =>
    before.includes(other) && lacks.some((resource) => wants(other, resource) > 0);

  for (const { resource, heldBy } of found)
    if (resource !== undefined)
      assert.deepEqual(
        heldBy,
        world.holders.filter((holder) => holds(holder, resource as Resource) > 0).map(({ runId }) => runId),
      );
  const ahead = found.find(({ code }) => code === "behindOthers")?.ahead ?? 0;
  assert.equal(ahead, world.line.filter(isNamedBefore).length);

  const without = {
    ...world,
    holders: world.holders.filter((holder) => !isNamedHolder(holder)),
    line: world.line.filter((other) => !isNamedBefore(other)),
  };
  assert.ok(startsOf(without).includes(one), "it starts when all that is named has gone");
  const only = {
    ...world,
    holders: world.holders.filter(isNamedHolder),
    line: world.line.filter((other) => other === one || isNamedBefore(other)),
  };
  assert.equal(startsOf(only).includes(one), lacks.length === 0, "what is not named is not in its way");
}
