import assert from "node:assert/strict";
import { it } from "node:test";
import type { TargetSettings } from "@malachite/core";
import { faultOfOptions } from "./containerTarget.ts";

const faultOf = (options: TargetSettings["options"]) =>
  faultOfOptions({ name: "box", kind: "container", pool: "machine", options }) ?? "";

it("a container target says where packages come from, and leaves tools to its images", () => {
  assert.equal(
    faultOf({ packageIndex: "https://index.lab/simple", condaChannels: ["*=https://conda.lab"] }),
    "",
  );
  assert.match(faultOf({ packageIndex: "index.lab" }), /Option packageIndex .* must be an address/);
  assert.match(faultOf({ toolPath: ["/opt/bin"] }), /Option toolPath .* is not for containers: an image has/);
  assert.match(faultOf({ setup: "/etc/setup.sh" }), /Option setup .* is not for containers/);
  assert.match(faultOf({ tools: 1 }), /a container target knows .*, packageIndex, condaChannels/);
});
