import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Capacity, fitsInto, freeGpus, isFull, roomOf, serve } from "./line.ts";
import { type Needs, PLAIN_NEEDS } from "./needs.ts";

const needs = (more: Partial<Needs> = {}): Needs => ({ ...PLAIN_NEEDS, ...more });

/** Which of the line start, by their place in it. */
function starting(
  capacity: Capacity,
  line: readonly Needs[],
  held: readonly { nodes: number; gpus: number[] }[] = [],
) {
  let room = roomOf(capacity, held);
  return line.flatMap((one, i) => {
    const served = serve(room, one);
    room = served.room;
    return served.lacks.length === 0 ? [i] : [];
  });
}

describe("the rule of the line", () => {
  it("gives to each in order for as long as there is something", () => {
    assert.deepEqual(starting({ places: 2 }, [needs(), needs(), needs()]), [0, 1]);
    assert.deepEqual(starting({ places: 9, nodes: 3 }, [needs({ nodes: 2 }), needs(), needs()]), [0, 1]);
    assert.deepEqual(starting({ places: 9 }, [needs({ nodes: 500 }), needs({ nodes: 500 })]), [0, 1]);
  });

  it("keeps the GPUs that a run lacks for it, and lets those pass that need none", () => {
    const held = [{ nodes: 1, gpus: [0] }];
    const line = [needs({ gpus: 2 }), needs({ gpus: 1 }), needs(), needs()];
    assert.deepEqual(starting({ places: 3, gpus: [0, 1] }, line, held), [2, 3]);
  });

  it("lets nobody pass a run that lacks a place or nodes", () => {
    const held = [{ nodes: 2, gpus: [] }];
    assert.deepEqual(starting({ places: 5, nodes: 3 }, [needs({ nodes: 2 }), needs(), needs()], held), []);
    const { room } = serve(roomOf({ places: 1 }, held), needs());
    assert.ok(isFull(room));
  });

  it("counts nothing that is not counted, and no GPU of a run that the pool has no more", () => {
    assert.equal(fitsInto({ places: 1 }, needs({ nodes: 9999 })), true);
    assert.equal(fitsInto({ places: 1 }, needs({ gpus: 1 })), false);
    assert.equal(fitsInto({ places: 1, nodes: 2, gpus: [4] }, needs({ nodes: 2, gpus: 1 })), true);
    assert.deepEqual(freeGpus({ places: 1, gpus: [5, 1, 3] }, [{ gpus: [3, 8] }]), [1, 5]);
    assert.equal(
      roomOf({ places: 1 }, [
        { nodes: 1, gpus: [] },
        { nodes: 1, gpus: [] },
      ]).places,
      -1,
    );
  });

  it("starves nobody: whatever comes behind it, a run starts when those at work have ended twice", () => {
    const LONGEST = 4;
    const anyRun = fc.record({
      nodes: fc.integer({ min: 1, max: 4 }),
      gpus: fc.integer({ min: 0, max: 3 }),
      rest: fc.integer({ min: 1, max: LONGEST }),
    });
    const anyTime = fc.array(fc.array(anyRun, { maxLength: 4 }), {
      minLength: 2 * LONGEST + 1,
      maxLength: 2 * LONGEST + 1,
    });
    const property = fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 3 }),
      fc.array(anyRun, { maxLength: 3 }),
      anyRun,
      anyTime,
      (places, nodes, gpus, atWork, first, arrivals) => {
        const capacity = { places, nodes, gpus: Array.from({ length: gpus }, (_, i) => i) };
        fc.pre(fitsInto(capacity, first));
        type Job = { nodes: number; gpus: number[]; rest: number };
        let held: Job[] = [];
        for (const one of atWork) held.push({ ...one, gpus: freeGpus(capacity, held).slice(0, one.gpus) });
        const line = [first];
        for (const come of arrivals) {
          line.push(...come);
          let room = roomOf(capacity, held);
          for (const one of line.filter((each) => fitsInto(capacity, each))) {
            const free = freeGpus(capacity, held);
            const served = serve(room, needs(one));
            room = served.room;
            if (served.lacks.length > 0) continue;
            if (one === first) return;
            line.splice(line.indexOf(one), 1);
            held.push({ ...one, gpus: free.slice(0, one.gpus) });
          }
          held = held.flatMap((job) => (job.rest > 1 ? [{ ...job, rest: job.rest - 1 }] : []));
        }
        assert.fail("it has not started");
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});
