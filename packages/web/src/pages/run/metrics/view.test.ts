import assert from "node:assert/strict";
import { it } from "node:test";
import { printZoom, readZoom, toggled, xOf } from "./view.ts";

it("a part of the axis goes into the address and back, with digits that can be seen", () => {
  assert.equal(printZoom("step", { from: 100.123456, to: 2000.98765 }), "step:100.1:2001");
  assert.equal(printZoom("relativeTime", { from: 0.001234567, to: 0.002 }), "relativeTime:0.00123457:0.002");
  assert.deepEqual(readZoom("step:100:200"), { axis: "step", from: 100, to: 200 });
  for (const bad of [undefined, "", "step", "step:a:b", "step:2:1", "step:1:"])
    assert.equal(readZoom(bad), undefined, bad);
  assert.equal(printZoom("step", { from: 5, to: 5 }), undefined);
});

it("groups open and close, and steps are the axis unless another is asked for", () => {
  assert.equal(toggled(undefined, "train"), "train");
  assert.equal(toggled("train,val", "train"), "val");
  assert.equal(toggled("val", "val"), undefined);
  assert.equal(xOf({ x: "relative" }), "relativeTime");
  assert.equal(xOf({ x: "odd" }), "step");
});
