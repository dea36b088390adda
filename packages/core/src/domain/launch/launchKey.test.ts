import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isLaunchKey, launchKey } from "./launchKey.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const scope = { subscriptionId: "s", resourceGroup: "g", workspace: "w" };
const runId = fc.stringMatching(/^[a-zA-Z0-9][\w-]{0,255}$/);

describe("launchKey", () => {
  it("is safe for every run id and attempt, as a DNS label with a letter first", () => {
    fc.assert(
      fc.property(runId, fc.integer({ min: 1, max: 1_000_000 }), (id, attempt) => {
        const key = launchKey(scope, id, attempt, sha256);
        assert.match(key, /^[a-z]([a-z0-9-]{0,46}[a-z0-9])?$/);
        assert.ok(isLaunchKey(key));
        assert.equal(key, launchKey(scope, id, attempt, sha256));
      }),
    );
  });

  it("differs when run, attempt or workspace differ", () => {
    const ask = fc.tuple(runId, fc.integer({ min: 1, max: 99 }), fc.stringMatching(/^[a-z0-9]{1,20}$/));
    fc.assert(
      fc.property(ask, ask, (a, b) => {
        fc.pre(a.join("\n") !== b.join("\n"));
        const key = ([id, attempt, workspace]: [string, number, string]) =>
          launchKey({ ...scope, workspace }, id, attempt, sha256);
        assert.notEqual(key(a), key(b));
      }),
    );
  });

  it("keeps apart ids that read the same, and begins readable", () => {
    const keys = ["My_Run", "my-run", "MY__RUN", `my-run${"x".repeat(200)}`, `my-run${"x".repeat(201)}`].map(
      (id) => launchKey(scope, id, 1, sha256),
    );
    assert.equal(new Set(keys).size, keys.length);
    assert.match(keys[0] ?? "", /^my-run-1-[0-9a-f]{20}$/);
    assert.match(launchKey(scope, "42", 3, sha256), /^r42-3-[0-9a-f]{20}$/);
  });

  it("knows what cannot be a key", () => {
    for (const text of ["", "..", "a/b", "A", "a.b", "-a", "a-", "1a", "a".repeat(49)]) {
      assert.equal(isLaunchKey(text), false, text);
    }
  });
});
