// @malachite/client against a real server: the four methods, folders, following through a bad connection, lists, files.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  ExecutionApi,
  type ExperimentClient,
  isRestError,
  MalachiteClient,
  RunFailedError,
  type WorkspaceClient,
} from "@malachite/client";
import { downloadRun, submitFolder } from "@malachite/client/node";
import { proxyTo } from "./support/proxy.ts";
import { random } from "./support/random.ts";
import { definitionOf, ended, getRun, processesOf, python3, reached, zipOf } from "./support/runs.ts";
import { Service, until, WORKSPACE } from "./support/service.ts";

const SEED = Number(process.env.E2E_SEED ?? Date.now() % 100_000);
const { subscriptionId, resourceGroup, workspace } = WORKSPACE;
const WHERE = [subscriptionId, resourceGroup, workspace, "client"] as const;
const HELLO = "import sys\nprint('hello', *sys.argv[1:])\n";

describe("@malachite/client", { timeout: 600_000 }, () => {
  let service: Service;
  let folder: string;
  let runs: WorkspaceClient;
  let experiment: ExperimentClient;
  before(async () => {
    service = await Service.start({ flags: ["--grace-seconds", "1", "--runs-at-once", "4"] });
    folder = mkdtempSync(join(tmpdir(), "malachite-client-"));
    runs = new MalachiteClient(service.url, "dev").workspace(WORKSPACE);
    experiment = runs.experiment("client");
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  const project = (name: string, files: Readonly<Record<string, string>>): string => {
    for (const [path, text] of Object.entries(files)) {
      const place = join(folder, name, path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, text);
    }
    return join(folder, name);
  };
  const python = { definition: definitionOf() as never };

  it("has the four methods of the public client reference", async () => {
    const api = new ExecutionApi(service.url, "dev");
    const zip = zipOf({ "main.py": HELLO, "slow.py": "import time\ntime.sleep(600)\n" });
    const started = await api.runsStartRun(...WHERE, definitionOf() as never, zip, "four-1");
    assert.deepEqual(started, { runId: "four-1" });
    const made = await api.runsStartRun(...WHERE, JSON.stringify(definitionOf()), new Blob([zip]));
    assert.match(made.runId, /^client_\d+_\w+$/);
    const { properties } = await ended(service, "four-1");
    const definition = definitionOf({ snapshotId: properties.ContentSnapshotId }) as never;
    assert.deepEqual(await api.runsStartSnapshotRun(...WHERE, definition, "four-2"), { runId: "four-2" });
    const bundle = await api.runsStartLocalRun(...WHERE, definition, "four-3");
    assert.equal(
      Buffer.from(await bundle.bytes())
        .subarray(0, 4)
        .toString("latin1"),
      "PK\x03\x04",
    );
    const slow = definitionOf({ snapshotId: properties.ContentSnapshotId }, { script: "slow.py" }) as never;
    await api.runsStartSnapshotRun(...WHERE, slow, "four-4");
    assert.deepEqual(await api.runsCancelRunWithUri(...WHERE, "four-4"), { runId: "four-4" });
    assert.equal((await ended(service, "four-4")).status, "Canceled");
    await assert.rejects(api.runsCancelRunWithUri(...WHERE, "nobody"), (error) => {
      assert.ok(isRestError(error));
      assert.equal(error.statusCode, 404);
      assert.equal(error.code, "RunNotFound");
      return true;
    });
  });

  it("sends of a folder what .amlignore leaves in, and nothing the second time", async () => {
    const path = project("project", {
      "main.py":
        "import os\nfor d, _, fs in sorted(os.walk('.')):\n  for f in sorted(fs): print(os.path.join(d, f))\n",
      ".amlignore": "data/\n*.tmp\n!keep.tmp\n",
      ".gitignore": "src/\n",
      "src/a.py": "",
      "src/b.tmp": "",
      "keep.tmp": "kept",
      "data/huge.bin": "x".repeat(100_000),
    });
    await using proxy = await proxyTo(service.url);
    const through = new MalachiteClient(proxy.url, "dev").workspace(WORKSPACE);
    const ask = { folder: path, experimentName: "folders", ...python };
    const first = await submitFolder(through, ask);
    assert.ok(first.filesSent >= 3, `${first.filesSent} files`);
    await first.run.poller().pollUntilDone();
    const listed = Buffer.from(await (await first.run.artifacts.download("user_logs/std_log.txt")).bytes());
    const files = listed
      .toString()
      .split("\n")
      .filter((line) => !/^\.\/(logs|outputs)\//.test(line));
    assert.deepEqual(files.sort(), [
      "",
      "./.amlignore",
      "./.gitignore",
      "./keep.tmp",
      "./main.py",
      "./src/a.py",
    ]);

    const contents = () => proxy.passed.filter((p) => p.path.includes("/contents"));
    assert.equal(contents().length, 1);
    proxy.passed.length = 0;
    const second = await submitFolder(through, ask);
    assert.deepEqual([second.filesSent, second.bytesSent], [0, 0]);
    assert.equal(second.snapshotId, first.snapshotId);
    assert.deepEqual(
      proxy.passed.map(
        ({ method, path }) =>
          `${method} ${path.replace(/^.*\/workspaces\/ws1/, "").replace(/[0-9a-f]{64}|\?.*/g, "")}`,
      ),
      ["GET /snapshots/byContent/", "POST /experiments/folders/snapshotrun"],
    );
    assert.ok(proxy.passed.every((p) => p.bytesUp < 5000));

    project("project", { "src/a.py": "changed" });
    proxy.passed.length = 0;
    const third = await submitFolder(through, ask);
    assert.equal(third.filesSent, 1);
    assert.ok(
      contents().every((p) => p.bytesUp < 1000),
      "only what has changed is sent",
    );
  });

  it("waits for the end, tells each status, and throws for a run that failed", async () => {
    const zip = zipOf({ "main.py": "raise SystemExit(3)\n" });
    const poller = await experiment.beginRun(definitionOf() as never, {
      projectZip: zip,
      minIntervalInMs: 20,
    });
    const seen: string[] = [];
    poller.onProgress(({ run }) => seen.push(run?.status ?? ""));
    await assert.rejects(poller.pollUntilDone(), RunFailedError);
    assert.equal(seen.at(-1), "Failed");
    assert.equal(poller.getState().run?.properties?.["malachite.exitCode"], "3");
    const client = new MalachiteClient(service.url, "dev");
    const again = await client.resumePoller(poller.toString()).pollUntilDone({ throwOnFailure: false });
    assert.equal(again.runId, poller.runId);
  });

  it(`gives every byte of a log once, over a connection that is cut again and again (E2E_SEED=${SEED})`, async () => {
    const chance = random(SEED);
    let cuts = 0;
    await using proxy = await proxyTo(service.url, (path) => {
      if (!path.includes("/log?") && !path.endsWith("/log")) return undefined;
      cuts += 1;
      // The first are cut in any case. Longer than the longest event now and then: what never gets through whole can
      // never be gone on from.
      return Math.floor(chance() ** 5 * (cuts <= 3 ? 50_000 : 400_000));
    });
    const script = `
import os, random, time
random.seed(${SEED})
for i in range(300):
    os.write(1, bytes(random.randrange(256) for _ in range(random.randrange(1, 2500))) + ("ü€😀" * 10).encode())
    time.sleep(0.005)
`;
    const through = new MalachiteClient(proxy.url, "dev").workspace(WORKSPACE).experiment("client");
    const run = await through.submit(definitionOf() as never, { projectZip: zipOf({ "main.py": script }) });
    const chunks: Uint8Array[] = [];
    let at = 0;
    const log = run.followLog();
    for (;;) {
      const { done, value } = await log.next();
      if (done) {
        assert.deepEqual(value, { status: "Completed", to: at });
        break;
      }
      assert.equal(value.from, at);
      at = value.to;
      chunks.push(value.bytes);
    }
    const whole = await runs.run(run.runId).artifacts.download("user_logs/std_log.txt");
    assert.ok(Buffer.concat(chunks).equals(Buffer.from(await whole.bytes())), "the bytes are equal");
    assert.ok(at > 100_000 && cuts > 3, `${at} bytes, ${cuts} connections`);
  });

  it("gives lines while the run runs", async () => {
    const go = join(folder, "go");
    const script =
      "import os, sys, time\nfor i in range(3): print('line', i, flush=True); time.sleep(0.1)\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.02)\nprint('last', end='')\n";
    const run = await experiment.submit(definitionOf({}, { arguments: [go] }) as never, {
      projectZip: zipOf({ "main.py": script }),
    });
    const lines: string[] = [];
    for await (const line of run.logLines()) {
      lines.push(line);
      if (line !== "line 2") continue;
      await reached(service, run.runId, "Running");
      writeFileSync(go, "");
    }
    assert.deepEqual(lines, ["line 0", "line 1", "line 2", "last"]);
  });

  it("brings a run's files to a folder, and goes on where it was", async () => {
    const script = `
import os
os.makedirs("outputs/a/b", exist_ok=True)
for i in range(20): open(f"outputs/a/b/{i} ü.txt", "w").write(str(i) * 1000)
open("logs/l.txt", "w").write("log")
`;
    const run = await experiment.submit(definitionOf() as never, {
      projectZip: zipOf({ "main.py": script }),
    });
    await run.poller().pollUntilDone();
    const into = join(folder, "downloaded");
    const outputs = await downloadRun(run, { folder: into, prefix: "outputs/" });
    assert.equal(outputs.files.length, 20);
    assert.equal(readFileSync(join(into, "outputs/a/b/7 ü.txt"), "utf8"), "7".repeat(1000));
    const all = await downloadRun(run, { folder: into });
    assert.equal(all.files.length, 22, "with the log and logs/");
    const controller = new AbortController();
    const elsewhere = join(folder, "aborted");
    const aborted = downloadRun(run, {
      folder: elsewhere,
      abortSignal: controller.signal,
      onProgress: ({ filesDone }) => filesDone === 3 && controller.abort(),
    });
    await assert.rejects(aborted, { name: "AbortError" });
    const resumed = await downloadRun(run, { folder: elsewhere });
    assert.equal(resumed.files.length, 22);
    assert.ok(resumed.resumed >= 3, `${resumed.resumed} were there already`);
  });

  it("lists 250 runs in pages of 100, each once and in order, while more are made", async () => {
    const many = runs.experiment("many");
    const make = (i: number) =>
      runs
        .run(`many-${String(i).padStart(3, "0")}`, { experimentName: "many" })
        .update({ tags: { parity: i % 2 ? "odd" : "even" } });
    for (let i = 0; i < 250; i += 25) await Promise.all(Array.from({ length: 25 }, (_, j) => make(i + j)));
    const sizes: number[] = [];
    const ids: string[] = [];
    for await (const page of many.listRuns({ orderBy: "runId" }).byPage({ maxPageSize: 100 })) {
      sizes.push(page.value.length);
      ids.push(...page.value.map((run) => run.runId ?? ""));
      if (sizes.length === 1) await runs.run("many-0000", { experimentName: "many" }).update({});
    }
    assert.deepEqual(sizes, [100, 100, 50]);
    assert.deepEqual(
      ids,
      Array.from({ length: 250 }, (_, i) => `many-${String(i).padStart(3, "0")}`),
    );
    let odd = 0;
    for await (const run of many.listRuns({ filter: "tags/parity eq 'odd'" })) odd += run.runId ? 1 : 0;
    assert.equal(odd, 125);
  });

  it("sets and drops tags, and keeps properties as they were first set", async () => {
    const run = runs.run("tagged", { experimentName: "client" });
    await run.update({ tags: { a: "1", b: "2" }, properties: { p: "1" }, description: "about" });
    assert.deepEqual((await run.setTags({ b: "3", "c/ü": "4" })).tags, { a: "1", b: "3", "c/ü": "4" });
    assert.deepEqual((await run.deleteTags(["a", "none"])).tags, { b: "3", "c/ü": "4" });
    await assert.rejects(run.update({ properties: { p: "2" } }), { code: "PropertyImmutable" });
    assert.equal((await run.get()).description, "about");
  });

  it("cancels a run; giving up the waiting leaves it running", async () => {
    const zip = zipOf({ "main.py": "import time\nprint('up', flush=True)\ntime.sleep(600)\n" });
    const run = await experiment.submit(definitionOf() as never, { projectZip: zip });
    const controller = new AbortController();
    const waiting = run.poller().pollUntilDone({ abortSignal: controller.signal });
    const following = (async () => {
      for await (const line of run.logLines({ abortSignal: controller.signal })) {
        assert.equal(line, "up");
        controller.abort();
      }
    })();
    await assert.rejects(following, { name: "AbortError" });
    await assert.rejects(waiting, { name: "AbortError" });
    assert.equal((await getRun(service, run.runId)).status, "Running");
    assert.deepEqual((await run.getWhy()).waiting, false);
    await run.cancel();
    const end = await run.poller().pollUntilDone({ throwOnFailure: false });
    assert.equal(end.status, "Canceled");
    assert.deepEqual(processesOf(run.runId), []);
    const events = (await run.getStory()).map((entry) => entry.event);
    assert.ok(events.includes("cancelAsked"), events.join(" "));
  });

  it("aborts an upload, and no run is made of it", async () => {
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield zipOf({ "main.py": HELLO }).subarray(0, 50);
      controller.abort();
      await until("the request to be given up", () => false, 5_000).catch(() => undefined);
    }
    const submitting = experiment.submit(definitionOf() as never, {
      projectZip: endless,
      runId: "aborted",
      abortSignal: controller.signal,
    });
    await assert.rejects(submitting, { name: "AbortError" });
    await assert.rejects(runs.run("aborted").get(), { code: "RunNotFound" });
  });

  it("finds the targets, and what the interpreter of a run was", async () => {
    const targets = await runs.listTargets();
    assert.deepEqual(
      targets.map(({ name, kind, usable }) => ({ name, kind, usable })),
      [{ name: "local", kind: "process", usable: true }],
    );
    const script = "import sys\nprint(sys.executable)\n";
    const run = await experiment.submit(definitionOf() as never, {
      projectZip: zipOf({ "main.py": script }),
    });
    const lines: string[] = [];
    for await (const line of run.logLines()) lines.push(line);
    assert.deepEqual(lines, [python3()]);
  });
});
