import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asking } from "./asking.ts";
import { DEFAULT_PATIENCE } from "./patience.ts";

/** As Amazon's library throws it. */
const noKeys = async (): Promise<never> => {
  throw Object.assign(new Error("Could not load credentials from any providers"), {
    name: "CredentialsProviderError",
  });
};

describe("asking an object storage", () => {
  it("takes keys that are not found for a fault at first, and for a storage that is away once there were some", async () => {
    const { asked } = asking("s3://b/", DEFAULT_PATIENCE);
    await assert.rejects(asked("Looking", undefined, noKeys), {
      code: "StorageFailed",
      message: /no keys are given.*It tried AWS_ACCESS_KEY_ID/,
    });
    assert.equal(await asked("Looking", undefined, async () => 1), 1);
    await assert.rejects(asked("Looking", undefined, noKeys), { code: "StorageAway" });
  });
});
