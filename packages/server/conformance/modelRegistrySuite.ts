// Registered models, their versions, stages, aliases and tags.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  contentOf,
  isMalachiteError,
  type ModelCondition,
  type ModelRegistry,
  type ModelVersion,
  type NewModelVersion,
} from "@malachite/core";
import { freshScope } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const ADA = { name: "Ada", objectId: "object-1", tenantId: "tenant-1" };
const made = (more: Partial<NewModelVersion> = {}): NewModelVersion => ({ createdBy: ADA, ...more });
const says = (code: string) => (error: unknown) => isMalachiteError(error) && error.code === code;

export function modelRegistrySuite(bench: RecordsBench): void {
  describe("registered models", () => {
    it("are made once, described, renamed and removed", async () => {
      const { models } = bench.records;
      const scope = freshScope();
      assert.equal(await models.model(scope, "m"), undefined);
      const first = await models.createModel(scope, "m", { description: "d", tags: { a: "1" } }, 10);
      assert.deepEqual(first, {
        scope,
        name: "m",
        createdAt: 10,
        changedAt: 10,
        revision: 1,
        description: "d",
        tags: { a: "1" },
        aliases: {},
        latest: [],
      });
      await assert.rejects(models.createModel(scope, "m", { tags: {} }, 11), says("ModelExists"));
      const second = await models.writeModel(first, { tags: { b: "2" } }, 20);
      assert.deepEqual([second?.tags, second?.description, second?.changedAt], [{ b: "2" }, undefined, 20]);
      assert.equal(await models.writeModel(first, { tags: {} }, 21), undefined);

      await models.createVersion(scope, "m", made(), 22);
      await models.createModel(scope, "other", { tags: {} }, 23);
      await assert.rejects(models.renameModel(scope, "m", "other", 24), says("ModelExists"));
      await assert.rejects(models.renameModel(scope, "nowhere", "n", 24), says("ModelNotFound"));
      const renamed = await models.renameModel(scope, "m", "n", 25);
      assert.deepEqual(
        [renamed.name, renamed.changedAt, renamed.latest.map(({ name }) => name)],
        ["n", 25, ["n"]],
      );
      assert.equal(await models.model(scope, "m"), undefined);
      assert.equal((await models.version(scope, "n", 1))?.name, "n");

      await models.setAlias(scope, "n", "champion", 1, 26);
      assert.equal(await models.removeModel(scope, "n"), true);
      assert.equal(await models.removeModel(scope, "n"), false);
      assert.equal(await models.version(scope, "n", 1), undefined);
      assert.equal(await models.model(freshScope(), "other"), undefined);
    });

    it("are searched by name, tags and times, page by page", async () => {
      const { models } = bench.records;
      const scope = freshScope();
      for (const [i, name] of ["apple", "Apfel", "pear", "plum_1", "plumA1"].entries())
        await models.createModel(scope, name, { tags: i % 2 === 0 ? { even: "yes" } : {} }, 100 + i);
      const names = async (conditions: ModelCondition[] = [], byName = true) => {
        const found: string[] = [];
        let after: string | undefined;
        do {
          const page = await models.searchModels(scope, {
            conditions,
            order: byName ? [{ by: "name", descending: false }] : [],
            limit: 2,
            ...(after === undefined ? {} : { after }),
          });
          found.push(...page.values.map(({ name }) => name));
          after = page.next;
        } while (after !== undefined);
        return found;
      };
      assert.deepEqual(await names(), ["Apfel", "apple", "pear", "plumA1", "plum_1"]);
      assert.deepEqual(await names([], false), ["plumA1", "plum_1", "pear", "Apfel", "apple"]);
      const on = { of: "field", name: "name" } as const;
      assert.deepEqual(await names([{ on, is: "like", pattern: "a%" }]), ["apple"]);
      assert.deepEqual(await names([{ on, is: "ilike", pattern: "A%" }]), ["Apfel", "apple"]);
      assert.deepEqual(await names([{ on, is: "like", pattern: "plum_1" }]), ["plumA1", "plum_1"]);
      assert.deepEqual(await names([{ on, is: "like", pattern: "%[p]%" }]), []);
      assert.deepEqual(await names([{ on, is: "in", values: ["pear", "fig"] }]), ["pear"]);
      assert.deepEqual(await names([{ on, is: "in", values: [] }]), []);
      const even = { of: "tags", key: "even" } as const;
      assert.deepEqual(
        await names([
          { on: even, is: "set" },
          { on, is: "ne", value: "pear" },
        ]),
        ["apple", "plumA1"],
      );
      assert.deepEqual(await names([{ on: even, is: "ne", value: "no" }]), ["apple", "pear", "plumA1"]);
      assert.deepEqual(await names([{ on: { of: "field", name: "createdAt" }, is: "gt", value: 103 }]), [
        "plumA1",
      ]);
      const { next } = await models.searchModels(scope, { limit: 1 });
      await assert.rejects(
        models.searchModels(scope, { limit: 1, after: next ?? "", conditions: [{ on: even, is: "set" }] }),
        says("BadContinuationToken"),
      );
      await assert.rejects(
        models.searchModels(scope, {
          limit: 1,
          conditions: [{ on: { of: "field", name: "runId" }, is: "eq", value: "r" }],
        }),
        says("BadFilter"),
      );
    });
  });

  describe("versions of a model", () => {
    it("are numbered once each, whoever asks at the same time, and never twice", async () => {
      const { models } = bench.records;
      const scope = freshScope();
      await assert.rejects(models.createVersion(scope, "m", made(), 1), says("ModelNotFound"));
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          models.createVersion(scope, "m", made({ tags: { i: String(i) } }), i, { makeModel: true }),
        ),
      );
      assert.deepEqual(
        all.map(({ version }) => version).sort((a, b) => a - b),
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
      assert.equal(await models.removeVersion(scope, "m", 20, 30), true);
      assert.equal(await models.removeVersion(scope, "m", 20, 31), false);
      assert.equal(await models.removeVersion(scope, "nowhere", 1, 31), false);
      assert.equal((await models.createVersion(scope, "m", made(), 32)).version, 21);
    });

    it("give back what they were made of", async () => {
      const { models } = bench.records;
      const scope = freshScope();
      const given: NewModelVersion = {
        description: "über\u0000",
        tags: { a: "1", "": "empty key", "k'\"$.[0]": "odd" },
        properties: { p: "q" },
        stage: "Staging",
        framework: "ScikitLearn",
        frameworkVersion: "1.5",
        more: { datasets: [{ name: "training", id: "d" }], unpack: false, resourceRequirements: { cpu: 1 } },
        source: "runs:/r/model",
        assetId: "asset-1",
        runId: "r",
        experimentName: "e",
        runLink: "https://example.invalid/r",
        createdBy: ADA,
      };
      const version = await models.createVersion(scope, "m", given, 5, { makeModel: true });
      assert.deepEqual(version, {
        ...given,
        scope,
        name: "m",
        version: 1,
        createdAt: 5,
        changedAt: 5,
        revision: 1,
        aliases: [],
      });
      assert.deepEqual(await models.version(scope, "m", 1), version);
      const plain = await models.createVersion(scope, "m", made(), 6);
      assert.deepEqual(plain, {
        scope,
        name: "m",
        version: 2,
        createdAt: 6,
        changedAt: 6,
        revision: 1,
        stage: "None",
        tags: {},
        properties: {},
        more: {},
        createdBy: ADA,
        aliases: [],
      });
      const reopened = await bench.data.reopen();
      assert.deepEqual(await reopened.models.version(scope, "m", 1), version);
    });

    it("change only when nobody else changed them meanwhile", async () => {
      const { models } = bench.records;
      const scope = freshScope();
      const first = await models.createVersion(scope, "m", made(), 5, { makeModel: true });
      const tries = await Promise.all(
        ["x", "y", "z"].map((tag, i) =>
          models.writeVersion(first, { ...contentOf(first), tags: { [tag]: "1" } }, 10 + i),
        ),
      );
      const written = tries.filter((one) => one !== undefined);
      assert.equal(written.length, 1);
      assert.deepEqual(await models.version(scope, "m", 1), written[0]);
      assert.equal(written[0]?.revision, 2);
    });

    it("stand in stages, the others of the stage archived when asked", async () => {
      const { models } = bench.records;
      const scope = freshScope();
      const [one, two, three] = await many(models, scope, 3);
      const stage = (version: ModelVersion, to: ModelVersion["stage"], archiveOthers: boolean) =>
        models.writeVersion(version, { ...contentOf(version), stage: to }, 50, { archiveOthers });
      await stage(one, "Production", false);
      await stage(two, "Production", false);
      assert.deepEqual(await stagesOf(models, scope), ["Production", "Production", "None"]);
      await stage(three, "Production", true);
      assert.deepEqual(await stagesOf(models, scope), ["Archived", "Archived", "Production"]);
      const latest = (await models.model(scope, "m"))?.latest ?? [];
      assert.deepEqual(
        latest.map(({ stage, version }) => [stage, version]),
        [
          ["Archived", 2],
          ["Production", 3],
        ],
      );
    });

    it("are pointed to by aliases", async () => {
      const { models } = bench.records;
      const scope = freshScope();
      await many(models, scope, 2);
      await models.setAlias(scope, "m", "champion", 1, 60);
      await models.setAlias(scope, "m", "first", 1, 60);
      await models.setAlias(scope, "m", "champion", 2, 61);
      assert.equal((await models.versionByAlias(scope, "m", "champion"))?.version, 2);
      assert.deepEqual((await models.version(scope, "m", 2))?.aliases, ["champion"]);
      assert.deepEqual((await models.model(scope, "m"))?.aliases, { champion: 2, first: 1 });
      await assert.rejects(models.setAlias(scope, "m", "third", 3, 62), says("ModelNotFound"));
      await models.removeAlias(scope, "m", "first", 63);
      await models.removeAlias(scope, "m", "first", 64);
      await assert.rejects(models.removeAlias(scope, "nowhere", "first", 64), says("ModelNotFound"));
      assert.equal(await models.removeVersion(scope, "m", 2, 65), true);
      assert.equal(await models.versionByAlias(scope, "m", "champion"), undefined);
      assert.deepEqual((await models.model(scope, "m"))?.aliases, {});
    });

    it("are searched by what they were made of, the latest alone when asked", async () => {
      const { models } = bench.records;
      const scope = freshScope();
      const options = { makeModel: true };
      await models.createVersion(scope, "a", made({ runId: "r1", framework: "Onnx" }), 1, options);
      await models.createVersion(scope, "a", made({ runId: "r2", tags: { k: "v" } }), 2, options);
      await models.createVersion(scope, "b", made({ runId: "r1", properties: { p: "q" } }), 3, options);
      await models.createVersion(scope, "b", made({ source: "s3://bucket/b" }), 3, options);
      const ids = async (conditions: ModelCondition[], latest = false) => {
        const found: string[] = [];
        let after: string | undefined;
        do {
          const page = await models.searchVersions(scope, {
            conditions,
            latest,
            limit: 1,
            ...(after === undefined ? {} : { after }),
          });
          found.push(...page.values.map(({ name, version }) => `${name}:${version}`));
          after = page.next;
        } while (after !== undefined);
        return found;
      };
      assert.deepEqual(await ids([]), ["b:2", "b:1", "a:2", "a:1"]);
      assert.deepEqual(await ids([], true), ["b:2", "a:2"]);
      const field = (name: "runId" | "framework" | "name" | "source") => ({ of: "field", name }) as const;
      assert.deepEqual(await ids([{ on: field("runId"), is: "eq", value: "r1" }]), ["b:1", "a:1"]);
      assert.deepEqual(await ids([{ on: field("framework"), is: "eq", value: "Onnx" }]), ["a:1"]);
      assert.deepEqual(await ids([{ on: field("source"), is: "like", pattern: "s3://%" }]), ["b:2"]);
      assert.deepEqual(await ids([{ on: { of: "tags", key: "k" }, is: "eq", value: "v" }]), ["a:2"]);
      assert.deepEqual(await ids([{ on: { of: "properties", key: "p" }, is: "set" }]), ["b:1"]);
      assert.deepEqual(await ids([{ on: field("name"), is: "eq", value: "a" }], true), ["a:2"]);
    });
  });
}

async function many(models: ModelRegistry, scope: ModelVersion["scope"], count: number) {
  const versions: ModelVersion[] = [];
  for (let i = 0; i < count; i++)
    versions.push(await models.createVersion(scope, "m", made(), 40 + i, { makeModel: true }));
  return versions as [ModelVersion, ModelVersion, ModelVersion];
}

const stagesOf = async (models: ModelRegistry, scope: ModelVersion["scope"]) =>
  (
    await models.searchVersions(scope, { limit: 9, order: [{ by: "version", descending: false }] })
  ).values.map(({ stage }) => stage);
