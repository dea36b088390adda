import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunMetric } from "@malachite/client";
import { groupsOf, hasWords, panelKind, shortName } from "./groups.ts";

const metric = (name: string, more: Partial<RunMetric> = {}): RunMetric => ({
  ...{ name, kind: "azureml.v1.scalar", columns: { [name]: "double" }, count: 10 },
  ...more,
});

describe("panels of metrics", () => {
  it("are what was logged", () => {
    assert.equal(panelKind(metric("loss")), "plot");
    assert.equal(panelKind(metric("loss", { count: undefined })), "plot");
    assert.equal(panelKind(metric("loss", { count: 1 })), "value");
    assert.equal(panelKind(metric("note", { columns: { note: "string" } })), "table");
    assert.equal(panelKind(metric("list", { kind: "azureml.v1.list" })), "plot");
    assert.equal(panelKind(metric("row", { kind: "azureml.v1.table", count: 1 })), "table");
    assert.equal(
      panelKind(metric("img", { kind: "azureml.v2.image", columns: { img: "Artifact" } })),
      "images",
    );
    assert.equal(panelKind(metric("cm", { kind: "azureml.v2.confusion_matrix" })), "chart");
    assert.equal(panelKind(metric("odd", { kind: "of.somebody" })), "table");
  });

  it("stand in groups by prefix, those of the service last", () => {
    const groups = groupsOf([
      metric("val/loss"),
      metric("system/cpu", { namespace: "system" }),
      metric("train/loss10"),
      metric("train/loss9"),
      metric("lr"),
      metric("/odd"),
    ]);
    assert.deepEqual(
      groups.map(({ prefix, metrics }) => [prefix, metrics.map(({ name }) => name)]),
      [
        ["", ["/odd", "lr"]],
        ["train", ["train/loss9", "train/loss10"]],
        ["val", ["val/loss"]],
        ["system", ["system/cpu"]],
      ],
    );
    assert.equal(shortName("train/loss9", "train"), "loss9");
  });

  it("are found by words in any order", () => {
    assert.ok(hasWords("train/Loss", "loss tr"));
    assert.ok(!hasWords("train/loss", "loss val"));
    assert.deepEqual(groupsOf([metric("a")], "b"), []);
  });
});
