// How lists of models are asked for and answered, and the statuses that clients look at.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { modelmanagement } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { DEV, JSON_DEV, testEdge } from "../testing/edge.ts";
import { WORKSPACE } from "../testing/flow.ts";

const at = (rest: string) => `/modelmanagement/v1.0${WORKSPACE}${rest}`;

describe("model management", () => {
  it("answers every member of a model, null where there is no value", async () => {
    await using edge = await testEdge();
    const answer = await edge.app.inject({ url: at("/models/my:model:7"), headers: DEV });
    const model = answer.json<modelmanagement.Model>();
    assert.deepEqual(
      [model.id, model.name, model.version, model.runId, model.datasets, model.resourceRequirements],
      ["my:model:7", "my:model", 7, null, [], null],
    );
  });

  it("has no nextLink on the last page", async () => {
    await using edge = await testEdge();
    const answer = await edge.app.inject({ url: at("/models?name=a&$skipToken=x"), headers: DEV });
    assert.ok(!("nextLink" in answer.json<object>()), answer.body);
  });

  it("tells a model that is not there in the words of its family", async () => {
    await using edge = await testEdge();
    for (const id of ["model", "model:x", "model:0", "model:1.5", ":1", "model:-1"]) {
      const url = at(`/models/${encodeURIComponent(id)}`);
      const answer = await edge.app.inject({ url, headers: DEV });
      assert.equal(answer.statusCode, 404, id);
      const { code, statusCode } = answer.json<{ code: string; statusCode: number }>();
      assert.deepEqual([code, statusCode], ["ModelNotFound", 404]);
      assert.equal((await edge.app.inject({ method: "DELETE", url, headers: DEV })).statusCode, 204, id);
    }
  });

  it("refuses what it cannot register, patch or list by", async () => {
    await using edge = await testEdge();
    const send = async (method: "POST" | "PATCH" | "GET", url: string, payload?: string) =>
      (
        await edge.app.inject({
          method,
          url,
          headers: payload === undefined ? DEV : JSON_DEV,
          ...(payload === undefined ? {} : { payload }),
        })
      ).statusCode;
    assert.equal(await send("POST", at("/models"), '{"name":"a/b","url":"x"}'), 400);
    assert.equal(await send("POST", at("/models"), '{"name":"a"}'), 400);
    assert.equal(await send("POST", at("/models"), '{"name":"a","url":"x","kvTags":{"a":{}}}'), 400);
    assert.equal(await send("PATCH", at("/models/a:1"), '{"op":"add"}'), 400);
    assert.equal(await send("GET", at("/models?datasetId=d")), 400);
    assert.equal(await send("GET", at("/models?orderBy=Sideways")), 400);
    assert.equal(await send("GET", at("/models?count=0")), 400);
  });

  it("blames the url of a model whose asset is not there", async () => {
    await using edge = await testEdge();
    const models = edge.flow.models as { createVersion: typeof edge.flow.models.createVersion };
    models.createVersion = async () => {
      throw new MalachiteError("AssetNotFound", "There is no asset.");
    };
    const payload = '{"name":"a","url":"aml://asset/none"}';
    const answer = await edge.app.inject({ method: "POST", url: at("/models"), headers: JSON_DEV, payload });
    assert.equal(answer.statusCode, 400);
    assert.match(answer.body, /url names no asset/);
  });
});
