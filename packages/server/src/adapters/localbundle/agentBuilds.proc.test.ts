// The agent with a definition that names dependencies: made by uv, or by venv and pip where there is no uv; kept; refused; stopped.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { LocalBuild } from "@malachite/core";
import { putSource, putWheel, waitingBuild } from "../environments/built/testing/packages.ts";
import { BundleFolder, job, realPython } from "./testing/bundleRun.ts";
import { StubService } from "./testing/stubService.ts";

const BUILD_LOG = "azureml-logs/20_image_build_log.txt";
const SCRIPT =
  "import alpha, shutil, sys\nprint(alpha.VERSION, sys.prefix, shutil.which('python'), shutil.which('alpha-tool'))\n";

/** The same of a tool that may be missing here, with the reason. */
function orReason<T>(make: () => T): { readonly value?: T; readonly reason?: string } {
  try {
    return { value: make() };
  } catch (error) {
    return { reason: String(error).split("\n").slice(0, 2).join(" ") };
  }
}

describe("an environment on the machine of a local run", () => {
  const path = mkdtempSync(join(tmpdir(), "malachite-agent-builds-"));
  const wheels = join(path, "wheels");
  const version = execFileSync(realPython, ["-c", "import sys; print(*sys.version_info[:3], sep='.')"], {
    encoding: "utf8",
  }).trim();
  const [major = 3, minor = 0, patch = 0] = version.split(".").map(Number);
  let uv: { readonly value?: string; readonly reason?: string } = {};
  let venv: { readonly value?: unknown; readonly reason?: string } = {};
  before(() => {
    putWheel(wheels, "alpha", "1.0");
    venv = orReason(() => execFileSync(realPython, ["-m", "venv", join(path, "try")], { stdio: "pipe" }));
    uv = orReason(() => {
      const target = ["--target", join(path, "uv"), "--no-deps", "--quiet", "uv"];
      execFileSync("python3", ["-m", "pip", "install", ...target], { stdio: "pipe" });
      return join(path, "uv", "bin");
    });
  });
  after(() => rmSync(path, { recursive: true, force: true }));

  const build = (pip: readonly string[], python: LocalBuild["python"] = []): LocalBuild => ({
    python,
    asked: "=3",
    pip: ["--no-index", `--find-links ${wheels}`, ...pip],
  });
  const cacheOf = (name: string) => ({ XDG_CACHE_HOME: join(path, name), HOME: path });
  const made = (name: string) =>
    readdirSync(join(path, name, "malachite", "environments")).filter((one) => !/\.(lock|use)$/.test(one));
  const pathWith = (...folders: readonly string[]) => {
    const bin = mkdtempSync(join(path, "bin-"));
    symlinkSync(realPython, join(bin, "python3"));
    return { PATH: [bin, ...folders].join(delimiter) };
  };

  for (const tool of ["venv", "uv"] as const)
    it(`is made once by ${tool}, and runs the script`, async (t) => {
      const { reason } = tool === "uv" ? uv : venv;
      if (reason !== undefined) return t.skip(reason);
      await using stub = new StubService();
      using folder = new BundleFolder();
      folder.file("train.py", SCRIPT);
      folder.file("req/more.txt", "alpha  # what else\n-c limits.txt\n");
      folder.file("req/limits.txt", "alpha<2\n");
      const env = { ...cacheOf(tool), ...pathWith(...(tool === "uv" && uv.value ? [uv.value] : [])) };
      const url = await stub.listen();
      const wanted = build(["-r req/more.txt"], [[{ op: "=", version: [major, minor] }]]);
      await folder.unpack(job(url, { build: wanted }));
      const first = await folder.start(env).ended;
      assert.equal(first.code, 0, first.stderr + (stub.text(BUILD_LOG) ?? ""));
      const [environment] = made(tool);
      const prefix = join(path, tool, "malachite", "environments", environment ?? "");
      const told = `1.0 ${prefix} ${join(prefix, "bin/python")} ${join(prefix, "bin/alpha-tool")}\n`;
      assert.equal(stub.text("user_logs/std_log.txt"), told);
      assert.match(stub.text(BUILD_LOG) ?? "", /alpha[-=]*=?=?1\.0/);
      assert.match(stub.text(BUILD_LOG) ?? "", /The environment is ready/);

      stub.status = "NotStarted";
      stub.files.clear();
      await folder.unpack(job(url, { build: wanted, runId: "run_2" }));
      assert.equal((await folder.start(env).ended).code, 0);
      assert.equal(stub.text("user_logs/std_log.txt"), told);
      assert.equal(stub.text(BUILD_LOG), undefined);
      assert.equal(made(tool).length, 1);
    });

  it("goes when no run has used it for 30 days, and never while one does", async (t) => {
    if (venv.reason !== undefined) return t.skip(venv.reason);
    const env = { ...cacheOf("old"), ...pathWith() };
    const environments = join(path, "old", "malachite", "environments");
    const run = async (pip: readonly string[], script: string) => {
      const stub = new StubService();
      const folder = new BundleFolder();
      folder.file("train.py", script);
      await folder.unpack(job(await stub.listen(), { build: build(pip) }));
      const { ended } = folder.start(env);
      const finish = async () => {
        writeFileSync(join(folder.path, "go"), "");
        const { code, stderr } = await ended;
        assert.equal(code, 0, stderr);
        folder[Symbol.dispose]();
        await stub[Symbol.asyncDispose]();
      };
      return { stub, folder, finish };
    };
    const waits =
      "import os, time\nopen('up', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.05)\n";
    const first = await run(["alpha"], waits);
    await first.stub.until("the script is up", () => existsSync(join(first.folder.path, "up")));
    const [used = ""] = made("old");
    const age = (name: string) => {
      const long = Date.now() / 1000 - 31 * 24 * 3600;
      utimesSync(join(environments, name, "malachite-ready"), long, long);
    };
    age(used);
    await (await run([], "print(1)\n")).finish();
    assert.equal(made("old").length, 2, "a run uses it");
    await first.finish();
    await (await run(["alpha"], "import alpha\n")).finish();
    await (await run([], "print(1)\n")).finish();
    assert.equal(made("old").length, 2, "one has used it since");
    age(used);
    await (await run([], "print(1)\n")).finish();
    assert.equal(made("old").length, 1);
    assert.deepEqual(
      readdirSync(environments).filter((name) => name.startsWith(used)),
      [],
    );
    await (await run(["alpha"], "import alpha\n")).finish();
    assert.deepEqual(made("old").includes(used), true, "made anew");
  });

  it("is told to be of another patch, and refused where no minor fits", async (t) => {
    if (venv.reason !== undefined) return t.skip(venv.reason);
    await using stub = new StubService();
    using folder = new BundleFolder();
    folder.file("train.py", "print('ran')\n");
    const url = await stub.listen();
    const env = { ...cacheOf("patch"), ...pathWith() };
    const other = patch === 99 ? 98 : 99;
    await folder.unpack(
      job(url, { build: { python: [[{ op: "=", version: [major, minor, other] }]], pip: [] } }),
    );
    const { code, stderr } = await folder.start(env).ended;
    assert.equal(code, 0, stderr);
    const warning = stub.events.find(({ name }) => name.endsWith("Warning"));
    assert.match(
      String(warning?.data.Message),
      new RegExp(`Python ${version} is used: ${major}\\.${minor}\\.${other} is not`),
    );
    stub.status = "NotStarted";
    await folder.unpack(
      job(url, {
        runId: "run_2",
        build: { python: [[{ op: "=", version: [3, 1] }]], asked: "=3.1", pip: [] },
      }),
    );
    assert.equal((await folder.start(env).ended).code, 127);
    assert.match(
      stub.error().message,
      new RegExp(`asks for python=3\\.1, and this machine has none that fits\\. There are: .*${version}`),
    );
  });

  it("is made by the conda of that machine where conda packages are asked for, and refused by name where there is none", async (t) => {
    if (venv.reason !== undefined) return t.skip(venv.reason);
    await using stub = new StubService();
    using folder = new BundleFolder();
    folder.file(
      "train.py",
      `import alpha, os, sys\nprint(alpha.VERSION, os.environ["CONDA_PREFIX"] == sys.prefix)\n`,
    );
    const url = await stub.listen();
    const conda = {
      channels: ["https://me:s3cret@c.example/t/abcdefgh-1234/main"],
      packages: ["python=3.8", "thing=1"],
    };
    const wanted = { ...build(["alpha"]), conda };
    await folder.unpack(job(url, { build: wanted }));
    const cache = cacheOf("conda");
    assert.equal((await folder.start({ ...cache, ...pathWith() }).ended).code, 125);
    assert.match(
      stub.error().message,
      /conda packages \(python=3\.8, thing=1\), and none of micromamba, mamba, conda is on the PATH of this machine/,
    );
    // No real conda is at hand: one that tells what it was asked, and makes the prefix as conda would.
    const bin = mkdtempSync(join(path, "conda-"));
    writeFileSync(
      join(bin, "mamba"),
      `#!/bin/sh\necho "mamba was asked: $*"\nshift 3\nexec ${realPython} -m venv "$1"\n`,
      { mode: 0o755 },
    );
    for (const runId of ["run_2", "run_3"]) {
      stub.status = "NotStarted";
      stub.files.clear();
      await folder.unpack(job(url, { build: wanted, runId }));
      const { code, stderr } = await folder.start({ ...cache, ...pathWith(bin) }).ended;
      assert.equal(code, 0, stderr + (stub.text(BUILD_LOG) ?? ""));
      assert.equal(stub.text("user_logs/std_log.txt"), "1.0 True\n");
      const log = stub.text(BUILD_LOG);
      if (runId === "run_3") assert.equal(log, undefined);
      else {
        assert.match(
          log ?? "",
          /mamba was asked: create --yes --prefix \S+ --override-channels --channel https:\/\/c\.example\/t\/\*{4}\/main python=3\.8 thing=1\n/,
        );
        assert.doesNotMatch(log ?? "", /s3cret/);
      }
    }
  });

  it("that fails is the run's error with the tool's words, without passwords", async (t) => {
    if (venv.reason !== undefined) return t.skip(venv.reason);
    await using stub = new StubService();
    using folder = new BundleFolder();
    folder.file("train.py", "print('ran')\n");
    const pip = ["no-such-thing==1", "--find-links http://me:s3cret@127.0.0.1:9/"];
    await folder.unpack(job(await stub.listen(), { build: build(pip) }));
    const { code } = await folder.start({ ...cacheOf("fails"), ...pathWith(), PIP_RETRIES: "0" }).ended;
    assert.equal(code, 125);
    assert.deepEqual(stub.story(), ["Start", "Error", "Failed"]);
    assert.match(stub.error().message, /The environment could not be made:[\s\S]*no-such-thing==1/);
    const all = `${stub.error().message}${stub.text(BUILD_LOG)}`;
    assert.doesNotMatch(all, /s3cret/);
    assert.match(all, /127\.0\.0\.1:9/);
  });

  it("is given up when the run is canceled, and begun anew by the next", async (t) => {
    if (uv.value === undefined) return t.skip(uv.reason);
    await using stub = new StubService();
    using folder = new BundleFolder();
    folder.file("train.py", "import slow\nprint(slow.VERSION)\n");
    const waiting = mkdtempSync(join(path, "slow-"));
    putSource(wheels, "slow", "2.0", waitingBuild(waiting));
    const url = await stub.listen();
    const env = { ...cacheOf("slow"), ...pathWith(uv.value) };
    await folder.unpack(job(url, { build: build(["slow"]) }));
    const { ended } = folder.start(env);
    await stub.until("the package is being built", () => existsSync(join(waiting, "pids")));
    const pids = readFileSync(join(waiting, "pids"), "utf8").split(" ").map(Number);
    stub.becomes("CancelRequested");
    assert.equal((await ended).code, 143);
    assert.deepEqual(stub.story(), ["Start", "Canceled"]);
    for (const pid of pids)
      assert.ok(!existsSync(`/proc/${pid}`) || /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1")));
    writeFileSync(join(waiting, "go"), "");
    stub.status = "NotStarted";
    await folder.unpack(job(url, { build: build(["slow"]), runId: "run_2" }));
    const second = await folder.start(env).ended;
    assert.equal(second.code, 0, second.stderr);
    assert.equal(stub.text("user_logs/std_log.txt"), "2.0\n");
  });
});
