// The ways to submit name the service and the workspace that the page is about.
import assert from "node:assert/strict";
import { it } from "node:test";
import { waysToSubmit } from "./waysToSubmit.ts";

const WORKSPACE = { subscriptionId: "sub", resourceGroup: "group", workspace: "name" };

it("names the endpoint and the workspace in each way", () => {
  const ways = waysToSubmit("https://lab.example:7464", WORKSPACE);
  assert.deepEqual(
    ways.map(({ name }) => name),
    ["Command line", "Python, with the v1 SDK", "curl"],
  );
  for (const { name, code } of ways) assert.ok(code.includes("https://lab.example:7464"), name);
  assert.match(ways[0]?.code ?? "", /MALACHITE_WORKSPACE=sub\/group\/name/);
  assert.match(
    ways[2]?.code ?? "",
    /\/execution\/v1\.0\/subscriptions\/sub\/resourceGroups\/group\/providers\/Microsoft\.MachineLearningServices\/workspaces\/name\/experiments\/hello\/startrun/,
  );
});
