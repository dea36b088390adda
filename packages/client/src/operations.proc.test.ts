// What is really sent, held against the contract: every operation the client knows is called once and read back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Operation, readWire } from "@malachite/contract";
import { json, type Seen, stubServer, WORKSPACE } from "../test/stubServer.ts";
import { CALLED, generateOperations } from "../tools/operations.ts";
import { MalachiteClient } from "./malachiteClient.ts";

/** The contract's operation of a request, and the parameters in its path. */
function recognise(seen: Seen): { name: string; operation: Operation; params: Record<string, string> } {
  for (const [name, operation] of Object.entries(CALLED)) {
    if (operation.method !== seen.method) continue;
    for (const path of [operation.path, ...(operation.alsoAt ?? [])]) {
      const pattern = path.replace(/[.:]/g, "\\$&").replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
      const match = new RegExp(`^${pattern}$`).exec(seen.path);
      if (!match) continue;
      const groups = Object.entries(match.groups ?? {}).map(([key, value]) => [
        key,
        decodeURIComponent(value),
      ]);
      return { name, operation, params: Object.fromEntries(groups) };
    }
  }
  throw new Error(`No operation of the contract has ${seen.method} ${seen.path}`);
}

const SHA = "a".repeat(64);
const ANSWERS: Record<string, unknown> = {
  startRun: { runId: "r1" },
  startSnapshotRun: { runId: "r1" },
  rerun: { runId: "r2" },
  cancelRun: { runId: "r1" },
  getRun: { runId: "r1", dataContainerId: "dcid.r1" },
  getExperiment: { experimentId: "e-1" },
  listSubscriptions: { value: [{ subscriptionId: WORKSPACE.subscriptionId }] },
  listWorkspaces: { value: [{ name: "ws1" }] },
  story: { value: [] },
  listTargets: { value: [] },
  offerSnapshot: { missing: [] },
  findSnapshot: { snapshotId: "22222222-2222-2222-2222-222222222222", missing: [] },
  sendContents: { kept: 1 },
  countRuns: { count: 0, byStatus: {}, isExact: true },
  latestMetrics: { runs: {} },
  changeRuns: { runs: {}, errors: {} },
  uploadArtifact: { origin: "ExperimentRun", container: "dcid.r1", path: "p" },
};

