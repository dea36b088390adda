// Environments that are really built, by a real uv, of packages that the tests make.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type EnvironmentAsk, isMalachiteError, type PreparedEnvironment } from "@malachite/core";
import { BuilderBench } from "./testing/builder.ts";
import { putSource, putWheel, waitingBuild } from "./testing/packages.ts";

const never = new AbortController().signal;
const quiet = async (): Promise<void> => {};

/** A log that is kept. */
class Heard {
  text = "";
  readonly log = async (text: string): Promise<void> => {
    this.text += text;
  };
}

/** What its python says of the module. */
const versionIn = ({ python }: PreparedEnvironment, module: string): string =>
  execFileSync(python, ["-c", `import ${module}; print(${module}.VERSION)`], { encoding: "utf8" }).trim();

async function until(fact: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!fact()) {
    if (Date.now() > deadline) throw new Error(`It was waited in vain until ${what}.`);
    await pause(20);
  }
}

/** True while the process lives; a zombie does not. */
function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

const pidsIn = (path: string): number[] => readFileSync(join(path, "pids"), "utf8").split(" ").map(Number);
const ids = ({ folder }: BuilderBench): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9a-f]{32}$/.test(name)) : [];

async function refusalOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isMalachiteError(error), String(error));
  return { code: error.code, message: error.message };
}

