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

  it("takes what a storage does not know for a fault, and what it cannot do now for one that is away", async () => {
    const { asked } = asking("s3://b/", DEFAULT_PATIENCE);
    const answering = (httpStatusCode: number) => async (): Promise<never> => {
      throw Object.assign(new Error("no"), { $metadata: { httpStatusCode } });
    };
    await assert.rejects(asked("Looking", undefined, answering(501)), { code: "StorageFailed" });
    await assert.rejects(asked("Looking", undefined, answering(503)), { code: "StorageAway" });
  });

  it("tells of clocks that differ, by the word of Amazon and beside the key for who has no word for it", async () => {
    const { asked } = asking("s3://b/", DEFAULT_PATIENCE);
    const refusing = (name: string) => async (): Promise<never> => {
      throw Object.assign(new Error("no"), { name, $metadata: { httpStatusCode: 403 } });
    };
    await assert.rejects(asked("Looking", undefined, refusing("RequestTimeTooSkewed")), {
      code: "StorageFailed",
      message:
        /clock of this machine and the storage's differ by more than 15 minutes \(403 RequestTimeTooSkewed\)/,
    });
    await assert.rejects(asked("Looking", undefined, refusing("AuthenticationFailed")), {
      message: /the key is wrong.* or the clock of this machine is wrong \(403 AuthenticationFailed\)/,
    });
  });
});
