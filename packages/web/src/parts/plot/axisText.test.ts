import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { logTexts, numberTexts, placeText, spanText } from "./axisText.ts";

describe("texts of axes", () => {
  it("are as short as the distance of the marks allows", () => {
    assert.deepEqual(numberTexts([0, 0.0005, 0.001], 0.0005), ["0", "0.0005", "0.001"]);
    assert.deepEqual(numberTexts([0, 0.1, 0.30000000000000004], 0.1), ["0", "0.1", "0.3"]);
    assert.deepEqual(numberTexts([0, 500_000, 1_000_000, 1_500_000], 500_000), ["0", "500k", "1M", "1.5M"]);
    assert.deepEqual(numberTexts([1e-7, 2e-7], 1e-7), ["1e-7", "2e-7"]);
    assert.deepEqual(numberTexts([1000.25, 1000.5], 0.25), ["1,000.25", "1,000.5"]);
    assert.deepEqual(logTexts([1e-5, null, 10, 1e7]), ["1e-5", "", "10", "1e7"]);
  });

  it("tell spans as clocks do", () => {
    assert.equal(spanText(0, 1000), "0");
    assert.equal(spanText(1500, 500), "1.5 s");
    assert.equal(spanText(90_000, 30_000), "1:30 min");
    assert.equal(spanText(600_000, 60_000), "10 min");
    assert.equal(spanText(5_400_000, 1_800_000), "1:30 h");
    assert.equal(spanText(3 * 24 * 3600_000, 24 * 3600_000), "3 d");
  });

  it("tell places in words", () => {
    assert.equal(placeText("step", 1200), "Step 1,200");
    assert.equal(placeText("relativeTime", 185_000), "3 min 5 s");
  });
});
