// What clients of model management send as JSON Patch, and what is refused.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "../failure/malachiteError.ts";
import { prefixOfSource, sourceOfFiles } from "./asset.ts";
import type { PatchOperation } from "./jsonPatch.ts";
import type { ModelVersionContent } from "./model.ts";
import { patchAsset, patchModel } from "./patchModel.ts";

const before: ModelVersionContent = {
  tags: { a: "1" },
  properties: { p: "q" },
  stage: "None",
  more: { datasets: [{ name: "training", id: "d1" }], unpack: false },
};
const says = (code: string, target?: string) => (error: unknown) => {
  assert.ok(isMalachiteError(error), String(error));
  assert.equal(error.code, code, error.message);
  if (target !== undefined) assert.equal(error.target, target);
  return true;
};
const op = (name: string, path: string, value?: unknown): PatchOperation => ({ op: name, path, value });

describe("a patch of a model", () => {
  it("replaces tags whole and a description that is not there, as the SDK does", () => {
    const after = patchModel(before, [
      op("replace", "/kvTags", { b: 2, c: true, d: null }),
      op("replace", "/description", "new"),
    ]);
    assert.deepEqual(after.tags, { b: "2", c: "true" });
    assert.equal(after.description, "new");
    assert.deepEqual(after.properties, { p: "q" });
    assert.equal(after.stage, "None");
  });

  it("adds properties and appends datasets", () => {
    const after = patchModel(before, [
      op("add", "/properties", { p: "q", r: "s" }),
      op("add", "/datasets", [{ name: "training", id: "d2" }]),
    ]);
    assert.deepEqual(after.properties, { p: "q", r: "s" });
    assert.deepEqual(after.more.datasets, [
      { name: "training", id: "d1" },
      { name: "training", id: "d2" },
    ]);
  });

  it("reaches single keys and items, with escaped names", () => {
    const after = patchModel(before, [
      op("add", "/kvTags/x~1y~0z", "v"),
      op("replace", "/kvTags/a", "2"),
      op("Remove", "/kvTags/a"),
      op("test", "/kvTags", { "x/y~z": "v" }),
      op("add", "/datasets/-", { name: "test", id: "d3" }),
      op("replace", "/datasets/0/id", "d0"),
      op("remove", "/datasets/1"),
      op("add", "/resourceRequirements/cpu", 2),
      op("replace", "/framework", "Onnx"),
    ]);
    assert.deepEqual(after.tags, { "x/y~z": "v" });
    assert.deepEqual(after.more.datasets, [{ name: "training", id: "d0" }]);
    assert.deepEqual(after.more.resourceRequirements, { cpu: 2 });
    assert.equal(after.framework, "Onnx");
  });

  it("removes what there is", () => {
    const after = patchModel({ ...before, description: "d", framework: "Onnx" }, [
      op("remove", "/description"),
      op("remove", "/framework"),
      op("remove", "/kvTags"),
    ]);
    assert.deepEqual([after.description, after.framework, after.tags], [undefined, undefined, {}]);
  });

  it("is refused, naming the operation", () => {
    const refused: readonly [PatchOperation, string][] = [
      [op("replace", "/name", "x"), "patch[0].path"],
      [op("replace", "/__proto__/x", "x"), "patch[0].path"],
      [op("replace", "", {}), "patch[0].path"],
      [op("replace", "kvTags", {}), "patch[0].path"],
      [op("replace", "/kvTags/none", "x"), "patch[0].path"],
      [op("remove", "/kvTags/none"), "patch[0].path"],
      [op("add", "/kvTags/none/deeper", "x"), "patch[0].path"],
      [op("add", "/kvTags/a/deeper", "x"), "patch[0].path"],
      [op("add", "/datasets/7", {}), "patch[0].path"],
      [op("add", "/datasets/01", {}), "patch[0].path"],
      [op("add", "/kvTags/~2", "x"), "patch[0].path"],
      [op("move", "/kvTags", {}), "patch[0].op"],
      [op("copy", "/kvTags/b"), "patch[0].path"],
      [op("test", "/kvTags", {}), "patch[0].value"],
      [op("replace", "/kvTags", ["a"]), "/kvTags"],
      [op("replace", "/kvTags/a", {}), "/kvTags/a"],
      [op("replace", "/description", 7), "/description"],
      [op("replace", "/unpack", "yes"), "/unpack"],
      [op("replace", "/datasets", {}), "/datasets"],
      [op("replace", "/datasets", ["d"]), "/datasets"],
      [op("replace", "/resourceRequirements", 1), "/resourceRequirements"],
      [op("replace", "/sampleInputData", {}), "/sampleInputData"],
    ];
    for (const [operation, target] of refused)
      assert.throws(
        () => patchModel(before, [operation]),
        says("BadPatch", target),
        JSON.stringify(operation),
      );
    const many = Array.from({ length: 1001 }, () => op("test", "/description", null));
    assert.throws(() => patchModel(before, many), says("BadPatch"));
  });

  it("does not change a property that is set, and keeps one that is left out", () => {
    assert.throws(
      () => patchModel(before, [op("replace", "/properties", { p: "other" })]),
      says("PropertyImmutable"),
    );
    assert.deepEqual(patchModel(before, [op("replace", "/properties", { r: "s" })]).properties, {
      p: "q",
      r: "s",
    });
  });
});

describe("a patch of an asset", () => {
  it("changes its words and not its files", () => {
    const asset = { tags: {}, properties: {}, meta: { m: "1" } };
    assert.deepEqual(patchAsset(asset, [op("add", "/kvTags/a", "b"), op("replace", "/meta/m", 2)]), {
      tags: { a: "b" },
      properties: {},
      meta: { m: "2" },
    });
    assert.throws(() => patchAsset(asset, [op("replace", "/artifacts", [])]), says("BadPatch"));
  });
});

describe("the place of a model's files", () => {
  it("is the same for the SDK and for MLflow", () => {
    for (const source of [
      "runs:/run-1/model/a",
      "mlflow-artifacts:/dcid.run-1/model/a/",
      "mlflow-artifacts://host:7464/dcid.run-1/model/a",
      "azureml://host:7464/mlflow/v2.0/subscriptions/s/resourceGroups/g/providers/p/workspaces/w/experiments/e/runs/run-1/artifacts/model/a",
    ])
      assert.equal(prefixOfSource(source), "ExperimentRun/dcid.run-1/model/a", source);
    for (const source of ["s3://bucket/model", "models:/m-1", "runs:/run-1", "runs:/run-1/", "/a/b", ""])
      assert.equal(prefixOfSource(source), undefined, source);
    assert.equal(
      sourceOfFiles([{ prefix: "ExperimentRun/dcid.run-1/outputs/model" }]),
      "mlflow-artifacts:/dcid.run-1/outputs/model",
    );
    assert.equal(sourceOfFiles([{ prefix: "LocalUpload/c/model" }]), undefined);
    assert.equal(sourceOfFiles([{ id: "ExperimentRun/c/a" }, { id: "ExperimentRun/c/b" }]), undefined);
    assert.equal(sourceOfFiles([{}]), undefined);
    assert.equal(sourceOfFiles([]), undefined);
  });
});
