import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { smooth } from "./smooth.ts";

const extent = (total: number, lastX: number) => ({ total, firstX: 0, lastX });

describe("smoothing", () => {
  it("is the exponential average without the bias of its start", () => {
    const got = smooth([0, 1, 2], [1, 2, 3], 0.5, extent(3, 2));
    assert.equal(got[0], 1);
    assert.ok(Math.abs((got[1] ?? 0) - (0.5 * 1 + 2) / 1.5) < 1e-12);
    assert.ok(Math.abs((got[2] ?? 0) - (0.25 * 1 + 0.5 * 2 + 3) / 1.75) < 1e-12);
  });

  it("leaves a constant as it is and passes over what is missing", () => {
    assert.deepEqual(smooth([0, 1, 2, 3], [5, null, 5, 5], 0.9, extent(4, 3)), [5, null, 5, 5]);
    assert.deepEqual(smooth([0, 1], [null, 4], 0.9, extent(2, 1)), [null, 4]);
  });

  it("reaches as far when there are more points between", () => {
    const line = (count: number) => Array.from({ length: count }, (_, i) => (i * 9999) / (count - 1));
    const step = (x: readonly number[]) => x.map((at) => (at < 5000 ? 0 : 1));
    const [fine, coarse] = [line(10_000), line(500)];
    const at = (x: readonly number[]) => {
      const y = smooth(x, step(x), 0.95, extent(10_000, 9999));
      return y[x.findIndex((one) => one >= 5200)] ?? 0;
    };
    assert.ok(Math.abs(at(fine) - at(coarse)) < 0.1, `${at(fine)} and ${at(coarse)}`);
  });

  it("takes values that are all at one place", () => {
    assert.deepEqual(smooth([3, 3], [2, 4], 0, { total: 2, firstX: 3, lastX: 3 }), [2, 4]);
  });
});
