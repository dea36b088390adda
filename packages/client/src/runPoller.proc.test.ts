// Waiting for a run: how often, how long, and what ends it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fail, json, stubServer, WORKSPACE } from "../test/stubServer.ts";
import { MalachiteClient } from "./malachiteClient.ts";
import type { RunPollerOptions } from "./runPoller.ts";

const clientOf = (url: string) => new MalachiteClient(url, "dev", { retryOptions: { retryDelayInMs: 1 } });
const pollerOf = (url: string, options: RunPollerOptions = { minIntervalInMs: 1, maxIntervalInMs: 5 }) =>
  clientOf(url).workspace(WORKSPACE).run("r1", { experimentName: "e" }).poller(options);

const statuses = (...list: string[]) =>
  stubServer((seen, response) => {
    if (seen.method !== "GET") return json(response, { runId: "r1" });
    json(response, { runId: "r1", status: list.length > 1 ? list.shift() : list[0] });
  });

test("it looks until the run has ended, and tells of each look", async () => {
  await using stub = await statuses("NotStarted", "Queued", "Running", "Running", "Finalizing", "Completed");
  const poller = pollerOf(stub.url);
  const seen: (string | undefined)[] = [];
  const stop = poller.onProgress(({ run }) => seen.push(run?.status));
  assert.deepEqual([poller.isDone(), poller.getState().status], [false, "notStarted"]);
  const run = await poller.pollUntilDone();
  assert.equal(run.status, "Completed");
  assert.deepEqual(seen, ["NotStarted", "Queued", "Running", "Running", "Finalizing", "Completed"]);
  assert.deepEqual([poller.isDone(), poller.getState().status], [true, "succeeded"]);
  stop();
  await poller.poll();
  assert.equal(seen.length, 6);
});

test("a run that failed is an error with the reason, or a record, as the caller likes", async () => {
  const error = { error: { code: "UserError", message: "The script ended with exit code 3." } };
  await using stub = await stubServer((_, response) =>
    json(response, { runId: "r1", status: "Failed", error }),
  );
  await assert.rejects(pollerOf(stub.url).pollUntilDone(), {
    name: "RunFailedError",
    status: "Failed",
    code: "UserError",
    message: "Run r1 ended as Failed: The script ended with exit code 3.",
  });
  const run = await pollerOf(stub.url).pollUntilDone({ throwOnFailure: false });
  assert.deepEqual([run.status, run.error], ["Failed", error]);
  await using canceled = await statuses("Canceled");
  await assert.rejects(pollerOf(canceled.url).pollUntilDone(), {
    name: "RunFailedError",
    status: "Canceled",
  });
});

test("the pause grows while nothing changes, begins anew when something does, and is the server's when it says", async () => {
  const times: number[] = [];
  await using stub = await stubServer((_, response) => {
    times.push(performance.now());
    if (times.length === 5) response.setHeader("retry-after-ms", "150");
    json(response, { status: times.length < 4 ? "Queued" : times.length < 6 ? "Running" : "Completed" });
  });
  await pollerOf(stub.url, { minIntervalInMs: 40, maxIntervalInMs: 10_000 }).pollUntilDone();
  const pauses = times.slice(1).map((at, i) => at - (times[i] as number));
  // Timers may fire a little early by the clock of another process.
  const least = [40, 60, 90, 40, 150].map((ms) => ms - 2);
  for (const [i, pause] of pauses.entries()) assert.ok(pause >= (least[i] as number), `pause ${i}: ${pause}`);
});

test("aborting stops the looking and sends nothing to the run; it can be gone on with, in another process too", async () => {
  await using stub = await statuses("Running", "Running", "Running", "Completed");
  const controller = new AbortController();
  const poller = pollerOf(stub.url, { minIntervalInMs: 60_000 });
  poller.onProgress(() => controller.abort());
  await assert.rejects(poller.pollUntilDone({ abortSignal: controller.signal }), { name: "AbortError" });
  assert.deepEqual(
    stub.seen.map((seen) => seen.method),
    ["GET"],
  );

  const serialized = `${poller}`;
  assert.doesNotMatch(serialized, /dev/);
  const resumed = clientOf(stub.url).resumePoller(serialized, { minIntervalInMs: 1 });
  assert.equal(resumed.runId, "r1");
  assert.equal((await resumed.pollUntilDone()).status, "Completed");
  assert.match(stub.seen.at(-1)?.path ?? "", /\/experiments\/e\/runs\/r1$/);
  for (const bad of [
    "",
    "{}",
    "null",
    '{"version":2}',
    '{"version":1,"runId":"r"}',
    '{"version":1,"workspace":1,"runId":"r"}',
  ]) {
    assert.throws(() => clientOf(stub.url).resumePoller(bad), TypeError, bad);
  }
});

test("a server that restarts is waited for; one that stays away is not; a refusal is an error at once", async () => {
  let calls = 0;
  await using stub = await stubServer((_, response) => {
    calls += 1;
    if (calls < 12) response.destroy();
    else json(response, { status: "Completed" });
  });
  assert.equal((await pollerOf(stub.url).pollUntilDone()).status, "Completed");
  await using gone = await stubServer((_, response) => void response.destroy());
  const impatient = pollerOf(gone.url, { minIntervalInMs: 1, maxIntervalInMs: 5, maxUnreachableInMs: 100 });
  await assert.rejects(impatient.pollUntilDone(), { code: "ECONNRESET" });
  await using none = await stubServer((_, response) => fail(response, 404, "RunNotFound"));
  await assert.rejects(pollerOf(none.url).pollUntilDone(), { code: "RunNotFound" });
  assert.equal(none.seen.length, 1);
});

test("beginRun starts the run and waits for it", async () => {
  await using stub = await statuses("Running", "Completed");
  const experiment = clientOf(stub.url).workspace(WORKSPACE).experiment("my exp");
  const poller = await experiment.beginRun({ snapshotId: "s" }, { minIntervalInMs: 1 });
  assert.equal((await poller.pollUntilDone()).status, "Completed");
  assert.match(stub.seen[0]?.query.runId ?? "", /^my_exp_\d{13}_[0-9a-f]{8}$/);
});
