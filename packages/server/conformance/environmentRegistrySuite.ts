// Registered environments: versions by content, labels, pages.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type EnvironmentRegistry, isMalachiteError, type Scope } from "@malachite/core";
import { freshScope } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const says = (code: string) => (error: unknown) => isMalachiteError(error) && error.code === code;

/** Registers the content under the name and answers the version it got. */
const register = async (
  registry: EnvironmentRegistry,
  scope: Scope,
  content: string,
  { name = "env", version }: { readonly name?: string; readonly version?: string } = {},
) =>
  (
    await registry.register(scope, {
      name,
      ...(version === undefined ? {} : { version }),
      definition: { python: { condaDependencies: { Name: content, none: null } } },
      fingerprint: `fingerprint of ${content}`,
      at: 5,
    })
  ).version;

export function environmentRegistrySuite(bench: RecordsBench): void {
  describe("registered environments", () => {
    it("get the next number for a new content, and the old one for an old content", async () => {
      const { environmentRegistry: registry } = bench.records;
      const scope = freshScope();
      assert.equal(await registry.get(scope, "env", {}), undefined);
      assert.equal(await register(registry, scope, "a"), "1");
      assert.equal(await register(registry, scope, "b"), "2");
      assert.equal(await register(registry, scope, "a"), "1");
      assert.deepEqual(await registry.get(scope, "env", {}), {
        scope,
        name: "env",
        version: "2",
        createdAt: 5,
        labels: [],
        definition: { python: { condaDependencies: { Name: "b", none: null } } },
      });
      assert.equal((await registry.get(scope, "env", { version: "1" }))?.version, "1");
      assert.equal(await registry.get(scope, "env", { version: "3" }), undefined);
      assert.equal(await registry.get(freshScope(), "env", {}), undefined);
    });

    it("have the newest secret that came with their content, and keep it when none comes", async () => {
      const { environmentRegistry: registry } = bench.records;
      const scope = freshScope();
      const put = (sealed?: string) =>
        registry.register(scope, {
          name: "env",
          definition: { r: 1, ...(sealed === undefined ? {} : { sealed }) },
          fingerprint: "f",
          at: 5,
          ...(sealed === undefined ? {} : { renews: true }),
        });
      const kept = async () => (await registry.get(scope, "env", { version: "1" }))?.definition;
      await put("first");
      assert.deepEqual((await put("second")).definition, { r: 1, sealed: "second" });
      assert.deepEqual(await kept(), { r: 1, sealed: "second" });
      assert.equal((await put()).version, "1");
      assert.deepEqual(await kept(), { r: 1, sealed: "second" });
    });

    it("register the same content at the same time once", async () => {
      const { environmentRegistry: registry } = bench.records;
      const scope = freshScope();
      const versions = await Promise.all(
        Array.from({ length: 12 }, (_, i) => register(registry, scope, String(i % 3))),
      );
      assert.deepEqual([...new Set(versions)].sort(), ["1", "2", "3"]);
    });

    it("take versions of one's own, which never change", async () => {
      const { environmentRegistry: registry } = bench.records;
      const scope = freshScope();
      assert.equal(await register(registry, scope, "a", { version: "3" }), "3");
      assert.equal(await register(registry, scope, "a", { version: "3" }), "3");
      assert.equal(await register(registry, scope, "a", { version: "dev" }), "dev");
      await assert.rejects(register(registry, scope, "b", { version: "3" }), says("EnvironmentExists"));
      assert.equal(await register(registry, scope, "b"), "4");
      assert.equal(await register(registry, scope, "a"), "3");
      assert.equal((await registry.get(scope, "env", {}))?.version, "4");
    });

    it("are found by labels, each on one version", async () => {
      const { environmentRegistry: registry } = bench.records;
      const scope = freshScope();
      await register(registry, scope, "a");
      await register(registry, scope, "b");
      assert.equal(await registry.setLabels(scope, "env", "1", ["good", "old"]), true);
      assert.equal(await registry.setLabels(scope, "env", "2", ["good", "good"]), true);
      assert.equal(await registry.setLabels(scope, "env", "9", ["good"]), false);
      assert.equal(await registry.setLabels(scope, "nowhere", "1", []), false);
      assert.equal((await registry.get(scope, "env", { label: "good" }))?.version, "2");
      assert.deepEqual((await registry.get(scope, "env", { label: "old" }))?.labels, ["old"]);
      await registry.setLabels(scope, "env", "2", []);
      assert.equal(await registry.get(scope, "env", { label: "good" }), undefined);
    });

    it("are listed by name in their newest versions, page by page", async () => {
      const { environmentRegistry: registry } = bench.records;
      const scope = freshScope();
      assert.deepEqual(await registry.list(scope, { limit: 2 }), { values: [] });
      for (const name of ["c", "a", "b"])
        for (const content of ["x", "y"]) await register(registry, scope, content, { name });
      const first = await registry.list(scope, { limit: 2 });
      const second = await registry.list(scope, { limit: 2, after: first.next ?? "" });
      assert.deepEqual(
        [...first.values, ...second.values].map(({ name, version }) => `${name}:${version}`),
        ["a:2", "b:2", "c:2"],
      );
      assert.equal(second.next, undefined);
      await assert.rejects(registry.list(scope, { limit: 2, after: "x" }), says("BadContinuationToken"));
    });
  });
}
