// The live stream of a workspace over a real server: changes of every API, log lines as they are written, and kill -9 in between.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type LiveEvent, MalachiteClient, type WorkspaceClient } from "@malachite/client";
import { ended, submit } from "./support/runs.ts";
import { Service, until, WORKSPACE } from "./support/service.ts";

describe("the live stream", { timeout: 600_000 }, () => {
  let service: Service;
  let workspace: WorkspaceClient;
  before(async () => {
    service = await Service.start({ flags: ["--grace-seconds", "1"] });
    workspace = new MalachiteClient(service.url, "dev").workspace(WORKSPACE);
  });
  after(() => service[Symbol.asyncDispose]());

  /** What comes, with the time at which it came, until disposed of. */
  function listen(options: Parameters<WorkspaceClient["events"]>[0] = {}) {
    const seen: (LiveEvent & { readonly cameAt: number })[] = [];
    const stop = new AbortController();
    const over = (async () => {
      for await (const event of workspace.events({ ...options, abortSignal: stop.signal }))
        seen.push({ ...event, cameAt: Date.now() });
    })().catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    return {
      seen,
      has: (what: (event: LiveEvent) => boolean) => seen.some(what),
      async [Symbol.asyncDispose]() {
        stop.abort();
        await over;
      },
    };
  }

  it("tells a run's life, its lines within 100 ms, and what other APIs change", async () => {
    await using all = listen();
    await until("the stream", () => all.has(({ kind }) => kind === "hello"));
    const main =
      "import time\nfor i in range(20):\n    print(time.time() * 1000, flush=True)\n    time.sleep(.2)\n";
    const runId = await submit(service, { files: { "main.py": main } });
    await using logs = listen({ logs: [{ runId }, { runId: "nobody" }] });
    await ended(service, runId);
    await until("the end of the log", () => logs.has((event) => event.kind === "end"));
    assert.ok(logs.has((event) => event.kind === "fault" && event.code === "RunNotFound"));
    const late = logs.seen.flatMap((event) =>
      event.kind === "log"
        ? Buffer.from(event.bytes)
            .toString()
            .split("\n")
            .filter((line) => line !== "")
            .map((line) => event.cameAt - Number(line))
        : [],
    );
    assert.equal(late.length, 20);
    late.sort((a, b) => a - b);
    assert.ok((late[10] ?? 1e9) < 100, `lines came after ${late.map(Math.round)} ms`);
    await until("the end of the run", () =>
      all.has((event) => event.kind === "run" && event.run.status === "Completed"),
    );
    const statuses = all.seen.flatMap((event) =>
      event.kind === "run" && event.run.runId === runId ? [event.run.status] : [],
    );
    // Changes that follow closely come as one, so `Finalizing` is seen or not.
    assert.deepEqual(statuses.filter((status) => status !== "Finalizing").slice(-2), [
      "Running",
      "Completed",
    ]);
    await until("the line's move", () => all.has(({ kind }) => kind === "queue"));
    await until("the files", () => all.has((event) => event.kind === "files" && event.runId === runId));

    const mlflow = (path: string, body: object) =>
      service.json("POST", `/api/2.0/mlflow/${path}`, body).catch((error: unknown) => String(error));
    await mlflow("runs/set-tag", { run_id: runId, key: "by", value: "mlflow" });
    await workspace.run(runId).setTags({ also: "history" });
    await until("the tags of both", () =>
      all.has((event) => event.kind === "run" && event.run.tags?.also === "history"),
    );
  });

  it("goes on behind a killed server with every run that changed meanwhile", async () => {
    await using all = listen();
    await until("the stream", () => all.has(({ kind }) => kind === "hello"));
    const files = { "main.py": "import time\ntime.sleep(600)\n" };
    const running = await submit(service, { files });
    await until("the run", () =>
      all.has((e) => e.kind === "run" && e.run.runId === running && e.run.status === "Running"),
    );
    await service.kill();
    await until("the loss", () => all.has((e) => e.kind === "connection" && e.state === "lost"));
    await service.start();
    workspace = new MalachiteClient(service.url, "dev").workspace(WORKSPACE);
    await until("the healing", () => all.has((e) => e.kind === "connection" && e.state === "healed"));
    assert.ok(!all.has(({ kind }) => kind === "reset"));
    const place = all.seen.findLast((event) => "place" in event && event.kind !== "log") as { place: string };
    await workspace.tables.changeRuns([running], { cancel: true, reason: "enough", setTags: { a: "b" } });
    await until("the end", () =>
      all.has((e) => e.kind === "run" && e.run.runId === running && e.run.status === "Canceled"),
    );
    await using again = listen({ place: place.place });
    await until("the same run once more", () =>
      again.has((e) => e.kind === "run" && e.run.runId === running && e.run.tags?.a === "b"),
    );
  });
});
