// The address of a run's page.
import assert from "node:assert/strict";
import { it } from "node:test";
import { DEFAULT_WORKSPACE } from "../connection/connection.ts";
import { pageAddress } from "./pageAddress.ts";

it("is short in the workspace that every service begins with, and names any other", () => {
  assert.equal(pageAddress("http://h:1", DEFAULT_WORKSPACE, "r_1"), "http://h:1/ui/runs/r_1");
  assert.equal(
    pageAddress("http://h:1", { subscriptionId: "s", resourceGroup: "g", workspace: "w&x" }, "r"),
    "http://h:1/ui/runs/r?ws=s%2Fg%2Fw%26x",
  );
});
