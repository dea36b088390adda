// The folder of a run that goes away under it, as when a disk is lost or somebody tidies up: the run ends, says why, and holds nothing up.
import assert from "node:assert/strict";
import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { cancel, ended, getRun, processesOf, reached, says, submit } from "../support/runs.ts";
import { Service, until } from "../support/service.ts";

const LIVE = "import time\nprint('up', flush=True)\ntime.sleep(600)\n";
/** Ends when the test says so, by a file beside its folder: a busy machine may need any time to take that away. */
const HELD =
  "import os, sys, time\nprint('up', flush=True)\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.02)\n";

describe("a run whose folder is lost", { timeout: 600_000 }, () => {
  let service: Service;
  let serial = 0;
  before(async () => {
    service = await Service.start({ flags: ["--runs-at-once", "4", "--grace-seconds", "2"] });
  });
  after(() => service[Symbol.asyncDispose]());

  const runs = () => join(service.data, "runs");
  async function started(script: string): Promise<{ runId: string; folder: string; end: () => void }> {
    const go = join(service.data, "..", `go-${++serial}`);
    const folders = () => readdirSync(runs()).filter((name) => /^[a-z0-9]/.test(name));
    const had = new Set(folders());
    const runId = await submit(service, { files: { "main.py": script }, configuration: { arguments: [go] } });
    await says(service, runId, "up");
    const folder = await until("its folder", async () => folders().find((name) => !had.has(name)));
    return { runId, folder: join(runs(), folder), end: () => writeFileSync(go, "") };
  }
  const remove = (folder: string) => rmSync(folder, { recursive: true, maxRetries: 5 });

  const ways: Readonly<Record<string, readonly [lose: (folder: string) => void, told: RegExp]>> = {
    "is removed": [remove, /is not there any more/],
    "has become a file": [
      (folder) => {
        remove(folder);
        writeFileSync(folder, "");
      },
      /is no folder any more/,
    ],
  };
  for (const [way, [lose, told]] of Object.entries(ways)) {
    it(`that ${way} fails with the reason as soon as its script has ended`, async () => {
      const { runId, folder, end } = await started(HELD);
      lose(folder);
      end();
      const run = await ended(service, runId);
      assert.deepEqual([run.status, run.properties["malachite.reason"]], ["Failed", "FilesLost"]);
      assert.match(run.error?.error?.message ?? "", /^The folder of the run was lost while it ran/);
      assert.match(run.error?.error?.message ?? "", told);
      assert.ok(run.error?.error?.message?.includes(folder));
    });

    it(`that ${way} is canceled with all its processes`, async () => {
      const { runId, folder } = await started(LIVE);
      lose(folder);
      await cancel(service, runId);
      assert.equal((await ended(service, runId)).status, "Canceled");
      assert.deepEqual(processesOf(runId), []);
    });
  }

  it("does not hold up the others, nor does the loss of them all end one that runs on", async () => {
    const lost = await started(HELD);
    const other = await started(LIVE);
    remove(lost.folder);
    lost.end();
    assert.equal((await ended(service, lost.runId)).status, "Failed");
    renameSync(runs(), `${runs()}.away`);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert.equal((await getRun(service, other.runId)).status, "Running");
    assert.notDeepEqual(processesOf(other.runId), []);
    renameSync(`${runs()}.away`, runs());
    const next = await submit(service, { files: { "main.py": "print('next')" } });
    await reached(service, next, "Completed");
    await cancel(service, other.runId);
    assert.equal((await ended(service, other.runId)).status, "Canceled");
  });
});
