// Submitting a folder: what crosses the wire, to our own service and to others, and what happens when files change meanwhile.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, chmodSync, readdirSync, readlinkSync, symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readZip } from "../../test/readZip.ts";
import { fail, json, type Seen, stubServer, WORKSPACE } from "../../test/stubServer.ts";
import { type TemporaryFolder, temporaryFolder } from "../../test/temporaryFolder.ts";
import { MalachiteClient } from "../malachiteClient.ts";
import type { ProjectFile } from "../models.ts";
import type { ProjectProgress, ProjectWarning } from "./progress.ts";
import { type SubmitFolderOptions, submitFolder } from "./submitFolder.ts";
import { treeHash } from "./treeHash.ts";

const SNAPSHOT = "22222222-2222-2222-2222-222222222222";
const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const last = (seen: Seen): string => seen.path.split("/").at(-1) ?? "";

/** A service that keeps snapshots by content, in memory; it checks what it is sent as the real one does. */
async function service(
  onContents: (entries: ReturnType<typeof readZip>) => number | undefined = () => undefined,
) {
  const contents = new Set<string>();
  const trees = new Map<string, readonly ProjectFile[]>();
  const stub = await stubServer((seen, response) => {
    if (seen.path.includes("/byContent/")) {
      if (trees.has(last(seen))) json(response, { snapshotId: SNAPSHOT, missing: [] });
      else fail(response, 404, "SnapshotNotFound");
    } else if (last(seen) === "snapshots") {
      const { files } = JSON.parse(seen.body.toString()) as { files: ProjectFile[] };
      const missing = [...new Set(files.map((file) => file.sha256))].filter((hash) => !contents.has(hash));
      if (missing.length > 0) return json(response, { missing });
      trees.set(treeHash(files), files);
      json(response, { snapshotId: SNAPSHOT, missing });
    } else if (last(seen) === "contents") {
      const entries = readZip(seen.body);
      const status = onContents(entries);
      if (status !== undefined) return fail(response, status, "TransientError");
      for (const { name, bytes } of entries) {
        if (sha256(bytes) !== name) return fail(response, 400, "ContentMismatch");
        contents.add(name);
      }
      json(response, { kept: entries.length });
    } else if (last(seen) === "snapshotrun") json(response, { runId: seen.query.runId });
    else response.writeHead(404).end();
  });
  return { stub, contents, trees };
}

const submit = (url: string, folder: TemporaryFolder, options: Partial<SubmitFolderOptions> = {}) =>
  submitFolder(
    new MalachiteClient(url, "dev", { retryOptions: { retryDelayInMs: 1 } }).workspace(WORKSPACE),
    { folder: folder.path, experimentName: "exp", script: "train.py", cacheFolder: false, ...options },
  );

test("the first time every content is sent once, stored, under its hash; then nothing is", async () => {
  using folder = temporaryFolder();
  folder.write("train.py", "print(1)");
  folder.write("same/a", "same");
  folder.write("same/b", "same");
  folder.write("empty", "");
  chmodSync(folder.write("run.sh", "#!/bin/sh"), 0o755);
  const { stub, trees } = await service();
  await using _ = stub;
  const first = await submit(stub.url, folder, { arguments: ["--x"], target: "cpu", runId: "r-1" });
  assert.deepEqual([first.filesSent, first.bytesSent, first.snapshotId], [4, 21, SNAPSHOT]);
  assert.equal(first.run.runId, "r-1");
  assert.deepEqual(stub.seen.map(last), [
    treeHash([...trees.values()][0] ?? []),
    "snapshots",
    "contents",
    "snapshots",
    "snapshotrun",
  ]);
  const entries = readZip(stub.seen[2]?.body ?? Buffer.alloc(0));
  assert.ok(entries.every((entry) => entry.stored && entry.name === sha256(entry.bytes)));
  assert.deepEqual(JSON.parse(stub.seen.at(-1)?.body.toString() ?? ""), {
    configuration: { script: "train.py", arguments: ["--x"], target: "cpu" },
    snapshotId: SNAPSHOT,
  });
  const [files = []] = [...trees.values()];
  assert.deepEqual(
    files.map(({ path, executable }) => [path, executable]),
    [
      ["empty", undefined],
      ["run.sh", true],
      ["same/a", undefined],
      ["same/b", undefined],
      ["train.py", undefined],
    ],
  );

  const before = stub.seen.length;
  const second = await submit(stub.url, folder);
  assert.deepEqual([second.filesSent, second.bytesSent], [0, 0]);
  assert.deepEqual(stub.seen.slice(before).map(last), [treeHash(files), "snapshotrun"]);

  folder.write("same/b", "other");
  const third = await submit(stub.url, folder);
  assert.deepEqual([third.filesSent, third.bytesSent], [1, 5]);
});

