// What MLflow's clients keep: parameters that never change, datasets, logged models, experiments.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isMalachiteError,
  LOGGED_MODEL_SEARCH,
  type NewRunLog,
  parseSearch,
  parseSearchOrder,
  type Scope,
} from "@malachite/core";
import { create, freshScope, newRun } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const says = (code: string) => (error: unknown) => isMalachiteError(error) && error.code === code;

export function trackingStoreSuite(bench: RecordsBench): void {
  describe("what is logged to runs", () => {
    const logged = async (scope: Scope, id: string) =>
      (await bench.records.tracking.logs(scope, [id, "nowhere"])).get(id);

    it("keeps a parameter for ever, and nothing of a call that would change one", async () => {
      const scope = freshScope();
      const { tracking, runs } = bench.records;
      await create(runs, newRun(scope, "r"));
      await tracking.log(scope, "r", { params: { a: "1" } });
      await tracking.log(scope, "r", { params: { a: "1", b: "2" } });
      await assert.rejects(tracking.log(scope, "r", { params: { c: "3", a: "2" } }), says("ParamImmutable"));
      assert.deepEqual((await logged(scope, "r"))?.params, { a: "1", b: "2" });
      await assert.rejects(tracking.log(scope, "none", { params: { a: "1" } }), says("RunNotFound"));
    });

    it("knows a dataset by name and digest, and merges its tags", async () => {
      const scope = freshScope();
      const { tracking, runs } = bench.records;
      await create(runs, newRun(scope, "r"));
      const use = { name: "d", digest: "1", sourceType: "local", source: "{}", tags: { a: "1" } };
      const log: NewRunLog = {
        datasets: [use],
        modelInputs: ["m-1"],
        modelOutputs: [{ modelId: "m-2", step: 3 }],
      };
      await tracking.log(scope, "r", log);
      await tracking.log(scope, "r", { ...log, datasets: [{ ...use, tags: { b: "2" } }] });
      assert.deepEqual(await logged(scope, "r"), {
        params: {},
        datasets: [{ ...use, tags: { a: "1", b: "2" } }],
        modelInputs: ["m-1"],
        modelOutputs: [{ modelId: "m-2", step: 3 }],
      });
    });
  });

  describe("logged models", () => {
    it("are made, changed, measured, searched and deleted", async () => {
      const scope = freshScope();
      const { tracking, experiments } = bench.records;
      const { id: experimentId } = await experiments.ensure(scope, "e", 1);
      for (const [i, id] of ["m-1", "m-2", "m-3"].entries())
        await tracking.createModel(scope, {
          id,
          experimentId,
          name: `model ${i}`,
          createdAt: 10 + i,
          params: { depth: String(i) },
          tags: {},
        });
      const changed = await tracking.changeModel(scope, "m-1", { state: "READY", tags: { a: "1" } }, 20);
      assert.deepEqual([changed.state, changed.tags, changed.changedAt], ["READY", { a: "1" }, 20]);
      const wrong = tracking.changeModel(scope, "m-1", { params: { depth: "9" } }, 21);
      await assert.rejects(wrong, says("ParamImmutable"));
      await assert.rejects(tracking.changeModel(scope, "none", {}, 21), says("LoggedModelNotFound"));

      const metric = { name: "acc", step: 0, at: 5, runId: "r" };
      await tracking.measureModels(scope, [
        { ...metric, modelId: "m-1", value: 0.5, step: 2 },
        { ...metric, modelId: "m-1", value: 0.1, step: 1 },
        { ...metric, modelId: "m-2", value: Number.NaN, datasetName: "d" },
        { ...metric, modelId: "m-3", value: Number.POSITIVE_INFINITY },
        { ...metric, modelId: "none", value: 1 },
      ]);
      assert.deepEqual(
        (await tracking.model(scope, "m-1"))?.metrics.map(({ value, step }) => [value, step]),
        [[0.5, 2]],
      );
      assert.ok(Number.isNaN((await tracking.model(scope, "m-2"))?.metrics[0]?.value));

      const found = async (filter: string, orderBy: readonly string[] = []) =>
        (
          await tracking.searchModels(scope, {
            clauses: parseSearch(filter, LOGGED_MODEL_SEARCH),
            order: parseSearchOrder(orderBy, LOGGED_MODEL_SEARCH),
            limit: 10,
            experimentIds: [experimentId],
          })
        ).values.map(({ id }) => id);
      assert.deepEqual(await found(""), ["m-3", "m-2", "m-1"]);
      assert.deepEqual(await found("", ["metrics.acc DESC"]), ["m-3", "m-1", "m-2"]);
      assert.deepEqual(await found("metrics.acc > 0.2 AND status = 'READY'"), ["m-1"]);
      assert.deepEqual(await found("params.depth = '1'"), ["m-2"]);
      await tracking.changeModel(scope, "m-3", { deleted: true }, 30);
      assert.deepEqual(await found(""), ["m-2", "m-1"]);
      assert.equal((await tracking.model(scope, "m-3"))?.deleted, true);
    });
  });

  describe("experiments of MLflow", () => {
    it("are made once, and searched", async () => {
      const scope = freshScope();
      const { tracking, experiments } = bench.records;
      const made = await tracking.createExperiment(scope, "one", { a: "1" }, 10);
      assert.deepEqual([made.name, made.tags], ["one", { a: "1" }]);
      await assert.rejects(tracking.createExperiment(scope, "one", {}, 11), says("ExperimentNameTaken"));
      const zero = await experiments.ensure(scope, "Default", 12);
      assert.equal(zero.id, "0");
      const ask = { clauses: [], order: [], limit: 10 };
      const names = async (view: "active" | "deleted" | "all") =>
        (await tracking.searchExperiments(scope, { ...ask, view })).values.map(({ name }) => name);
      assert.deepEqual(await names("all"), ["Default", "one"]);
      await experiments.modify(scope, made.id, { archive: true }, 13);
      assert.deepEqual([await names("active"), await names("deleted")], [["Default"], ["one"]]);
    });
  });
}
