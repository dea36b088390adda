import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAwayEnvironments } from "./awayEnvironments.ts";

const signal = new AbortController().signal;

async function condaOf(channels: string[], condaChannels?: string[]) {
  const condaDependencies = { channels, dependencies: ["python=3.11", "numpy", "mine::tool"] };
  const { recipe } = await createAwayEnvironments().prepare(
    {
      environment: { python: { userManagedDependencies: false, condaDependencies } },
      container: false,
      away: true,
      ...(condaChannels === undefined ? {} : { tools: { condaChannels } }),
    },
    async () => {},
    signal,
  );
  return recipe && "build" in recipe ? recipe.build.conda : undefined;
}

describe("channels of environments that are made elsewhere", () => {
  it("are where the target says; the conda there knows the others", async () => {
    const named = await condaOf(["conda-forge", "bio"], ["conda-forge=https://conda.lab/forge"]);
    assert.deepEqual(named?.channels, ["https://conda.lab/forge", "bio"]);
    assert.ok(named?.packages.includes("mine::tool"));
    const all = await condaOf(["conda-forge", "bio"], ["*=https://conda.lab/all"]);
    assert.deepEqual(all?.channels, ["https://conda.lab/all"]);
    assert.ok(all?.packages.includes("https://conda.lab/all::tool"));
    assert.deepEqual((await condaOf([], ["*=https://conda.lab/all"]))?.channels, ["https://conda.lab/all"]);
    assert.deepEqual((await condaOf([], ["bio=https://conda.lab/bio"]))?.channels, []);
    assert.deepEqual((await condaOf(["bio"]))?.channels, ["bio"]);
  });
});
