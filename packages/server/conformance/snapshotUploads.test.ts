// Files sent as blobs become a snapshot: the flow over real stores.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createFlow, isMalachiteError, type LocalJob, SNAPSHOT_UPLOADS } from "@malachite/core";
import { clientTree, type ProjectBytes } from "./clientTree.ts";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

const bucket = { kind: "store", name: SNAPSHOT_UPLOADS } as const;
const OTHER = { ...SCOPE, workspace: "other" };

async function opened() {
  const service = await ScriptedService.start(() => ({}));
  const folder = await mkdtemp(join(tmpdir(), "malachite-uploads-"));
  const { flow } = service;
  const send = async (bytes: string, scope = SCOPE) => {
    const path = flow.snapshots.uploadName(scope);
    async function* stream() {
      yield Buffer.from(bytes);
    }
    const ask = { headers: {}, metadata: {}, writer: "w", digests: {}, check: () => {} };
    await flow.blobs.put({ bucket, path }, stream(), ask);
    return path;
  };
  const keep = async (
    files: ProjectBytes,
    sent: readonly { name: string; blob: string }[],
    id = randomUUID(),
  ) => {
    const body = join(folder, randomUUID());
    await writeFile(body, JSON.stringify({ DirTreeNode: clientTree(files) }));
    const { about } = await flow.snapshots.readBody(body);
    return await flow.snapshots.keepSent(SCOPE, { id, body, about, sent });
  };
  const left = async () => (await flow.blobs.list(bucket, { limit: 100 })).values.length;
  return {
    service,
    send,
    keep,
    left,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

test("what was sent is moved into the snapshot; the same call again is answered the same", async () => {
  await using o = await opened();
  const files = { "a.py": "sent as blob", "d/b.py": "and this" };
  const sent = [
    { name: "a.py", blob: await o.send("sent as blob") },
    { name: "d\\b.py", blob: await o.send("and this") },
  ];
  const id = randomUUID();
  const snapshot = await o.keep(files, sent, id);
  assert.equal(snapshot?.files, 2);
  assert.equal(await o.left(), 0);
  assert.deepEqual(await o.keep(files, sent, id), snapshot);
});

test("a file that never came, and one of another workspace, are named as missing", async () => {
  await using o = await opened();
  const never = o.service.flow.snapshots.uploadName(SCOPE);
  const foreign = await o.send("x", OTHER);
  for (const blob of [never, foreign]) {
    await assert.rejects(o.keep({ "a.py": "x" }, [{ name: "a.py", blob }]), (error: unknown) => {
      assert.ok(isMalachiteError(error));
      assert.deepEqual([error.code, error.target], ["SnapshotIncomplete", "a.py"]);
      return true;
    });
  }
  assert.equal(await o.left(), 1);
});

test("what nobody makes a snapshot of is removed after a day", async () => {
  await using o = await opened();
  await o.send("left behind");
  const sweepAt = (now: number) => {
    const { ports } = o.service;
    assert.ok(ports);
    return createFlow({ ...ports, clock: { ...ports.clock, now: () => now } }).snapshots.sweepUploads();
  };
  await sweepAt(Date.now() + 23 * 3600_000);
  assert.equal(await o.left(), 1);
  await sweepAt(Date.now() + 25 * 3600_000);
  assert.equal(await o.left(), 0);
});

test("a local run is told all that a hosted one is", async () => {
  await using service = await ScriptedService.start(() => ({}));
  const jobs: LocalJob[] = [];
  const { ports } = service;
  assert.ok(ports);
  const flow = createFlow({
    ...ports,
    bundler: {
      pack(job) {
        jobs.push(job);
        return (async function* () {})();
      },
    },
  });
  const environmentVariables = { AZUREML_CURRENT_CLOUD: "Mine", MINE: "1" };
  const ask = {
    scope: SCOPE,
    experimentName: "e",
    runId: "local_1",
    definition: { Configuration: { script: "a.py", target: "local", environment: { environmentVariables } } },
    by: ADA,
    serviceUrl: "https://127.0.0.1:7464",
  };
  await flow.packLocalRun({ ...ask, besideProject: true, only: "prepare" });
  const [job] = jobs;
  assert.equal(job?.log, "azureml-logs/70_driver_log.txt");
  assert.equal(job.only, "prepare");
  const { run } = await flow.getRun({ scope: SCOPE, runId: "local_1" });
  const { environmentVariables: told } = job;
  assert.equal(told.AZUREML_RUN_ID, "local_1");
  assert.equal(told.AZUREML_EXPERIMENT_ID, run.experimentId);
  assert.equal(told.AZUREML_SERVICE_ENDPOINT, ask.serviceUrl);
  assert.equal(told.AZUREML_MMS_TEST_ENDPOINT, ask.serviceUrl);
  assert.match(told.AZUREML_DISCOVERY_SERVICE_ENDPOINT ?? "", /^https:\/\/127\.0\.0\.1:7464\/discovery\//);
  assert.match(told.MLFLOW_TRACKING_URI ?? "", /^https:\/\/127\.0\.0\.1:7464\/mlflow\//);
  assert.deepEqual([told.MLFLOW_RUN_ID, told.MINE, told.AZUREML_CURRENT_CLOUD], ["local_1", "1", "Mine"]);
  assert.equal("AZUREML_RUN_TOKEN" in told, false);
  await flow.packLocalRun({ ...ask, runId: "local_2" });
  assert.equal(jobs[1]?.log, "user_logs/std_log.txt");
});
