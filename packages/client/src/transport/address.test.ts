import assert from "node:assert/strict";
import { test } from "node:test";
import { operations } from "../operations.generated.ts";
import { addressOf, readEndpoint } from "./address.ts";

const workspace = {
  subscriptionId: "11111111-1111-1111-1111-111111111111",
  resourceGroupName: "rg",
  workspaceName: "ws1",
};
const scope =
  "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws1";

test("every reserved character of a path value is encoded, and no value reaches another segment", () => {
  const url = addressOf("http://h", operations.getRun, {
    ...workspace,
    experimentName: "a/b?c#d e%2F",
    runId: "r",
  });
  assert.equal(url, `http://h/history/v1.0${scope}/experiments/a%2Fb%3Fc%23d%20e%252F/runs/r`);
});

test("a value of dots would take the segment before it away, and is refused", () => {
  for (const name of [".", "..", ""]) {
    const path = { ...workspace, experimentName: name, runId: "r" };
    assert.throws(() => addressOf("http://h", operations.getRun, path), TypeError);
  }
  assert.match(addressOf("http://h", operations.getRun, { ...workspace, runId: "..." }), /\/runs\/\.\.\.$/);
});

test("the first address is taken whose parameters are all known", () => {
  const byRun = addressOf("http://h", operations.getRun, { ...workspace, runId: "r" });
  assert.equal(byRun, `http://h/history/v1.0${scope}/runs/r`);
  const byId = addressOf("http://h", operations.getRun, { ...workspace, experimentId: "e", runId: "r" });
  assert.equal(byId, `http://h/history/v1.0${scope}/experimentids/e/runs/r`);
  assert.throws(
    () => addressOf("http://h", operations.getRun, workspace),
    /Runs_Get needs experimentName, runId/,
  );
});

test("a query holds what is given, in the contract's spelling, and nothing else", () => {
  const query = { $filter: "status eq 'Running' & x", $top: 5, $continuationtoken: undefined, other: "no" };
  const url = addressOf("http://h", operations.listChildren, { ...workspace, runId: "r" }, query);
  assert.ok(url.endsWith("?$filter=status%20eq%20'Running'%20%26%20x&$top=5"), url);
  assert.equal(new URL(url).searchParams.get("$filter"), "status eq 'Running' & x");
});

test("an endpoint is taken without its last slash, with its path", () => {
  assert.equal(readEndpoint("http://127.0.0.1:7464/"), "http://127.0.0.1:7464");
  assert.equal(readEndpoint("https://Example.com/aml//"), "https://example.com/aml");
  assert.equal(readEndpoint("http://[::1]:1"), "http://[::1]:1");
  assert.equal(readEndpoint("http://localhost"), "http://localhost");
});

test("plain http goes no further than this machine, unless that is asked for", () => {
  for (const far of [
    "http://example.com",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://10.0.0.1",
  ]) {
    assert.throws(() => readEndpoint(far), /not encrypted/, far);
    assert.equal(readEndpoint(far, true), far);
  }
});

test("what is no endpoint is refused with the reason", () => {
  for (const bad of [
    "",
    "127.0.0.1:7464",
    "ftp://h",
    "http://u:p@localhost",
    "http://localhost/?a=1",
    "http://localhost/#x",
  ]) {
    assert.throws(() => readEndpoint(bad), TypeError, bad);
  }
});
