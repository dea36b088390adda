import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Bucket, Buckets, type Grid, gridOf, mergeBuckets, type SeriesAxis } from "./buckets.ts";

/** Numbers that are always the same ones. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Point = readonly [x: number, value: number];

const VALUES = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.7e308, -1.7e308, 0];

function points(next: () => number, count: number, axis: SeriesAxis): Point[] {
  return Array.from({ length: count }, (_, i) => {
    const near = axis === "time" ? i * 3 + next() * 9 : Math.floor(i / 2 + next() * 20) - 10;
    const value = next() < 0.1 ? (VALUES[Math.floor(next() * VALUES.length)] ?? 0) : next() * 100 - 50;
    return [near, value];
  });
}

/** The same said without any care for time or memory. */
function brute(all: readonly Point[], { width, first, last }: Grid): Bucket[] {
  const buckets: Bucket[] = [];
  for (let number = first; number <= last; number += 1) {
    const own = all.filter(([x]) => Math.floor(x / width) === number);
    if (own.length === 0) continue;
    const finite = own.filter(([, value]) => Number.isFinite(value));
    const kinds = new Map<string, Point[]>();
    for (const point of own.filter(([, value]) => !Number.isFinite(value)))
      kinds.set(String(point[1]), [...(kinds.get(String(point[1])) ?? []), point]);
    const values = finite.map(([, value]) => value);
    const greatest = Math.max(...finite.map(([x]) => x));
    buckets.push({
      number,
      x: Math.max(...own.map(([x]) => x)),
      count: own.length,
      finite: finite.length,
      mean: values.length === 0 ? null : values.reduce((sum, value) => sum + value / values.length, 0),
      min: values.length === 0 ? null : Math.min(...values),
      max: values.length === 0 ? null : Math.max(...values),
      last: finite.findLast(([x]) => x === greatest)?.[1] ?? null,
      lastX: finite.length === 0 ? null : greatest,
      nonFinite: [...kinds].map(([value, marked]) => ({
        value: value as "NaN",
        x: Math.min(...marked.map(([x]) => x)),
        count: marked.length,
      })),
    });
  }
  return buckets;
}

/** Means of the same numbers in another order differ in the last digits, of the largest of them. */
function assertSame(found: readonly Bucket[], expected: readonly Bucket[]): void {
  const but = (buckets: readonly Bucket[]) => buckets.map(({ mean: _, ...rest }) => rest);
  assert.deepEqual(but(found), but(expected));
  for (const [i, { mean, max, min }] of expected.entries()) {
    const own = found[i]?.mean ?? null;
    if (mean === null || own === null) assert.equal(own, mean);
    else assert.ok(Math.abs(own / 2 - mean / 2) <= 1e-12 * Math.max(Math.abs(max ?? 0), Math.abs(min ?? 0)));
  }
}

describe("buckets", () => {
  it("hold what a look at every value says, in whatever order the values come and in however many parts", () => {
    const next = random(7);
    for (let round = 0; round < 300; round += 1) {
      const axis = (["step", "time", "index"] as const)[round % 3] ?? "step";
      const all = points(next, Math.floor(next() * 120) + 1, axis);
      const xs = all.map(([x]) => x);
      const [low, high] = [Math.min(...xs), Math.max(...xs)];
      const from = low + Math.floor((high - low) * next() * 0.5);
      const grid = gridOf(from, high - Math.floor((high - from) * next() * 0.5), 1 + (round % 40), axis);
      const whole = new Buckets(grid);
      let merged: readonly Bucket[] = [];
      let part = new Buckets(grid);
      for (const [x, value] of all) {
        whole.add(x, value);
        part.add(x, value);
        if (next() < 0.05) {
          merged = mergeBuckets(merged, part.list());
          part = new Buckets(grid);
        }
      }
      const expected = brute(all, grid);
      assertSame(whole.list(), expected);
      assertSame(mergeBuckets(merged, part.list()), expected);
    }
  });

  it("are as many as asked for at most, and not less than a third of it where there is room", () => {
    for (const axis of ["step", "time"] as const)
      for (const [from, to, most] of [
        [0, 999_999, 500],
        [-7, 12, 3],
        [5, 5, 1],
        [1_700_000_000_000.25, 1_700_000_000_000.75, 1],
        [-1, 1, 1],
        [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 5_000],
      ] as const) {
        const { first, last, width } = gridOf(from, to, most, axis);
        const count = last - first + 1;
        // A range across 0 has an edge there, however wide the buckets are.
        assert.ok(count <= Math.max(most, from < 0 && to >= 0 ? 2 : 1), `${axis} ${from} ${to} ${most}`);
        if (to - from > most) assert.ok(count * 3 >= most, `${count} of ${most}, width ${width}`);
      }
  });

  it("stay where they are while a range grows", () => {
    const grown = [1_000, 1_010, 1_020].map((to) => gridOf(0, to, 100, "step"));
    assert.deepEqual(
      grown.map(({ width, first }) => [width, first]),
      [
        [16, 0],
        [16, 0],
        [16, 0],
      ],
    );
  });
});
