// Instants keep what a client's clock tells.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseInstant, printInstant } from "./instants.ts";

describe("instants of metrics", () => {
  it("keep microseconds both ways, in any zone and without one", () => {
    for (const [text, printed] of [
      ["2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.6789010Z"],
      ["2026-01-02T03:04:05.6789019Z", "2026-01-02T03:04:05.6789010Z"],
      ["2026-01-02T03:04:05.67Z", "2026-01-02T03:04:05.6700000Z"],
      ["2026-01-02T03:04:05", "2026-01-02T03:04:05.0000000Z"],
      ["2026-01-02 05:04:05.000001+02:00", "2026-01-02T03:04:05.0000010Z"],
      ["1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.9999990Z"],
      ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9990000Z"],
      ["2026-01-02", "2026-01-02T00:00:00.0000000Z"],
    ] as const)
      assert.equal(printInstant(parseInstant(text)), printed, text);
    assert.ok(Number.isNaN(parseInstant("yesterday")));
  });

  it("order what a millisecond does not", () => {
    const texts = Array.from(
      { length: 1000 },
      (_, i) => `2026-01-02T03:04:05.678${String(i).padStart(3, "0")}Z`,
    );
    const instants = texts.map(parseInstant);
    assert.deepEqual(
      [...new Set(instants)].sort((a, b) => a - b),
      instants,
    );
  });
});
