// What Azure Resource Manager is taken for: addresses, subscriptions, workspaces, compute targets, and errors in its own words.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError, type Workspace } from "@malachite/core";
import { NOON } from "./testing/clock.ts";
import { DEV, JSON_DEV, type TestEdge, testEdge } from "./testing/edge.ts";
import { SUBSCRIPTION, testRun, WORKSPACE } from "./testing/flow.ts";

const OTHER = "22222222-2222-2222-2222-222222222222";
const workspace = (subscriptionId: string, resourceGroup: string, name: string): Workspace => ({
  scope: { subscriptionId, resourceGroup, workspace: name },
  id: "44444444-4444-4444-4444-444444444444",
  createdAt: NOON,
});
const ALL = [workspace(SUBSCRIPTION, "rg", "ws1"), workspace(OTHER, "G", "a"), workspace(OTHER, "g", "b")];

async function edgeWithAll(...settings: Parameters<typeof testEdge>): Promise<TestEdge> {
  const edge = await testEdge(...settings);
  edge.flow.on("listWorkspaces", async () => ALL);
  return edge;
}
const get = async (edge: TestEdge, url: string, headers: Record<string, string> = DEV) => {
  const answer = await edge.app.inject({ url, headers: { host: "localhost:7464", ...headers } });
  return { status: answer.statusCode, body: answer.json() };
};

describe("the addresses of the cloud", () => {
  it("are this service's over TLS, however it is asked, and need no token", async () => {
    await using edge = await testEdge();
    const [cloud] = (await get(edge, "/metadata/endpoints?api-version=2019-05-01", {})).body;
    assert.equal(cloud.name, "AzureCloud");
    for (const name of "resourceManager portal graphAudience gallery batch sqlManagement vmImageAliasDoc media activeDirectoryDataLake".split(
      " ",
    ))
      assert.equal(cloud[name], "https://localhost:7464", name);
    assert.equal(cloud.authentication.loginEndpoint, "https://localhost:7464/adfs/common");
    assert.equal(cloud.authentication.audiences[0], "https://localhost:7464");
    assert.equal(cloud.suffixes.storage, "x@localhost:7464");
  });
  it("are those of --public-url where there is one", async () => {
    await using edge = await testEdge({ publicUrl: "http://malachite.example.org:8443/" });
    const [cloud] = (await get(edge, "/metadata/endpoints", {})).body;
    assert.equal(cloud.resourceManager, "https://malachite.example.org:8443");
    assert.equal(cloud.suffixes.storage, "x@malachite.example.org:8443");
    const discovered = await get(edge, `/discovery/workspaces/${OTHER}`, {});
    for (const name of "api catalog datastore experimentation gallery history hyperdrive labeling mlflow modelmanagement pipelines studio".split(
      " ",
    ))
      assert.equal(discovered.body[name], "https://malachite.example.org:8443", name);
  });
  it("of a workspace need no token either, but an id that can be one", async () => {
    await using edge = await testEdge();
    assert.equal((await get(edge, `/discovery/workspaces/${OTHER}`, {})).status, 200);
    assert.equal((await get(edge, "/discovery/workspaces/x", {})).status, 400);
  });
});

