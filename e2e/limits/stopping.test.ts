// Trees of processes that do not want to end: Canceled is said only when the last of them is gone, and time limits hold.
// Every payload ends by itself after half a minute, and none has more than some forty processes at any moment.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { processesNaming } from "../support/leftovers.ts";
import { cancel, ended, reached, says, story, submit } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";

/** Ends by itself at END, whatever happens; `mark` is in the command line of what it starts. */
const HEAD = `
import os, signal, subprocess, sys, time
END = time.monotonic() + 30
MARK = sys.argv[1]
def linger():
    while time.monotonic() < END: time.sleep(0.05)
    os._exit(0)
def up():
    print("up", flush=True)
    linger()
SLEEP = ["sh", "-c", "sleep 30; : " + MARK]
`;

const TREES: Readonly<Record<string, string>> = {
  "ends at SIGTERM": "up()",
  "ignores SIGTERM": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nup()",
  "ignores everything it may":
    "for s in range(1, 64):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nup()",
  "has children in sessions of their own":
    "for _ in range(5): subprocess.Popen(SLEEP, start_new_session=True)\nup()",
  "forks twice and leaves its grandchild": `
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: linger()
    os._exit(0)
os.wait()
up()`,
  "has a child without any variable": "subprocess.Popen(SLEEP, env={}, start_new_session=True)\nup()",
  "stops itself with SIGSTOP": "print('up', flush=True)\nos.kill(os.getpid(), signal.SIGSTOP)\nlinger()",
  "has stopped children that ignore SIGTERM": `
for _ in range(3):
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.setsid()
        os.kill(os.getpid(), signal.SIGSTOP)
        linger()
up()`,
  "starts a child when it is asked to end": `
def again(*_):
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        linger()
    os._exit(0)
signal.signal(signal.SIGTERM, again)
up()`,
  "passes itself on from process to process, twenty times over": `
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(20):
    if os.fork() == 0:
        while time.monotonic() < END:
            if os.fork(): os._exit(0)
            os.setsid()
            time.sleep(0.005)
        os._exit(0)
up()`,
};

describe("stopping", { timeout: 600_000 }, () => {
  let service: Service;
  before(async () => {
    service = await Service.start({ flags: ["--grace-seconds", "1", "--runs-at-once", "8"] });
  });
  after(() => service[Symbol.asyncDispose]());

  for (const [index, [name, body]] of Object.entries(TREES).entries()) {
    it(`ends a tree that ${name}`, async () => {
      const runId = `tree-${index}`;
      const mark = `mark-${process.pid}-${index}-`;
      await submit(service, {
        files: { "main.py": HEAD + body },
        runId,
        configuration: { arguments: [mark] },
      });
      await says(service, runId, /^up\n$/);
      await reached(service, runId, "Running");
      const alive = () => [
        ...new Set([...processesNaming(mark), ...processesNaming(`AZUREML_RUN_ID=${runId}\0`)]),
      ];
      assert.ok(alive().length > 0);
      const askedAt = Date.now();
      await cancel(service, runId);
      const run = await ended(service, runId, 15_000);
      assert.deepEqual(alive(), [], "nothing is left at the moment at which the end is said");
      assert.equal(run.status, "Canceled");
      assert.equal(run.properties["malachite.reason"], "Canceled");
      assert.ok(Date.now() - askedAt < 8_000, `it took ${Date.now() - askedAt} ms`);
    });
  }

  it("ends what a script leaves behind when it ends by itself", async () => {
    const mark = `mark-${process.pid}-left-`;
    const script = `${HEAD}subprocess.Popen(SLEEP, start_new_session=True)\nprint("bye", flush=True)\n`;
    await submit(service, {
      files: { "main.py": script },
      runId: "left",
      configuration: { arguments: [mark] },
    });
    assert.equal((await ended(service, "left")).status, "Completed");
    await until("the child to be gone", () => processesNaming(mark).length === 0, 5_000);
  });

  it("ends a run within a second of its time, with that as its reason", async () => {
    const configuration = { arguments: ["over-time"], maxRunDurationSeconds: 2 };
    await submit(service, { files: { "main.py": `${HEAD}up()` }, runId: "over-time", configuration });
    const run = await ended(service, "over-time");
    assert.deepEqual([run.status, run.properties["malachite.reason"]], ["Canceled", "OverTime"]);
    const took = Date.parse(run.endTimeUtc ?? "") - Date.parse(run.startTimeUtc ?? "");
    assert.ok(took >= 2000 && took <= 3000, `it took ${took} ms`);
    const why = await service.json<{ summary: string }>(
      "GET",
      `/malachite/v1.0${workspacePath}/runs/over-time/why`,
    );
    assert.match(why.summary, /maxRunDurationSeconds/);
    assert.ok(
      (await story(service, "over-time")).some((entry) =>
        /maxRunDuration|over time/i.test(entry.cause ?? ""),
      ),
    );
  });

  it("leaves a run alone that ends before its time", async () => {
    const configuration = { maxRunDurationSeconds: "1" };
    await submit(service, { files: { "main.py": "print('quick')" }, runId: "in-time", configuration });
    assert.equal((await ended(service, "in-time")).status, "Completed");
  });

  it("tells an exit code of 137 and a SIGKILL apart, and other ends of their kind", async () => {
    const ends: Readonly<Record<string, readonly [string, string | undefined, string | undefined, string]>> =
      {
        "exit-137": ["raise SystemExit(137)", "137", undefined, "ExitedNonZero"],
        "exit-143": ["raise SystemExit(143)", "143", undefined, "ExitedNonZero"],
        sigkill: ["os.kill(os.getpid(), signal.SIGKILL)", undefined, "SIGKILL", "KilledBySignal"],
        sigterm: ["os.kill(os.getpid(), signal.SIGTERM)", undefined, "SIGTERM", "KilledBySignal"],
        sigsegv: ["os.kill(os.getpid(), signal.SIGSEGV)", undefined, "SIGSEGV", "KilledBySignal"],
        "exit-255": ["os._exit(-1)", "255", undefined, "ExitedNonZero"],
        "exit-0": ["os._exit(0)", "0", undefined, "ExitedZero"],
      };
    await Promise.all(
      Object.entries(ends).map(async ([runId, [body, code, signal, reason]]) => {
        await submit(service, { files: { "main.py": `import os, signal\n${body}\n` }, runId });
        const { properties } = await ended(service, runId);
        assert.deepEqual(
          [properties["malachite.exitCode"], properties["malachite.signal"], properties["malachite.reason"]],
          [code, signal, reason],
          runId,
        );
      }),
    );
  });
});