describe("environments that are built", () => {
  const shared = new BuilderBench();
  let uv = "";
  before(async () => {
    putWheel(shared.wheels, "alpha", "1.0");
    // Without one on the PATH, the first build installs it into its own folder; the other tests use that one.
    await shared.builder().prepare(shared.ask("alpha"), quiet, never);
    const own = join(shared.folder, "tools", "uv", "bin", "uv");
    uv = existsSync(own) ? own : execFileSync("sh", ["-c", "command -v uv"], { encoding: "utf8" }).trim();
  });
  after(() => shared[Symbol.dispose]());

  it("are made once for all who wait, are there at once afterwards, and are told apart by content", async () => {
    using bench = new BuilderBench();
    putWheel(bench.wheels, "alpha", "1.0");
    putSource(bench.wheels, "slow", "2.0", waitingBuild(bench.path));
    const builder = bench.builder({ uv });
    const ask = bench.ask("alpha", "slow");
    assert.equal(await builder.has(ask, never), false);
    const [early, late] = [new Heard(), new Heard()];
    const first = builder.prepare(ask, early.log, never);
    await until(() => existsSync(join(bench.path, "pids")), "the package is being built");
    const second = builder.prepare(ask, late.log, never);
    await until(() => late.text !== "", "the late comer hears what was said");
    assert.equal(early.text, late.text);
    assert.match(early.text, /^Python 3\.\d+\.\d+ of \//);
    writeFileSync(join(bench.path, "go"), "");
    const [one, two] = await Promise.all([first, second]);
    assert.deepEqual(one, two);
    assert.equal(early.text, late.text);
    assert.match(early.text, /\+ slow==2\.0/);
    assert.match(early.text, /The environment is ready after/);
    assert.deepEqual([versionIn(one, "alpha"), versionIn(one, "slow")], ["1.0", "2.0"]);
    assert.equal(execFileSync(join(one.folder ?? "", "python"), ["-m", "pip", "--version"]).length > 0, true);
    assert.equal(await builder.has(ask, never), true);
    const began = performance.now();
    const silent = new Heard();
    const again = await builder.prepare(ask, silent.log, never);
    assert.ok(performance.now() - began < 500);
    assert.deepEqual([again, silent.text], [one, ""]);
    const other = await builder.prepare(bench.ask("alpha"), quiet, never);
    assert.notEqual(other.id, one.id);
    assert.equal(ids(bench).length, 2);
    // What a script writes into its environment reaches no other.
    const module = execFileSync(one.python, ["-c", "import alpha; print(alpha.__file__, end='')"], {
      encoding: "utf8",
    });
    assert.equal(statSync(module).nlink, 1);
    // Another service on the same folder finds them.
    assert.deepEqual(await bench.builder({ uv }).prepare(ask, quiet, never), one);
  });

  it("end with the last who waits, and with all their processes", async () => {
    using bench = new BuilderBench();
    putSource(bench.wheels, "slow", "2.0", waitingBuild(bench.path));
    const builder = bench.builder({ uv });
    const [first, second] = [new AbortController(), new AbortController()];
    const waits = [first, second].map(({ signal }) => builder.prepare(bench.ask("slow"), quiet, signal));
    await until(() => existsSync(join(bench.path, "pids")), "the package is being built");
    const pids = pidsIn(bench.path);
    first.abort(new Error("the first leaves"));
    await assert.rejects(waits[0] as Promise<unknown>, /the first leaves/);
    assert.deepEqual(pids.map(lives), [true, true]);
    second.abort(new Error("the second leaves"));
    await assert.rejects(waits[1] as Promise<unknown>, /the second leaves/);
    assert.deepEqual(pids.map(lives), [false, false]);
    assert.deepEqual(ids(bench), []);
    // Whoever asks next begins anew.
    rmSync(join(bench.path, "pids"));
    writeFileSync(join(bench.path, "go"), "");
    assert.equal(versionIn(await builder.prepare(bench.ask("slow"), quiet, never), "slow"), "2.0");
  });

  it("have a time by which they must be ready", async () => {
    using bench = new BuilderBench();
    putSource(bench.wheels, "slow", "2.0", waitingBuild(bench.path));
    const builder = bench.builder({ uv, buildMs: 3000 });
    const { code, message } = await refusalOf(builder.prepare(bench.ask("slow"), quiet, never));
    assert.equal(code, "EnvironmentFailed");
    assert.match(message, /not ready within 0\.05 minutes \(setting environmentBuildMinutes\)/);
    // A busy machine may not have come to the package by then.
    const begun = existsSync(join(bench.path, "pids")) ? pidsIn(bench.path) : [];
    assert.deepEqual(begun.filter(lives), []);
  });

  it("fail with the tool's own last words, and not for whoever asks later", async () => {
    using bench = new BuilderBench();
    putWheel(bench.wheels, "alpha", "1.0");
    putSource(
      bench.wheels,
      "broken",
      "1.0",
      `import os\ndef before():\n    if not os.path.exists(${JSON.stringify(join(bench.path, "go"))}): raise RuntimeError("the compiler says no")`,
    );
    const builder = bench.builder({ uv });
    const ask = bench.ask("broken");
    const heard = [new Heard(), new Heard()];
    const failed = await Promise.all(heard.map(({ log }) => refusalOf(builder.prepare(ask, log, never))));
    for (const [i, { code, message }] of failed.entries()) {
      assert.equal(code, "EnvironmentFailed");
      assert.match(message, /the compiler says no/);
      assert.match(heard[i]?.text ?? "", /the compiler says no/);
    }
    assert.deepEqual(ids(bench), []);
    const { message } = await refusalOf(builder.prepare(bench.ask("alpha==9"), quiet, never));
    assert.match(message, /^Resolving the packages failed:\n[\s\S]*alpha==9/);
    writeFileSync(join(bench.path, "go"), "");
    assert.equal(versionIn(await builder.prepare(ask, quiet, never), "broken"), "1.0");
  });

  it("are made anew when the service was killed while it made them", async () => {
    using bench = new BuilderBench();
    putSource(bench.wheels, "slow", "2.0", waitingBuild(bench.path));
    const ask = bench.ask("slow");
    const program = new URL("./testing/buildOnce.ts", import.meta.url).pathname;
    const args = ["--conditions=malachite-src", "--disable-warning=ExperimentalWarning", program];
    const service = spawn(process.execPath, [...args, bench.folder, JSON.stringify(ask), uv], {
      stdio: "inherit",
    });
    await until(() => existsSync(join(bench.path, "pids")), "the package is being built");
    service.kill("SIGKILL");
    const pids = pidsIn(bench.path);
    assert.equal(ids(bench).length, 1);
    assert.equal(await bench.builder({ uv }).has(ask, never), false);
    rmSync(join(bench.path, "pids"));
    const made = bench.builder({ uv }).prepare(ask, quiet, never);
    await until(() => existsSync(join(bench.path, "pids")), "the package is being built again");
    assert.deepEqual(pids.map(lives), [false, false]);
    writeFileSync(join(bench.path, "go"), "");
    assert.equal(versionIn(await made, "slow"), "2.0");
  });

  it("make room for each other, but never from under a run", async () => {
    using bench = new BuilderBench();
    for (const name of ["alpha", "beta", "gamma"]) putWheel(bench.wheels, name, "1.0");
    let now = Date.now();
    const used = new Set<string>();
    const builder = bench.builder({ uv, limitBytes: 1, now: () => now, inUse: async () => used });
    const first = await builder.prepare(bench.ask("alpha"), quiet, never);
    const second = await builder.prepare(bench.ask("beta"), quiet, never);
    // Both were used just now: their runs may not be written down yet.
    assert.equal(ids(bench).length, 2);
    used.add(first.id);
    now += 3600_000;
    const third = await builder.prepare(bench.ask("gamma"), quiet, never);
    assert.deepEqual(ids(bench).sort(), [first.id, third.id].sort());
    assert.equal(await builder.has(bench.ask("beta"), never), false);
    assert.notEqual(second.id, first.id);
  });

  it("are the same again from their lock, whatever is newer", async () => {
    using bench = new BuilderBench();
    putWheel(bench.wheels, "alpha", "1.0");
    const ask = bench.ask("alpha");
    const { lock } = await bench.builder({ uv }).prepare(ask, quiet, never);
    assert.match(lock ?? "", /\nalpha==1\.0 --hash=sha256:[0-9a-f]{64}\n$/);
    putWheel(bench.wheels, "alpha", "1.1");
    rmSync(bench.folder, { recursive: true });
    const builder = bench.builder({ uv });
    assert.equal(versionIn(await builder.prepare(ask, quiet, never), "alpha"), "1.1");
    const locked: EnvironmentAsk = { ...ask, ...(lock === undefined ? {} : { lock }) };
    const again = await builder.prepare(locked, quiet, never);
    assert.equal(versionIn(again, "alpha"), "1.0");
    assert.equal(again.lock, lock);
    // The environment that wrote a lock is the one that it means.
    const newest = await builder.prepare(ask, quiet, never);
    const same = await builder.prepare({ ...ask, lock: newest.lock ?? "" }, quiet, never);
    assert.equal(same.id, newest.id);
    const foreign = locked.lock?.replace(/^# platform: .*$/m, "# platform: plan9-vax") ?? "";
    const { message } = await refusalOf(builder.prepare({ ...ask, lock: foreign }, quiet, never));
    assert.match(message, /The lock is of plan9-vax/);
    assert.match(
      (await refusalOf(builder.prepare({ ...ask, lock: "x" }, quiet, never))).message,
      /not one that/,
    );
  });

  it("take files of the project, and hashes as pip does", async () => {
    using bench = new BuilderBench();
    putWheel(bench.wheels, "alpha", "1.0");
    putWheel(bench.wheels, "alpha", "1.1");
    const builder = bench.builder({ uv });
    const files: Record<string, string> = {
      "req/all.txt": "alpha  # any\n-c limits.txt\n",
      "req/limits.txt": "alpha<1.1\n",
    };
    const readProject = async (path: string) => files[path];
    const made = await builder.prepare({ ...bench.ask("-r req/all.txt"), readProject }, quiet, never);
    assert.equal(versionIn(made, "alpha"), "1.0");
    files["req/limits.txt"] = "";
    const other = await builder.prepare({ ...bench.ask("-r req/all.txt"), readProject }, quiet, never);
    assert.equal(versionIn(other, "alpha"), "1.1");
    for (const [line, words] of [
      ["-r none.txt", /reads 'none\.txt', which is no file of the project/],
      ["-r ../up.txt", /leads out of the project/],
    ] as const)
      assert.match(
        (await refusalOf(builder.check({ ...bench.ask(line), readProject }, never))).message,
        words,
      );
    const alone = await refusalOf(builder.check(bench.ask("-r req/all.txt"), never));
    assert.deepEqual([alone.code, /no project in which/.test(alone.message)], ["InvalidDefinition", true]);

    const hash = /alpha==1\.0 --hash=(\S+)/.exec(made.lock ?? "")?.[1] ?? "";
    const right = await builder.prepare(bench.ask(`alpha==1.0 --hash=${hash}`), quiet, never);
    assert.equal(versionIn(right, "alpha"), "1.0");
    const wrong = bench.ask(`alpha==1.0 --hash=sha256:${"0".repeat(64)}`);
    assert.match((await refusalOf(builder.prepare(wrong, quiet, never))).message, /hash/i);
    putWheel(bench.wheels, "beta", "1.0");
    const bare = bench.ask(`alpha==1.0 --hash=${hash}`, "beta");
    const { message } = await refusalOf(builder.prepare(bare, quiet, never));
    assert.match(message, /These have none: beta==1\.0/);
  });

  it("name the pythons that are here when none fits, and warn of another patch", async () => {
    using bench = new BuilderBench();
    const builder = bench.builder({ uv });
    const ask = (python: string): EnvironmentAsk => ({
      environment: { python: { condaDependencies: { dependencies: [python] } } },
      container: false,
    });
    for (const python of ["python=2.7", "python=3.4.1"]) {
      const { code, message } = await refusalOf(builder.check(ask(python), never));
      assert.equal(code, "InterpreterNotFound");
      assert.match(
        message,
        new RegExp(`asks for ${python.replaceAll(".", "\\.")}.*There are: 3\\.\\d+\\.\\d+ \\(/`),
      );
    }
    const version = execFileSync("python3", ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"], {
      encoding: "utf8",
    }).trim();
    const heard = new Heard();
    const made = await builder.prepare(ask(`python=${version}.99`), heard.log, never);
    assert.match(
      heard.text,
      new RegExp(`WARNING: Python ${version}\\.\\d+ is used: ${version}\\.99 is not on this machine`),
    );
    assert.equal(made.warnings?.length, 1);
    // A hit has the same warning as the build.
    assert.deepEqual(
      (await builder.prepare(ask(`python=${version}.99`), quiet, never)).warnings,
      made.warnings,
    );
  });
});
