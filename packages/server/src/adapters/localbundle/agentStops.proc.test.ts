// The agent with runs that are ended from outside: by the service, by a file, by a signal, by the clock.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BundleFolder, job } from "./testing/bundleRun.ts";
import { StubService } from "./testing/stubService.ts";

/** Prints its process ids: the script, a child that ignores SIGTERM, and a grandchild in a session of its own. */
const STUBBORN = `import os, signal, subprocess, sys, time
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", code])
away = "import os, time; os.setsid(); time.sleep(600)"
lonely = subprocess.Popen(["sh", "-c", sys.executable + " -c '" + away + "' >&- & echo $!"], stdout=subprocess.PIPE)
away = int(lonely.stdout.readline())
def term(n, f):
    open("outputs/last-words", "w").write("said")
    print("terminated", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, term)
print("pids", os.getpid(), child.pid, away, flush=True)
while True: time.sleep(0.1)
`;

/** True while the process lives; a zombie does not. */
function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

const log = (stub: StubService) => stub.text("user_logs/std_log.txt") ?? "";
const pidsIn = (text: string) => (/pids (.*)/.exec(text)?.[1] ?? "").split(" ").map(Number);

const ways = [
  ["the service asks", 143, ["Start", "Canceled"], (stub: StubService) => stub.becomes("CancelRequested")],
  ["the service has canceled it", 143, ["Start"], (stub: StubService) => stub.becomes("Canceled")],
  [
    "the killfile appears",
    143,
    ["Start", "Canceled"],
    (_: StubService, f: BundleFolder) => void f.file("azureml-setup/killfile", ""),
  ],
  ["SIGTERM", 143, ["Start", "Canceled"], (_: StubService, __: BundleFolder, kill: Kill) => kill("SIGTERM")],
  ["SIGINT", 130, ["Start", "Canceled"], (_: StubService, __: BundleFolder, kill: Kill) => kill("SIGINT")],
] as const;
type Kill = (signal: NodeJS.Signals) => void;

for (const [name, exitCode, story, stop] of ways) {
  test(`the whole tree ends and the run is canceled when ${name}`, {
    skip: process.platform !== "linux" && "no /proc",
  }, async () => {
    await using stub = new StubService();
    using folder = new BundleFolder();
    folder.file("train.py", STUBBORN);
    await folder.unpack(job(await stub.listen()));
    const { child, ended } = folder.start();
    await stub.until(
      "the log tells the processes",
      () => /up/.test(log(stub)) && /pids .*\n/.test(log(stub)),
    );
    const pids = pidsIn(log(stub));
    assert.equal(pids.length, 3);
    assert.ok(pids.every(lives), "all are there before");
    stop(stub, folder, (signal) => child.kill(signal));
    // The child that ignores SIGTERM costs the whole grace; further signals save the test that time.
    await stub.until("the script had its last words", () => /terminated/.test(log(stub)));
    assert.ok(lives(pids[1] ?? 0), "the child that ignores SIGTERM has its grace");
    for (const signal of name.startsWith("SIG") ? (["SIGHUP"] as const) : (["SIGTERM", "SIGHUP"] as const))
      child.kill(signal);
    const { code, stderr } = await ended;
    assert.equal(code, exitCode, stderr);
    assert.deepEqual(pids.filter(lives), []);
    assert.deepEqual(stub.story(), story);
    assert.equal(stub.status, "Canceled");
    assert.equal(stub.text("outputs/last-words"), "said");
  });
}

test("SIGTERM has a grace of ten seconds and no more", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file(
    "train.py",
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(600)\n",
  );
  await folder.unpack(job(await stub.listen()));
  const { child, ended } = folder.start();
  await stub.until("it runs", () => log(stub) === "deaf\n");
  const began = Date.now();
  child.kill("SIGTERM");
  assert.equal((await ended).code, 143);
  const seconds = (Date.now() - began) / 1000;
  assert.ok(seconds >= 9.9 && seconds < 20, `${seconds} s`);
  assert.deepEqual(stub.story(), ["Start", "Canceled"]);
  assert.deepEqual(stub.event("Heartbeat")?.data, { RunId: "run_1", TimeToLiveSeconds: 120 });
});

test("a run that takes too long is canceled with that reason", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "import time\nprint('long', flush=True)\ntime.sleep(600)\n");
  // Time enough for a python to start on a busy machine: it is to be heard.
  await folder.unpack(job(await stub.listen(), { maxRunDurationSeconds: 4 }));
  const { code, stderr } = await folder.start().ended;
  assert.equal(code, 124, stderr);
  assert.deepEqual(stub.story(), ["Start", "Error", "Canceled"]);
  const error = stub.error();
  assert.equal(error.innerError?.code, "OverTime");
  assert.match(error.message, /longer than maxRunDurationSeconds \(4 s\)/);
  assert.equal(log(stub), "long\n");
});

test("a run that was canceled before it began is not run", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "print('ran')");
  await folder.unpack(job(await stub.listen()));
  stub.status = "CancelRequested";
  assert.equal((await folder.start().ended).code, 143);
  assert.deepEqual(stub.story(), ["Canceled"]);
  assert.equal(stub.files.size, 0);
});

test("what a script leaves running ends with it", {
  skip: process.platform !== "linux" && "no /proc",
}, async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file(
    "train.py",
    `import subprocess, sys
code = "import os, time; os.setsid(); print('pids', os.getpid(), flush=True); time.sleep(600)"
p = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
sys.stdout.write(p.stdout.readline().decode())
`,
  );
  await folder.unpack(job(await stub.listen()));
  assert.equal((await folder.start().ended).code, 0);
  const pids = pidsIn(log(stub));
  assert.ok((pids[0] ?? 0) > 1);
  assert.deepEqual(pids.filter(lives), []);
  assert.equal(stub.status, "Completed");
});

test("a second start of the same run refuses while the first is at it", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "import time\nprint('once', flush=True)\ntime.sleep(600)\n");
  await folder.unpack(job(await stub.listen()));
  const first = folder.start();
  await stub.until("it runs", () => log(stub) === "once\n");
  const second = await folder.start().ended;
  assert.equal(second.code, 125);
  assert.match(
    second.stderr,
    new RegExp(`run_1 is already being run from this folder, by process ${first.child.pid}`),
  );
  first.child.kill("SIGTERM");
  assert.equal((await first.ended).code, 143);
  assert.equal(log(stub), "once\n");
});

test("an agent that was killed is started again: the script left behind ends first, the log goes on", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file(
    "train.py",
    `import os, time
first = not os.path.exists("once")
open("once", "w").close()
print("pids", os.getpid(), flush=True)
if first: time.sleep(600)
`,
  );
  await folder.unpack(job(await stub.listen()));
  const first = folder.start();
  await stub.until("it runs", () => /pids \d+\n/.test(log(stub)));
  const [left] = pidsIn(log(stub));
  first.child.kill("SIGKILL");
  await first.ended;
  assert.ok(lives(left ?? 0), "the script outlived its agent");
  const { code, stderr } = await folder.start().ended;
  assert.equal(code, 0, stderr);
  assert.ok(!lives(left ?? 0));
  assert.match(
    log(stub),
    /^pids \d+\n\n--- the run was broken off here and is started again ---\npids \d+\n$/,
  );
  assert.equal(stub.status, "Completed");
});