test("progress never goes back within a phase, and ends with all of it", async () => {
  using folder = temporaryFolder();
  for (let i = 0; i < 20; i += 1) folder.write(`f${i}`, Buffer.alloc(50_000, i));
  const { stub } = await service();
  await using _ = stub;
  const seen: ProjectProgress[] = [];
  await submit(stub.url, folder, { onProgress: (progress) => void seen.push(progress) });
  const phases = seen.map((each) => each.phase).filter((phase, i, all) => phase !== all[i - 1]);
  assert.deepEqual(phases, ["walking", "hashing", "asking", "sending", "starting", "done"]);
  for (const phase of ["hashing", "sending"]) {
    const of = seen.filter((each) => each.phase === phase);
    for (const [i, each] of of.entries()) {
      const former = of[i - 1];
      if (former) assert.ok(each.bytesSent >= former.bytesSent && each.filesDone >= former.filesDone);
      assert.ok(each.bytesSent <= each.bytesTotal && each.filesDone <= each.filesTotal);
    }
  }
  const end = seen.filter((each) => each.phase === "sending").at(-1);
  assert.deepEqual([end?.bytesSent, end?.bytesTotal, end?.filesDone], [1_000_000, 1_000_000, 20]);
});

test("an upload that fails is sent again; contents the server dropped in between too", async () => {
  using folder = temporaryFolder();
  folder.write("train.py", "print(1)");
  let calls = 0;
  const { stub, contents } = await service(() => {
    calls += 1;
    return calls === 1 ? 503 : undefined;
  });
  await using _ = stub;
  const result = await submit(stub.url, folder);
  assert.equal(result.snapshotId, SNAPSHOT);
  assert.equal(calls, 2);
  contents.clear();
  folder.write("more.py", "x");
  assert.equal((await submit(stub.url, folder)).filesSent, 2);
});

test("a server that asks again and again for the same is given up", async () => {
  using folder = temporaryFolder();
  folder.write("train.py");
  await using stub = await stubServer((seen, response) => {
    if (last(seen) === "contents") json(response, { kept: 1 });
    else if (last(seen) === "snapshots") json(response, { missing: [sha256("train.py")] });
    else fail(response, 404, "SnapshotNotFound");
  });
  await assert.rejects(submit(stub.url, folder), /asks again/);
});

test("a file that changes while it is sent is read again, and the run gets what was sent", async () => {
  using folder = temporaryFolder();
  const log = folder.write("log.txt", "one");
  const { stub, trees } = await service();
  await using _ = stub;
  let changes = 0;
  await submit(stub.url, folder, {
    onProgress: ({ phase }) => {
      if (phase === "asking" && changes++ === 0) appendFileSync(log, " two");
    },
  });
  const [file] = [...trees.values()][0] ?? [];
  // What was added after the hashing is no part of the project; what was hashed is sent as it was.
  assert.deepEqual([file?.sha256, file?.sizeBytes], [sha256("one"), 3]);

  truncateSync(log, 1);
  changes = 0;
  await submit(stub.url, folder, {
    onProgress: ({ phase }) => {
      if (phase === "asking" && changes++ === 0) truncateSync(log, 0);
    },
  });
  assert.equal(changes, 2);
  assert.equal([...trees.values()].at(-1)?.[0]?.sha256, sha256(""));
});

test("a file that never rests is told by its name", async () => {
  using folder = temporaryFolder();
  const log = folder.write("log.txt", "x".repeat(100));
  const { stub } = await service();
  await using _ = stub;
  let size = 100;
  const onProgress = ({ phase }: ProjectProgress): void => {
    if (phase !== "asking") return;
    size -= 1;
    truncateSync(log, size);
  };
  await assert.rejects(submit(stub.url, folder, { onProgress }), { name: "ProjectError", path: "log.txt" });
});

