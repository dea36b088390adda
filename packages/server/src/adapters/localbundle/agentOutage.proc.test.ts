// The agent with a service that is away, loses answers or takes half of what it is sent: no byte is lost or doubled.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BundleFolder, job } from "./testing/bundleRun.ts";
import { type Misbehaviour, StubService } from "./testing/stubService.ts";

const LOG = "user_logs/std_log.txt";
const digest = (bytes: Uint8Array | undefined) =>
  bytes && `${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;

/** Resolves when the agent says it on its stderr. */
const told = (child: ChildProcess, what: RegExp) =>
  new Promise<void>((done) => {
    let text = "";
    child.stderr?.on("data", (block) => {
      text += block;
      if (what.test(text)) done();
    });
  });

test("a log of 20 MB arrives byte for byte, though pieces break and answers are lost", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file(
    "train.py",
    `import os, hashlib, time
block = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(1 << 15))
for i in range(20):
    os.write(1, block)
    time.sleep(0.05)
open("outputs/big", "wb").write(block * 12)
`,
  );
  await folder.unpack(job(await stub.listen()));
  const faults: Misbehaviour[] = ["mute", "half", "drop", 503, "half", "mute", 500];
  // One after the other, since what failed is sent again: so all of them come, into however few pieces the log is cut.
  stub.misbehave = ({ method, path }) =>
    method === "POST" && path.endsWith("/content") ? faults.shift() : undefined;
  const { code, stdout, stderr } = await folder.start().ended;
  assert.equal(code, 0, stderr);
  assert.equal(faults.length, 0, "each fault came");
  const local = readFileSync(join(folder.path, LOG));
  assert.equal(local.length, 20 << 20);
  assert.equal(digest(stub.files.get(LOG)), digest(local));
  assert.equal(digest(stdout), digest(local));
  assert.equal(digest(stub.files.get("outputs/big")), digest(readFileSync(join(folder.path, "outputs/big"))));
  assert.deepEqual(stub.story(), ["Start", "Completed"]);
});

test("the script runs on while the service is away, and nothing is missing afterwards", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file(
    "train.py",
    `import os, time
print("before", flush=True)
while not os.path.exists("go"): time.sleep(0.02)
print("during", flush=True)
open("outputs/made", "w").write("while it was away")
`,
  );
  await folder.unpack(job(await stub.listen()));
  const { ended } = folder.start();
  await stub.until("it runs", () => stub.text(LOG) === "before\n");
  let refused = 0;
  stub.misbehave = () => {
    refused++;
    return "drop";
  };
  folder.file("go", "");
  await stub.until("the service was asked in vain", () => refused > 3);
  stub.misbehave = () => undefined;
  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
  assert.equal(stub.text(LOG), "before\nduring\n");
  assert.equal(stub.text("outputs/made"), "while it was away");
  assert.deepEqual(stub.story(), ["Start", "Completed"]);
});

test("what could not be told is told at the next start, without running the script again", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file(
    "train.py",
    "print('ran', flush=True)\nopen('outputs/a', 'a').write('1')\nraise SystemExit(3)\n",
  );
  await folder.unpack(job(await stub.listen()));
  stub.misbehave = ({ path, query }) =>
    path.endsWith("/content") || (path.endsWith("/events") && stub.status === "Running" && !query.size)
      ? "drop"
      : undefined;
  const first = await folder.start({ MALACHITE_PATIENCE_SECONDS: "1" }).ended;
  assert.equal(first.code, 3);
  assert.match(
    first.stderr,
    /could not be told all of the run, which ended as Failed.*start Invocation\.sh again/,
  );
  assert.equal(stub.status, "Running");
  stub.misbehave = () => undefined;
  const second = await folder.start().ended;
  assert.equal(second.code, 3, second.stderr);
  assert.equal(stub.text(LOG), "ran\n");
  assert.equal(stub.text("outputs/a"), "1");
  assert.deepEqual(stub.story(), ["Start", "Error", "Failed"]);
});

test("a service that is not there: nothing is run, and a signal ends the waiting", async () => {
  using folder = new BundleFolder();
  folder.file("train.py", "open('ran', 'w')");
  const stub = new StubService();
  const url = await stub.listen();
  await stub[Symbol.asyncDispose]();
  await folder.unpack(job(url));
  const gone = await folder.start({ MALACHITE_PATIENCE_SECONDS: "0.5" }).ended;
  assert.equal(gone.code, 125);
  assert.match(gone.stderr, /does not take the run/);
  const waiting = folder.start({ MALACHITE_PATIENCE_SECONDS: "600" });
  await told(waiting.child, /trying again/);
  waiting.child.kill("SIGINT");
  assert.equal((await waiting.ended).code, 125);
  assert.throws(() => readFileSync(join(folder.path, "ran")), /ENOENT/);
});

test("a token that has ended is renewed", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "print('renewed')");
  await folder.unpack(job(await stub.listen()));
  stub.token = "another";
  stub.nextToken = "token-2";
  const { code, stderr } = await folder.start().ended;
  assert.equal(code, 0, stderr);
  assert.equal(stub.text(LOG), "renewed\n");
});

test("a token that is refused ends it at once, with nothing run", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "open('ran', 'w')");
  await folder.unpack(job(await stub.listen(), { token: "wrong" }));
  const { code, stderr } = await folder.start().ended;
  assert.equal(code, 125);
  assert.match(stderr, /401: not this token/);
  assert.equal(stub.events.length, 0);
});

test("watched files are sent while the script runs, and are exact at the end", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file(
    "train.py",
    `import os, time