describe("subscriptions and resource groups", () => {
  it("are those that have workspaces, each once, whatever the case", async () => {
    await using edge = await edgeWithAll();
    const listed = await get(edge, "/subscriptions?api-version=2022-12-01");
    assert.deepEqual(
      listed.body.value.map((one: { subscriptionId: string }) => one.subscriptionId),
      [SUBSCRIPTION, OTHER],
    );
    assert.equal((await get(edge, `/Subscriptions/${OTHER.toUpperCase()}`)).body.subscriptionId, OTHER);
    const groups = await get(edge, `/subscriptions/${OTHER}/resourcegroups`);
    assert.deepEqual(
      groups.body.value.map((one: { name: string }) => one.name),
      ["G"],
    );
    assert.equal((await get(edge, `/subscriptions/${OTHER}/resourcegroups/g`)).status, 200);
    const tenants = await get(edge, "/tenants");
    assert.equal(tenants.body.value[0].tenantId, listed.body.value[0].tenantId);
  });
  it("that are not there are told in the words of Azure Resource Manager, with what to do", async () => {
    await using edge = await edgeWithAll();
    const none = "99999999-9999-9999-9999-999999999999";
    for (const url of [
      `/subscriptions/${none}`,
      `/subscriptions/${none}/resources`,
      `/subscriptions/${none}/providers/Microsoft.MachineLearningServices/workspaces`,
      `/subscriptions/${OTHER}/resourceGroups/none`,
    ]) {
      const { status, body } = await get(edge, url);
      assert.equal(status, 404, url);
      assert.equal(body.error.code, "ResourceNotFound");
      assert.match(body.error.message, /malachite workspace create/);
    }
  });
  it("need a token", async () => {
    await using edge = await edgeWithAll();
    const { status, body } = await get(edge, "/subscriptions", {});
    assert.equal(status, 401);
    assert.equal(body.error.code, "AuthenticationFailed");
  });
});

describe("workspaces", () => {
  const names = (body: { value: { name: string }[] }) => body.value.map(({ name }) => name);
  it("are listed by subscription, by group and by filter", async () => {
    await using edge = await edgeWithAll();
    const at = `/subscriptions/${OTHER}`;
    const provider = "/providers/Microsoft.MachineLearningServices/workspaces";
    assert.deepEqual(names((await get(edge, `${at}${provider}`)).body), ["a", "b"]);
    assert.deepEqual(names((await get(edge, `${at}/resourceGroups/g${provider}`)).body), ["a", "b"]);
    const filtered = async (filter: string) =>
      get(edge, `${at}/resources?$filter=${encodeURIComponent(filter)}&api-version=2025-04-01`);
    const type = "resourceType eq 'Microsoft.MachineLearningServices/Workspaces'";
    assert.deepEqual(names((await filtered(type)).body), ["a", "b"]);
    assert.deepEqual(names((await filtered(`resourceGroup eq 'g' and ${type}`)).body), ["a", "b"]);
    assert.deepEqual(names((await filtered(`resourceGroup eq 'other' and ${type}`)).body), []);
    assert.deepEqual(names((await filtered("resourceType eq 'Microsoft.Storage/storageAccounts'")).body), []);
    assert.equal((await filtered("name eq 'a'")).status, 400);
  });
  it("are shown in both places with what clients read", async () => {
    await using edge = await testEdge();
    for (const url of [`${WORKSPACE}?api-version=2022-05-01`, `/rp/workspaces${WORKSPACE}`]) {
      const { body } = await get(edge, url);
      assert.equal(body.id, WORKSPACE);
      assert.equal(body.name, "ws1");
      assert.equal(
        body.properties.discoveryUrl,
        `https://localhost:7464/discovery/workspaces/${body.properties.workspaceId}`,
      );
      // The account that links of blobs name.
      assert.equal(body.properties.storageAccount.split("/").pop(), "malachite-service");
      assert.equal(body.sku.tier, "Basic");
    }
  });
  it("that are not there are a 404 in its words", async () => {
    await using edge = await testEdge();
    edge.flow.on("getWorkspace", async () => {
      throw new MalachiteError("WorkspaceNotFound", "There is no workspace 'ws1'. Make it with …");
    });
    for (const url of [WORKSPACE, `${WORKSPACE}/computes`, `${WORKSPACE}/computes/local`]) {
      const { status, body } = await get(edge, url);
      assert.equal(status, 404);
      assert.equal(body.error.code, "ResourceNotFound");
      assert.equal(body.error.innerError.innerError.code, "WorkspaceNotFound");
    }
  });
  it("are made by PUT and by a template, and refuse to be changed or deleted", async () => {
    await using edge = await testEdge();
    const send = (method: "PUT" | "PATCH" | "DELETE", url: string, payload: object = {}) =>
      edge.app.inject({ method, url, headers: JSON_DEV, payload: JSON.stringify(payload) });
    const made = () => edge.flow.calls.filter(({ name }) => name === "createWorkspace").length;
    assert.equal((await send("PUT", WORKSPACE, { location: "x", properties: { a: 1 } })).statusCode, 200);
    const deployment = `/subscriptions/${SUBSCRIPTION}/resourcegroups/rg/providers/Microsoft.Resources/deployments/d`;
    const template = (...resources: object[]) => ({
      properties: { mode: "Incremental", template: { resources } },
    });
    const one = { type: "Microsoft.MachineLearningServices/workspaces", name: "w" };
    const vault = { type: "Microsoft.KeyVault/vaults", name: "v" };
    const done = await send("PUT", deployment, template(vault, one));
    assert.equal(done.json().properties.provisioningState, "Succeeded");
    const bare = await send("PUT", deployment, template(one).properties);
    assert.equal(bare.json().properties.provisioningState, "Succeeded");
    assert.equal(made(), 3);
    for (const resources of [
      [one, { type: "Microsoft.Network/privateEndpoints", name: "p" }],
      [{ ...one, name: "[parameters('name')]" }],
    ]) {
      const refused = await send("PUT", deployment, template(...resources));
      assert.equal(refused.statusCode, 400);
      assert.equal(refused.json().error.innerError.innerError.code, "NotOffered");
    }
    assert.equal((await send("PUT", deployment, {})).statusCode, 400);
    assert.equal(made(), 3, "a template that is refused makes nothing");
    for (const method of ["PATCH", "DELETE"] as const)
      assert.equal((await send(method, WORKSPACE)).statusCode, 400);
  });
});

