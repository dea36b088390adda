// What counts as the same content, and how a definition that names an environment is filled in.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  contentText,
  keptDefinition,
  namedEnvironment,
  registryPasswordOf,
  withEnvironment,
  withOpened,
  withoutSealed,
  withSealed,
} from "./registered.ts";

describe("the content of an environment", () => {
  it("is the same whatever the order of keys, and whether empty things are sent or left out", () => {
    const one = { python: { b: 1, a: [] }, docker: { x: null }, environmentVariables: {}, r: null };
    const two = { python: { b: 1 } };
    assert.equal(contentText(one), contentText(two));
  });

  it("differs by case of keys, order of lists, and type", () => {
    const texts = [
      { python: { condaDependencies: { dependencies: ["a", "b"] } } },
      { python: { condaDependencies: { dependencies: ["b", "a"] } } },
      { python: { condaDependencies: { Dependencies: ["a", "b"] } } },
      { environmentVariables: { A: "1" } },
      { environmentVariables: { a: "1" } },
      { environmentVariables: { a: 1 } },
      { environmentVariables: [["a", 1]] },
      { docker: { enabled: false } },
      { docker: { enabled: 0 } },
      {},
    ].map(contentText);
    assert.equal(new Set(texts).size, texts.length);
  });

  it("has neither names nor the password of a registry", () => {
    const kept = keptDefinition({
      name: "n",
      Version: "3",
      assetId: "a",
      python: { interpreterPath: "python" },
      docker: { baseImageRegistry: { address: "x", username: "u", Password: "secret" } },
      r: null,
    });
    assert.deepEqual(kept, {
      python: { interpreterPath: "python" },
      docker: { baseImageRegistry: { address: "x", username: "u" } },
    });
  });
});

describe("the password of a registry", () => {
  const sent = { Docker: { BaseImageRegistry: { address: "x", Password: "hunter2" } } };

  it("is kept sealed, shown to nobody, and opened for a run", () => {
    assert.equal(registryPasswordOf(sent), "hunter2");
    const kept = withSealed(keptDefinition(sent), "SEALED");
    assert.ok(!JSON.stringify(kept).includes("hunter2"));
    assert.deepEqual(withoutSealed(kept), { Docker: { BaseImageRegistry: { address: "x" } } });
    assert.deepEqual(
      withOpened(kept, (sealed) => `opened ${sealed}`),
      { Docker: { BaseImageRegistry: { address: "x", password: "opened SEALED" } } },
    );
  });

  it("is absent where none is given, and nobody can give a sealed one", () => {
    for (const none of [{}, { docker: null }, { docker: { baseImageRegistry: { password: "" } } }]) {
      assert.equal(registryPasswordOf(none), undefined);
      assert.deepEqual(withSealed(none, undefined), none);
    }
    const forged = { docker: { baseImageRegistry: { address: "x", sealedPassword: "1.abc" } } };
    assert.deepEqual(keptDefinition(forged), { docker: { baseImageRegistry: { address: "x" } } });
  });
});

describe("a run definition that names an environment", () => {
  const registered = {
    scope: { subscriptionId: "s", resourceGroup: "g", workspace: "w" },
    name: "env",
    version: "2",
    createdAt: 1,
    labels: [],
    definition: { python: { interpreterPath: "/usr/bin/python3" }, environmentVariables: { A: "1" } },
  };

  it("is known by its name without sections", () => {
    assert.deepEqual(namedEnvironment({ Configuration: { Environment: { Name: "env", version: null } } }), {
      name: "env",
    });
    assert.deepEqual(namedEnvironment({ configuration: { environment: { name: "env", version: "2" } } }), {
      name: "env",
      version: "2",
    });
    for (const environment of [undefined, null, "env", {}, { name: "" }, { name: "e", python: {} }])
      assert.equal(namedEnvironment({ configuration: { environment } }), undefined);
    assert.equal(namedEnvironment(undefined), undefined);
  });

  it("is filled in, and keeps what it says itself", () => {
    const sent = {
      Configuration: {
        Script: "train.py",
        environment: { name: "env", version: null, environmentVariables: { B: "2" } },
      },
      other: 1,
    };
    assert.deepEqual(withEnvironment(sent, registered), {
      Configuration: {
        Script: "train.py",
        environment: {
          python: { interpreterPath: "/usr/bin/python3" },
          environmentVariables: { B: "2" },
          name: "env",
          version: "2",
        },
      },
      other: 1,
    });
  });
});
