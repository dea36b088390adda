// A run of a machine whose server is killed and does not come back: any other server lets go of it. When it does come back after all, what
// still runs there is ended, and the record stays as it was closed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkHistory, type HistoryEntry, withoutPostgres } from "@malachite/server/conformance";
import { definitionOf, experiment, processesOf, type WireRun, zipOf } from "../support/runs.ts";
import { until, workspacePath } from "../support/service.ts";
import { Cluster, type ClusterServer } from "./cluster.ts";

const SLEEPS = "import time\nprint('up', flush=True)\ntime.sleep(3600)\n";
const malachite = (path: string) => `/malachite/v1.0${workspacePath}${path}`;

async function submit(server: ClusterServer, runId: string): Promise<void> {
  const form = new FormData();
  form.set("runDefinitionFile", new Blob([JSON.stringify(definitionOf())]), "d.json");
  form.set("projectZipFile", new Blob([zipOf({ "main.py": SLEEPS })]), "p.zip");
  const url = `${server.url}/execution/v1.0${experiment()}/startrun?runId=${runId}`;
  const answer = await fetch(url, { method: "POST", body: form, headers: { authorization: "Bearer dev" } });
  assert.ok(answer.ok, await answer.text());
}

const get = (server: ClusterServer, runId: string) =>
  server.json<WireRun>("GET", `/history/v1.0${workspacePath}/runs/${runId}`);
const storyOf = async (server: ClusterServer, runId: string) =>
  (await server.json<{ value: readonly HistoryEntry[] }>("GET", malachite(`/runs/${runId}/story`))).value;
const used = async (server: ClusterServer) =>
  (await server.json<{ workspace: Record<string, number> }>("GET", malachite("/quotas"))).workspace;
const reached = (server: ClusterServer, runId: string, status: string) =>
  until(`run ${runId} being ${status}`, async () => (await get(server, runId)).status === status);

describe("runs of a machine that is gone", { skip: withoutPostgres() ?? false }, () => {
  it("are let go of by another server, and what is left of them goes when the machine is back", async () => {
    await using cluster = await Cluster.start(2, (name) => [
      "--machine",
      `machine-${name}`,
      "--runs-at-once",
      "1",
    ]);
    const [lost, other] = cluster.servers as [ClusterServer, ClusterServer];
    // Fills the other machine, so that the next run is on the one that is lost.
    await other.kill();
    await submit(lost, "stays");
    await reached(lost, "stays", "Running");
    await other.start();
    await lost.kill();
    assert.equal(processesOf("stays").length > 0, true);
    await until("the other saying that no server goes on with it", async () =>
      /No server has gone on with it for \d+ s\. It is bound to the machine 'machine-.*--machine machine-.*--let-go stays/.test(
        (await other.json<{ summary: string }>("GET", malachite("/runs/stays/why"))).summary,
      ),
    );

    await other.json("POST", `/execution/v1.0${experiment()}/runId/stays/cancel`);
    assert.equal((await get(other, "stays")).status, "CancelRequested");
    assert.equal((await used(other)).runningRuns, 1);
    const closed = await other.json<WireRun>("POST", malachite("/runs/stays/letgo?reason=burnt"));
    assert.equal(closed.status, "Canceled");
    assert.equal((await used(other)).runningRuns, 0);
    const story = await storyOf(other, "stays");
    assert.equal(story.at(-1)?.event, "letGo");
    assert.deepEqual(checkHistory(story), []);
    // It was not asked: what runs there runs on.
    assert.equal(processesOf("stays").length > 0, true);
    await other.json("POST", "/malachite/v1.0/service/gc", {});
    assert.equal(processesOf("stays").length > 0, true);

    await lost.start();
    await until(
      "what runs there being ended",
      async () => {
        await lost.json("POST", "/malachite/v1.0/service/gc", {});
        return processesOf("stays").length === 0;
      },
      90_000,
    );
    await until(
      "the debt being paid",
      async () => (await storyOf(other, "stays")).at(-1)?.event === "released",
    );
    assert.deepEqual(checkHistory(await storyOf(other, "stays")), []);
    assert.equal((await get(other, "stays")).status, "Canceled");
    const again = await fetch(`${other.url}${malachite("/runs/stays/letgo")}`, {
      method: "POST",
      headers: { authorization: "Bearer dev" },
    });
    assert.equal(again.status, 200, await again.text());
  });
});