describe("compute targets", () => {
  it("are those with a name of their own; any other is a 404, making one is refused with how to", async () => {
    await using edge = await testEdge();
    edge.flow.on("targets", async () =>
      ["local", "*", "cpu"].map((name) => ({
        name,
        kind: "process",
        usable: name !== "cpu",
        reason: "full",
      })),
    );
    const { body } = await get(edge, `/rp/workspaces${WORKSPACE}/computes?api-version=2020-02-02`);
    assert.equal(body.value.length, 1);
    assert.equal(body.value[0].name, "cpu");
    assert.equal(body.value[0].properties.provisioningState, "Failed");
    assert.match(JSON.stringify(body.value[0].properties.provisioningErrors), /full/);
    const url = `${WORKSPACE}/computes/gpu`;
    edge.flow.on("target", async () => {
      throw new MalachiteError("ComputeNotFound", "none");
    });
    assert.equal((await get(edge, url)).status, 404);
    const refused = await edge.app.inject({ method: "PUT", url, headers: JSON_DEV, payload: "{}" });
    assert.equal(refused.statusCode, 400);
    assert.match(refused.json().error.message, /--target/);
  });
});

describe("a run's token", () => {
  it("reads its own workspace and its targets, and lists or makes nothing", async () => {
    await using edge = await edgeWithAll();
    const { token } = await edge.auth.runTokens.issue(testRun("a"));
    const headers = { authorization: `Bearer ${token}` };
    for (const url of [WORKSPACE, `/rp/workspaces${WORKSPACE}`, `${WORKSPACE}/computes/local`])
      assert.equal((await get(edge, url, headers)).status, 200, url);
    for (const url of ["/subscriptions", "/tenants", WORKSPACE.replace("ws1", "ws2")]) {
      const { status, body } = await get(edge, url, headers);
      assert.equal(status, 403, url);
      assert.equal(body.error.code, "AuthorizationFailed");
    }
    const put = await edge.app.inject({ method: "PUT", url: WORKSPACE, headers, payload: "{}" });
    assert.equal(put.statusCode, 403);
  });
});
