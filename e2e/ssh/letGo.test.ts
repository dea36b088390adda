// A pool of machines over ssh that go away and do not come back: their runs are let go of with the command line, their places are free,
// and what runs on there is ended if they do come back after all.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { checkHistory, withoutSshServer } from "@malachite/server/conformance";
import { Home } from "../support/cli.ts";
import { cancel, ended, getRun, processesOf, story, submit } from "../support/runs.ts";
import { until, WORKSPACE } from "../support/service.ts";
import { SshPool } from "./pool.ts";

const SLEEPS = "import time\nprint('up', flush=True)\ntime.sleep(3600)\n";

describe("machines over ssh that never come back", { skip: withoutSshServer() ?? false }, () => {
  it("lose their runs on an operator's order, and what is left of these when they come back after all", async () => {
    await using pool = new SshPool();
    await pool.start(1);
    const { service, doors, servers, far } = pool;
    await using home = new Home();
    home.env = { MALACHITE_ENDPOINT: service.url, MALACHITE_TOKEN: "dev" };
    const malachite = (...args: readonly string[]) =>
      home.run(...args, "-w", `${WORKSPACE.subscriptionId}/rg/ws1`);
    const run = (script: string) =>
      submit(service, {
        files: { "main.py": script },
        configuration: {
          target: "lab",
          environment: { python: { userManagedDependencies: true, interpreterPath: "python3" } },
        },
      });
    const status = async (id: string) => (await getRun(service, id)).status;
    const being = (id: string, words: string) =>
      until(`run ${id} being ${words}`, async () => (await status(id)) === words);

    const lost = await run(SLEEPS);
    const queued = await run(SLEEPS);
    // Both machines have one folder, so each counts the run of the other: the second run has a place and is not started.
    await being(lost, "Running");
    await being(queued, "Queued");
    const waits = await run("print('mine now')");
    const early = await malachite("cancel", "--let-go", waits);
    assert.equal(early.code, 1, early.stderr);
    assert.match(early.stderr, /waits for its turn and is on no machine\. Cancel it instead/);

    for (const door of doors) await door.shut();
    for (const server of servers) await server.stop();
    const why = await malachite("why", lost);
    assert.match(why.stdout, /cannot be asked now.*malachite cancel --let-go/s, why.stderr);
    await cancel(service, lost);
    await being(lost, "CancelRequested");
    assert.equal(await status(waits), "NotStarted");

    const let1 = await malachite("cancel", "--let-go", "--reason", "burnt", lost, queued);
    assert.equal(let1.code, 0, let1.stderr);
    for (const id of [lost, queued])
      assert.ok(
        let1.stderr.includes(
          `${id}: Canceled. 'lab' was not asked: what still runs there runs on, and its files stay there.`,
        ),
        let1.stderr,
      );
    await until("the waiting run having a place", async () => (await status(waits)) !== "NotStarted");
    for (const id of [lost, queued]) {
      const end = (await story(service, id)).at(-1);
      assert.deepEqual([end?.event, end?.status], ["letGo", "Canceled"]);
      assert.match(end?.cause ?? "", /^Let go by developer: the machine was not asked; .* burnt$/);
    }
    assert.ok(processesOf(lost).length > 0, "it was not asked");
    // The service is killed: they stay let go of.
    await service.kill();
    await service.start();
    for (const id of [lost, queued]) assert.equal(await status(id), "Canceled");

    for (const server of servers) await server.start();
    for (const door of doors) await door.open();
    await until(
      "what ran on being ended and freed",
      async () => {
        await malachite("gc");
        // A server that was killed while it had one of them in hand keeps the others waiting until its lease has run out.
        const last = await Promise.all([lost, queued].map(async (id) => (await story(service, id)).at(-1)));
        return last.every((entry) => entry?.event === "released");
      },
      90_000,
    );
    const left = () =>
      existsSync(join(far, "runs"))
        ? readdirSync(join(far, "runs")).flatMap((name) => readdirSync(join(far, "runs", name)))
        : [];
    assert.deepEqual(processesOf(lost), []);
    assert.equal((await ended(service, waits)).status, "Completed");
    await until("their folders being removed", () => left().length === 0);
    for (const id of [lost, queued]) {
      const all = await story(service, id);
      assert.equal(all.at(-1)?.event, "released");
      assert.deepEqual(checkHistory(all), []);
      assert.equal(await status(id), "Canceled");
    }
  });
});
