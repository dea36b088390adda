// Clients of what only Azure has are told so, in the words of the family they speak.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { codeOf, DEV, testEdge } from "./testing/edge.ts";
import { WORKSPACE } from "./testing/flow.ts";

describe("what Azure has and this service has not", () => {
  it("is refused for good, with what to do instead", async () => {
    await using edge = await testEdge();
    const cases: readonly (readonly [string, RegExp])[] = [
      [`/dataset/v1.0${WORKSPACE}/saveddatasets/query?datasetName=x`, /Datasets.*Datastore\.get/],
      [`/data/v1.0${WORKSPACE}/dataversion/x/versions/None`, /Datasets/],
      [`/hyperdrive/v1.0${WORKSPACE}/runs`, /HyperDrive.*submit_child/],
      [`/pipelines/v1.0${WORKSPACE}/pipelines/x`, /Pipelines/],
      [`/studioservice/api${WORKSPACE}/pipelines`, /Pipelines/],
      [`/jasmine/v1.0${WORKSPACE}/experimentids/x/run`, /Automated ML/],
      [`/rl/v1.0${WORKSPACE}/x`, /Reinforcement/],
      [`/credential/v2.0${WORKSPACE}/secrets`, /key vault/],
    ];
    for (const [url, says] of cases)
      for (const method of ["GET", "POST"] as const) {
        const answer = await edge.app.inject({ method, url, headers: DEV });
        assert.equal(answer.statusCode, 400, url);
        assert.equal(codeOf(answer.body), "NotOffered", url);
        assert.match(answer.json().error.message, says);
        assert.match(answer.statusMessage, /by this service|no key vault/, "some clients show this alone");
      }
    for (const rest of [
      "services",
      "images?orderby=x",
      "images/x/profiles",
      "models/m:1/optimize",
      "packages",
    ]) {
      const answer = await edge.app.inject({
        url: `/modelmanagement/v1.0${WORKSPACE}/${rest}`,
        headers: DEV,
      });
      assert.equal(answer.json().code, "NotOffered", rest);
      assert.equal(answer.json().statusCode, 400);
    }
    for (const rest of ["jobs/x", "linkedServices"]) {
      const answer = await edge.app.inject({
        url: `${WORKSPACE}/${rest}?api-version=2023-04-01`,
        headers: DEV,
      });
      assert.match(answer.json().error.message, /v2 API|linked with no other/, rest);
      assert.equal(answer.json().error.code, "BadRequest");
    }
  });

  it("takes nothing away from what is served, or from addresses that nobody knows", async () => {
    await using edge = await testEdge();
    const of = async (url: string) => codeOf((await edge.app.inject({ url, headers: DEV })).body);
    assert.equal(await of(`/history/v1.0${WORKSPACE}/nothing`), "RouteNotFound");
    assert.equal(await of("/datasets"), "RouteNotFound");
    assert.equal(
      (await edge.app.inject({ url: `/modelmanagement/v1.0${WORKSPACE}/models`, headers: DEV })).statusCode,
      200,
    );
  });
});
