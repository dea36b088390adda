import assert from "node:assert/strict";
import { it } from "node:test";
import type { TargetSettings } from "@malachite/core";
import { faultOfOptions } from "./kubernetesTarget.ts";

const faultOf = (options: TargetSettings["options"]) =>
  faultOfOptions({ name: "pods", kind: "kubernetes", pool: "target:pods", options }) ?? "";

it("tools for environments are options of a kubernetes target without a volume", () => {
  const packageIndex = "https://index.lab/simple";
  assert.equal(faultOf({ packageIndex, toolPath: ["/opt/bin"], setup: "/etc/setup.sh" }), "");
  assert.match(faultOf({ toolPath: ["x"] }), /Option toolPath .* must be a list of absolute paths/);
  assert.match(
    faultOf({ packageIndex, volume: { hostPath: "/data" } }),
    /Option packageIndex .* is for targets without a volume: .* nothing is made in it/,
  );
  assert.match(faultOf({ toolpath: [] }), /a kubernetes target knows .*, setup, toolPath, packageIndex/);
});
