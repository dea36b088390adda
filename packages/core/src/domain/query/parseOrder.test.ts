// The order of a list.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RUN_FIELDS, RUN_TABLE_FIELDS } from "./fields.ts";
import { parseOrder } from "./parseOrder.ts";

const order = (name: string, descending = false) => ({ field: { of: "field", name }, descending });

describe("parseOrder", () => {
  it("reads properties with and without a direction", () => {
    assert.deepEqual(parseOrder("StartTimeUtc desc", RUN_FIELDS), [order("starttimeutc", true)]);
    assert.deepEqual(parseOrder(" runId ,, CreatedUtc ASC ", RUN_FIELDS), [
      order("runid"),
      order("createdutc"),
    ]);
    assert.deepEqual(parseOrder(["status desc", "runNumber"], RUN_FIELDS), [
      order("status", true),
      order("runnumber"),
    ]);
    assert.deepEqual(parseOrder("", RUN_FIELDS), []);
  });

  it("lets a property that is named again have no say", () => {
    assert.deepEqual(parseOrder("createdUtc desc, createdTimeUtc asc", RUN_FIELDS), [
      order("createdutc", true),
    ]);
  });

  it("takes tags, parameters and metrics for tables, with quotes around odd keys", () => {
    const of = (text: string) => parseOrder(text, RUN_TABLE_FIELDS);
    assert.deepEqual(of("metrics/loss desc, params/lr,runId"), [
      { field: { of: "metrics", key: "loss" }, descending: true },
      { field: { of: "params", key: "lr" }, descending: false },
      order("runid"),
    ]);
    assert.deepEqual(of(" metrics/'val, ''loss''' desc ,tags/'a b'"), [
      { field: { of: "metrics", key: "val, 'loss'" }, descending: true },
      { field: { of: "tags", key: "a b" }, descending: false },
    ]);
    assert.throws(() => of("properties/x"), /position 1: lists cannot be ordered/);
    assert.throws(() => of("tags/'a b' up"), /position 12: expected asc, desc/);
  });

  it("refuses what it does not know, telling the position", () => {
    assert.throws(
      () => parseOrder("status, colour desc", RUN_FIELDS),
      /orderBy is not understood at position 9: expected a property of runs/,
    );
    assert.throws(() => parseOrder("status up", RUN_FIELDS), /position 8: expected asc, desc/);
    assert.throws(() => parseOrder("status asc desc", RUN_FIELDS), /position 12: expected asc, desc/);
    assert.throws(() => parseOrder("tags/k desc", RUN_FIELDS), /cannot be ordered by 'tags\/k'/);
    assert.throws(
      () => parseOrder("runId,runNumber,status,name,target,runType,scriptName,hidden,userId", RUN_FIELDS),
      /more than 8/,
    );
  });
});