test("a server without snapshots by content gets the project as a zip", async () => {
  using folder = temporaryFolder();
  folder.write("train.py", "print(1)".repeat(100));
  folder.write("data/ä b.csv", "1,2");
  chmodSync(folder.write("run.sh", "#!"), 0o755);
  symlinkSync("data", join(folder.path, "alias"));
  for (const status of [404, 405, 501]) {
    let starts = 0;
    await using stub = await stubServer((seen, response) => {
      if (last(seen) !== "startrun")
        return void response.writeHead(status, { "content-type": "text/html" }).end("<h1>?</h1>");
      starts += 1;
      if (starts === 1) response.destroy();
      else json(response, { runId: seen.query.runId });
    });
    const result = await submit(stub.url, folder);
    assert.equal(result.snapshotId, undefined);
    assert.equal(result.filesSent, 4);
    const [one, two] = stub.seen.filter((seen) => last(seen) === "startrun");
    assert.equal(one?.query.runId, two?.query.runId, "a repeated start is the same run");
    const body = two?.body ?? Buffer.alloc(0);
    const zip = body.subarray(body.indexOf("PK\u0003\u0004"));
    const entries = readZip(zip.subarray(0, zip.lastIndexOf("\r\n--", zip.length - 10)));
    assert.deepEqual(
      entries.map(({ name, mode }) => [name, mode & 0o777]),
      [
        ["alias/ä b.csv", 0o644],
        ["data/ä b.csv", 0o644],
        ["run.sh", 0o755],
        ["train.py", 0o644],
      ],
    );
    assert.equal(entries.at(-1)?.bytes.toString(), "print(1)".repeat(100));
    assert.match(body.toString("latin1"), /\{"configuration":\{"script":"train\.py"\}\}/);
  }
});

test("a large project names its biggest paths before it is sent, and only then", async () => {
  using folder = temporaryFolder();
  for (let i = 0; i < 2001; i += 1) folder.write(`venv/${i}`, `${i}`);
  folder.write("train.py");
  symlinkSync("none", join(folder.path, "broken"));
  const { stub } = await service();
  await using _ = stub;
  const warnings: ProjectWarning[] = [];
  let sentBefore = 0;
  const onWarning = (warning: ProjectWarning): void => {
    warnings.push(warning);
    sentBefore = stub.seen.filter((seen) => last(seen) === "contents").length;
  };
  await submit(stub.url, folder, { onWarning });
  assert.deepEqual(
    warnings.map((each) => each.code),
    ["LeftOut", "LargeProject"],
  );
  assert.equal(sentBefore, 0);
  assert.match(warnings[0]?.message ?? "", /'broken' is left out: it is a link to nothing/);
  assert.match(warnings[1]?.message ?? "", /2,002 files.*\n.*venv\/ \(2,001 files\)/);
  warnings.length = 0;
  await submit(stub.url, folder, { onWarning });
  assert.deepEqual(
    warnings.map((each) => each.code),
    ["LeftOut"],
  );
});

test("aborting ends an upload, and no file stays open", async () => {
  using folder = temporaryFolder();
  folder.write("big", Buffer.alloc(20_000_000, "x"));
  const { stub } = await service();
  await using _ = stub;
  const controller = new AbortController();
  const submitted = submit(stub.url, folder, {
    abortSignal: controller.signal,
    onProgress: ({ phase, bytesSent }) => {
      if (phase === "sending" && bytesSent > 0) controller.abort();
    },
  });
  await assert.rejects(submitted, { name: "AbortError" });
  const openFiles = (): number =>
    readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder.path);
      } catch {
        return false; // The listing's own handle is closed by now.
      }
    }).length;
  const deadline = Date.now() + 60_000;
  while (openFiles() > 0 && Date.now() < deadline) await new Promise(setImmediate);
  assert.equal(openFiles(), 0);
});

test("what the server refuses is told, and not taken for another kind of server", async () => {
  using folder = temporaryFolder();
  folder.write("a");
  await using stub = await stubServer((_, response) => fail(response, 403, "Forbidden"));
  await assert.rejects(submit(stub.url, folder), { statusCode: 403 });
  assert.equal(stub.seen.length, 1);
});