test("every operation is sent as the contract describes it", async () => {
  await using stub = await stubServer((seen, response) => {
    const { name, operation } = recognise(seen);
    if (operation.answer.kind === "events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(
        'event: end\ndata: {"status":"Completed","to":0}\n\nevent: hello\ndata: {"place":"w.1"}\n\n',
      );
    } else if (operation.answer.kind === "bytes") response.writeHead(200).end("bytes");
    else if (operation.answer.kind === "empty") response.writeHead(200).end();
    else json(response, ANSWERS[name] ?? { value: [], status: "ok" });
  });
  const client = new MalachiteClient(stub.url, "dev");
  const workspace = client.workspace(WORKSPACE);
  const experiment = workspace.experiment("my exp/1");
  const run = workspace.run("r1", { experimentName: "my exp/1" });
  const anywhere = workspace.run("r1");
  const all = async (list: AsyncIterable<unknown>): Promise<void> => {
    for await (const _ of list);
  };

  await client.getHealth();
  assert.deepEqual(await client.listWorkspaces(), [{ name: "ws1" }]);
  await workspace.create();
  await workspace.get();
  await experiment.submit({ configuration: { script: "a.py", framework: "Python" } }, { projectZip: "PK" });
  await experiment.submit({ snapshotId: "22222222-2222-2222-2222-222222222222" }, { runId: "mine" });
  await (await experiment.startLocalRun({ configuration: { script: "a.py" } })).bundle.bytes();
  await run.cancel();
  await anywhere.cancel({ reason: "not needed & done" });
  await run.letGo({ reason: "burnt" });
  for (const each of [run, anywhere]) {
    await each.get();
    await each.getDetails();
    await each.setTags({ a: "b" });
    await each.deleteTags(["a"]);
    await each.postEvent({ name: "Microsoft.MachineLearning.Run.Heartbeat", data: { RunId: "r1" } });
    await all(each.listChildren({ filter: "status eq 'Running'", orderBy: "createdUtc desc" }));
    await all(each.listChildren().byPage({ maxPageSize: 7, continuationToken: "t" }));
    await all(each.artifacts.list());
    await all(each.artifacts.list({ prefix: "outputs/" }));
    await each.artifacts.get("outputs/a b");
  }
  await (await run.artifacts.download("outputs/a b", { offset: 5, count: 10, ifRange: '"v"' })).bytes();
  await run.artifacts.upload("outputs/x", Uint8Array.of(1, 2), { allowOverwrite: true });
  await run.artifacts.append("logs/x", new Blob(["more"]), { offset: 3 });
  assert.equal((await run.rerun({ runId: "r2" })).runId, "r2");
  for (const each of [run, anywhere]) {
    await all(each.listMetrics({ namespace: "system" }));
    await all(each.metricRows("loss", { from: new Date(0), to: new Date(1) }));
  }
  await run.metricSeries(["loss"]);
  await workspace.metricSeries(["r1", "r2"], ["loss"], { x: "time", from: 0, to: 1.5, points: 9 });
  await run.getTree({ filter: "status eq 'Running'", top: 9, continuationToken: "t" });
  await all(workspace.listRunPoints({ parentRunId: "r1", metrics: ["loss"] }).byPage({ maxPageSize: 3 }));
  await workspace.getQueue("local", { top: 9, continuationToken: "t" });
  await workspace.getQuotas({ limit: 9, after: "a" });
  await run.getWhy();
  await run.getStory();
  await run.getDefinition();
  await run.logs.list();
  await run.logs.index({ path: "logs/a b" });
  await run.logs.lines({ line: -100, count: 100, clip: 200, since: "4~i~0123456789abcdef" });
  await run.logs.search("a&b", { regex: true, ignoreCase: true, backward: true, from: 9, limit: 7 });
  await run.logs.search("a", { count: true });
  await run.logs.findError();
  await run.logs.compare({ otherRunId: "r2", otherPath: "logs/x", ignore: ["times", "numbers"], context: 1 });
  await (await run.artifacts.downloadZip({ prefix: "outputs/" })).bytes();
  await run.artifacts.link("outputs/a b", { as: "inline" });
  await run.artifacts.zipLink({ prefix: "outputs/" });
  await all(run.logLines({ path: "logs/x", from: 0 }));
  await all(
    workspace.listRuns({ filter: "tags/a eq 'b'", orderBy: "createdUtc desc" }).byPage({ maxPageSize: 3 }),
  );
  await all(experiment.listRuns());
  await all(workspace.listExperiments({ viewType: "All" }));
  await experiment.get();
  await experiment.create();
  await experiment.update({ description: "d", tags: { a: "b" } });
  await workspace.tables.queryRunsPage({ search: "a b", filter: "metrics/x gt 1", offset: 5, top: 3 });
  await all(workspace.tables.queryRuns({ orderBy: "metrics/x desc", experimentName: "e" }));
  await workspace.tables.countRuns({ search: "a" });
  await workspace.tables.latestMetrics(["r1"]);
  await workspace.tables.queryExperiments({ orderBy: "runs", descending: true, search: "a", offset: 1 });
  await workspace.tables.changeRuns(["r1"], { cancel: true, reason: "no", setTags: { a: "b" } });
  for await (const event of workspace.events({ kinds: ["run"], logs: [{ runId: "r1", place: 3 }] }))
    if (event.kind === "hello") break;
  await workspace.listTargets();
  await workspace.getTarget("a b");
  await client.getService();
  await client.changeService({ draining: true });
  await client.addTarget("night", { kind: "process", options: { runsAtOnce: 1 } });
  await client.collectGarbage({ dryRun: true, after: "a" });
  await client.getAuditPage({
    since: new Date(0),
    who: "ada",
    runId: "r1",
    operation: "o",
    limit: 5,
    after: "a",
  });
  await workspace.findSnapshot(SHA);
  await workspace.offerSnapshot([{ path: "a", sizeBytes: 1, sha256: SHA, executable: true }]);
  await workspace.sendContents("PK");
  await workspace.downloadSnapshot("22222222-2222-2222-2222-222222222222");
  await all(workspace.listSnapshotFiles("22222222-2222-2222-2222-222222222222", { prefix: "src/" }));
  const code = await workspace.downloadSnapshotFile("22222222-2222-2222-2222-222222222222", "src/a b.py");
  await code.bytes();

  const called = new Set<string>();
  for (const seen of stub.seen) {
    const { name, operation, params } = recognise(seen);
    called.add(name);
    const where = `${name}: ${seen.method} ${seen.path}`;
    assert.deepEqual(readWire(operation.params, params, "text").faults, [], where);
    const unknown = Object.keys(seen.query).filter((key) => !(key in (operation.query?.properties ?? {})));
    assert.deepEqual(unknown, [], where);
    if (operation.query) {
      const query = Object.fromEntries(
        Object.entries(seen.query).map(([k, v]) => [k, k === "$orderby" ? [v] : v]),
      );
      assert.deepEqual(readWire(operation.query, query, "text").faults, [], where);
    }
    checkBody(operation, seen, where);
    assert.equal(seen.headers.authorization, "Bearer dev", where);
  }
  assert.deepEqual([...called].sort(), Object.keys(CALLED).sort());
});

function checkBody(operation: Operation, seen: Seen, where: string): void {
  const { body } = operation;
  if (!body) {
    assert.equal(seen.body.length, 0, where);
    return;
  }
  if (body.kind === "json") {
    assert.equal(seen.headers["content-type"], "application/json", where);
    const read = readWire(body.schema, JSON.parse(seen.body.toString()));
    assert.deepEqual(read.faults, [], where);
    const known = Object.keys((body.schema as { properties?: object }).properties ?? {});
    const sent = Array.isArray(read.value) ? [] : Object.keys(read.value as object);
    assert.deepEqual(
      sent.filter((key) => !known.includes(key)),
      [],
      where,
    );
  } else if (body.kind === "bytes") {
    assert.equal(seen.headers["content-type"], body.contentType, where);
  } else {
    assert.match(seen.headers["content-type"] ?? "", /^multipart\/form-data; boundary=/, where);
    const names = [...seen.body.toString("latin1").matchAll(/form-data; name="(\w+)"; filename="/g)].map(
      (m) => m[1],
    );
    assert.deepEqual(names, Object.keys(body.parts), where);
  }
}

test("the generated operations are those of the contract", () => {
  const file = readFileSync(new URL("./operations.generated.ts", import.meta.url), "utf8");
  assert.equal(file, generateOperations(), "Run npm run generate.");
});