def wait(name):
    while not os.path.exists(name): time.sleep(0.02)
os.mkdir("watched")
grows = open("logs/grows", "w"); grows.write("one\\n"); grows.flush()
open("watched/new", "w").write("first")
wait("go")
grows.write("two\\n"); grows.flush()
open("watched/new", "w").write("second, longer")
wait("on")
# The same size and the same end, so only a comparison of all of it finds the change.
f = open("logs/grows", "r+"); f.write("ONE"); f.close()
`,
  );
  await folder.unpack(job(await stub.listen(), { directoriesToWatch: ["watched/", "logs"] }));
  const { ended } = folder.start();
  await stub.until(
    "both are sent",
    () => stub.text("logs/grows") === "one\n" && stub.text("watched/new") === "first",
  );
  folder.file("go", "");
  await stub.until(
    "both are sent again",
    () => stub.text("logs/grows") === "one\ntwo\n" && stub.text("watched/new") === "second, longer",
  );
  assert.ok(
    stub.requests.some((r) => r.query.get("path") === "logs/grows" && r.query.get("append") === "true"),
  );
  folder.file("on", "");
  assert.equal((await ended).code, 0);
  assert.equal(stub.text("logs/grows"), "ONE\ntwo\n");
  assert.equal(stub.text("watched/new"), "second, longer");
});

test("a console that nobody reads does not keep the run from ending", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "import os\nfor i in range(64): os.write(1, b'x' * 65536)\n");
  await folder.unpack(job(await stub.listen()));
  const { child, ended } = folder.start();
  child.stdout?.pause();
  child.stdout?.removeAllListeners("data");
  await stub.until("the end is told", () => stub.status === "Completed");
  child.stdout?.resume();
  assert.equal((await ended).code, 0);
  assert.equal(stub.files.get(LOG)?.length, 64 * 65536);
});

test("a run that was canceled is told so even when nobody waits for its files", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file(
    "train.py",
    "import time\nopen('outputs/a', 'w').write('1')\nprint('up', flush=True)\ntime.sleep(600)\n",
  );
  await folder.unpack(job(await stub.listen()));
  const { child, ended } = folder.start();
  await stub.until("it runs", () => stub.text(LOG) === "up\n");
  let asked = 0;
  stub.misbehave = ({ query }) => (query.get("path") === "outputs/a" && ++asked > 0 ? 503 : undefined);
  child.kill("SIGTERM");
  await stub.until("the output was sent in vain", () => asked > 0);
  child.kill("SIGTERM");
  assert.equal((await ended).code, 143);
  assert.equal(stub.status, "Canceled");
  stub.misbehave = () => undefined;
  assert.equal((await folder.start().ended).code, 143);
  assert.equal(stub.text("outputs/a"), "1");
  assert.deepEqual(stub.story(), ["Start", "Canceled"]);
});
