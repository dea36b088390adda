// A server that is asked to stop, stops soon, whoever still holds a connection to it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { follow } from "./support/follower.ts";
import { reached, submit } from "./support/runs.ts";
import { Service, until, workspacePath } from "./support/service.ts";

/** Much more than stopping takes, much less than a connection is kept for its next request. */
const SOON_MS = 8_000;

describe("a server that is asked to stop", { timeout: 600_000 }, () => {
  async function stopsSoon(service: Service): Promise<void> {
    const startedAt = performance.now();
    await service.kill("SIGTERM");
    const took = Math.round(performance.now() - startedAt);
    assert.ok(took < SOON_MS, `it took ${took} ms`);
  }

  it("ends the streams of those who follow a log, and itself", async () => {
    await using service = await Service.start();
    const script = "import time\nprint('up', flush=True)\ntime.sleep(30)\n";
    await submit(service, { files: { "main.py": script }, runId: "followed" });
    await reached(service, "followed", "Running");
    let events = 0;
    const following = follow(service, "followed", () => (events += 1)).catch(() => undefined);
    await until("the first event", () => events > 0);
    await stopsSoon(service);
    await following;
  });

  it("does not wait for a reader who keeps the connection for its next request", async () => {
    await using service = await Service.start();
    const script = "import time\nprint('up', flush=True)\ntime.sleep(30)\n";
    await submit(service, { files: { "main.py": script }, runId: "kept" });
    await reached(service, "kept", "Running");
    const answer = await service.call("GET", `/malachite/v1.0${workspacePath}/runs/kept/log`);
    const reader = answer.body?.getReader();
    await reader?.read();
    await stopsSoon(service);
    await reader?.cancel().catch(() => undefined);
  });
});
