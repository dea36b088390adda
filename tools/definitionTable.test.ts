// docs/run-definition.md has a row for every property of a run definition, and every row names a test that is there.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { execution } from "@malachite/contract";
import { SDK_DEFINITIONS } from "../packages/core/src/domain/definition/testing/sdkDefinitions.ts";
import { faultsOfTable, propertiesOf, propertiesSent, rowsOf } from "./docs/definitionTable.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const PAGE = "docs/run-definition.md";
const PUBLIC = join(root, "../shared/contract/2019-09-30/execution.json");
/** Where the keys are a user's own words, not properties. */
const FREE = new Set([
  "configuration.environment.environmentVariables",
  "configuration.environmentVariables",
  "configuration.environment.python.condaDependencies",
  "configuration.spark.configuration",
]);

const rows = rowsOf(readFileSync(join(root, PAGE), "utf8"));
const ours = propertiesOf(JSON.parse(JSON.stringify(execution.RunDefinition)));
const sent = Object.values(SDK_DEFINITIONS).flatMap((one) => propertiesSent(one, FREE, "configuration"));

describe("the table of run definitions", () => {
  it("has one row for every property of the contract and of the SDK, with a test that is there", () => {
    assert.deepEqual(faultsOfTable(rows, [...new Set([...ours, ...sent])].sort(), root, PAGE), []);
  });

  it("says of each property what a local run does with it", () => {
    const silent = rows.filter(
      ({ where }) =>
        !/^(every target|containers|process)(, local runs|; local runs: .+)$|^nowhere$/.test(where),
    );
    assert.deepEqual(
      silent.map(({ property, where }) => [property, where]),
      [],
    );
  });

  it("has every property of the public description", {
    skip: !existsSync(PUBLIC) && "it is not beside the checkout",
  }, () => {
    const { definitions } = JSON.parse(readFileSync(PUBLIC, "utf8")) as {
      definitions: Record<string, object>;
    };
    const find = (ref: string) => definitions[ref.split("/").at(-1) ?? ""] ?? {};
    const missing = propertiesOf(find("RunDefinition"), find).filter(
      (property) => !rows.some((row) => row.property === property),
    );
    assert.deepEqual(missing, []);
  });
});

describe("the check of the table", () => {
  const property = {
    properties: {
      a: { items: { properties: { b: {} } } },
      c: { additionalProperties: { properties: { d: {} } } },
    },
  };
  it("finds properties in lists and maps", () => {
    assert.deepEqual(propertiesOf(property), ["a", "a[].b", "c", "c.*.d"]);
  });
  it("follows references", () => {
    assert.deepEqual(
      propertiesOf({ properties: { x: { $ref: "#/X" } } }, () => ({ properties: { y: {} } })),
      ["x", "x.y"],
    );
  });
  it("stops where keys are free", () => {
    assert.deepEqual(propertiesSent({ v: { k: 1 }, w: { k: 1 } }, new Set(["v"])), ["v", "w", "w.k"]);
  });
  it("tells what is missing, doubled, empty and unproved", () => {
    const page = [
      "| property | does | where | proof |",
      "|---|---|---|---|",
      "| `a` | x | all | [the check of the table](../tools/definitionTable.test.ts) |",
      "| `a` | | all | [no such test, anywhere: \u2014](../tools/definitionTable.test.ts) |",
      "| `z` | x | all | |",
    ].join("\n");
    const faults = faultsOfTable(rowsOf(page), ["a", "b"], root, PAGE);
    assert.deepEqual(faults, [
      "'a' has two rows",
      "'a' does not say what it does, or where",
      "'a': ../tools/definitionTable.test.ts has no test 'no such test, anywhere: \u2014'",
      "'z' is no property that anybody sends",
      "'z' names no test",
      "'b' has no row",
    ]);
  });
});
