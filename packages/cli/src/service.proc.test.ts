// The commands against a real service: a run's whole way, seen through the command line alone.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../bin/malachite.js", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "malachite-service-"));
const project = join(home, "project");
let service: ChildProcess;
let endpoint = "";

type End = { code: number | null; stdout: string; stderr: string };
type Started = { child: ChildProcess; end: Promise<End>; read: { stdout: string; stderr: string } };

function start(args: readonly string[]): Started {
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: home,
    ...(endpoint === "" ? {} : { MALACHITE_ENDPOINT: endpoint }),
  };
  const child = spawn(process.execPath, [BIN, ...args], { env, cwd: home });
  const read = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    read.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    read.stderr += chunk;
  });
  const { promise, resolve } = Promise.withResolvers<End>();
  child.once("close", (code) => resolve({ code, ...read }));
  return { child, end: promise, read };
}
const malachite = (...args: string[]): Promise<End> => start(args).end;

/** Waits until a process has written what is looked for. */
async function seen({ child, read }: Started, words: RegExp): Promise<RegExpExecArray> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const found = words.exec(read.stdout);
    if (found !== null) return found;
    assert.ok(
      Date.now() < deadline && child.exitCode === null,
      `${words} was not seen: ${JSON.stringify(read)}`,
    );
    await new Promise((resolve) => {
      child.stdout?.once("data", resolve);
      child.once("exit", resolve);
      setTimeout(resolve, 500).unref();
    });
  }
}

before(async () => {
  mkdirSync(project);
  writeFileSync(
    join(project, "train.py"),
    `import os, sys, time
print("arguments", sys.argv[1:], os.environ.get("FLAVOUR"), flush=True)
os.makedirs("outputs", exist_ok=True)
open("outputs/result.txt", "w").write("done")
if "--sleep" in sys.argv:
    time.sleep(600)
sys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
`,
  );
  const up = start(["up", "--port", "0", "--data", join(home, "data"), "--target", "named=process"]);
  service = up.child;
  endpoint = (await seen(up, /takes work at (\S+)/))[1] ?? "";
});
after(async () => {
  const gone = new Promise((resolve) => service.once("exit", resolve));
  service.kill("SIGTERM");
  await gone;
  rmSync(home, { recursive: true, force: true });
});

test("submit prints the run's id alone, and --wait ends with the script's exit code", async () => {
  const { code, stdout, stderr } = await malachite(
    "submit",
    "project",
    "--wait",
    "--env",
    "FLAVOUR=plum",
    "--",
    "42",
  );
  assert.equal(code, 42, stderr);
  assert.match(stdout, /^project_\w+\n$/);
  const run = stdout.trim();

  const log = await malachite("logs", run);
  assert.equal(log.stdout, "arguments ['42'] plum\n");

  const shown = JSON.parse((await malachite("show", run, "-o", "json")).stdout);
  assert.equal(shown.status, "Failed");
  assert.equal(shown.properties["malachite.exitCode"], "42");
  assert.ok(shown.story.length > 3);

  const why = await malachite("why", run);
  assert.equal(why.code, 0);
  assert.match(why.stdout, /exit code 42/);
});

test("submit --follow writes the log to stdout and nothing else", async () => {
  const { code, stdout, stderr } = await malachite("submit", "project", "--follow");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "arguments [] None\n");
});

test("a target that is added is there at once, with the reason where it is not usable", async () => {
  const here = ["--data", join(home, "data")];
  const added = await malachite("target", "add", "night", "process", "runsAtOnce=1", ...here);
  assert.deepEqual([added.code, added.stdout], [0, "night (process): usable\n"], added.stderr);
  const again = await malachite("target", "add", "night", "process", ...here);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /'night' already.*--replace/);
  const replaced = await malachite(
    "target",
    "add",
    "night",
    "process",
    "memoryMiB=0.5",
    "--replace",
    ...here,
  );
  assert.equal(replaced.code, 1, replaced.stderr);
  assert.match(
    replaced.stdout,
    /^night \(process\): not usable\n {2}Option memoryMiB .* whole number of MiB/,
  );
  // Without a folder or a file it is the service that answers which writes it, wherever that is.
  const there = await malachite("target", "add", "day", "process", "runsAtOnce=2");
  assert.deepEqual([there.code, there.stdout], [0, "day (process): usable\n"], there.stderr);
  assert.match(there.stderr, /'day' is in .*malachite\.yaml of the service\./);
  assert.match(
    readFileSync(join(home, "data", "malachite.yaml"), "utf8"),
    /day: \{ kind: process, runsAtOnce: 2 \}/,
  );
  const taken = await malachite("target", "add", "day", "slurm");
  assert.notEqual(taken.code, 0);
  assert.match(taken.stderr, /'day' already/);
  const unknown = await malachite("target", "add", "lab", "slurm", "gpus=2");
  assert.equal(unknown.code, 1, unknown.stderr);
  assert.match(unknown.stdout, /^lab \(slurm\): not usable\n {2}Option gpus .* Did you mean 'gpusPerNode'\?/);
  // Of what is refused since it is shown to everybody, the secret is not shown.
  const login = await malachite(
    "target",
    "add",
    "mine",
    "process",
    "packageIndex=https://me:pw@index.lab/simple",
  );
  assert.equal(login.code, 1, login.stderr);
  assert.match(login.stdout, /^mine \(process\): not usable\n {2}Option packageIndex .* holds a login/);
  assert.match(login.stdout, /https:\/\/\*\*\*@index\.lab/);
  const checked = await malachite("target", "check", "local");
  assert.deepEqual([checked.code, checked.stdout], [0, "local (process): usable\n"]);
  assert.equal((await malachite("target", "check")).code, 1);
  assert.equal((await malachite("target", "check", "nowhere")).code, 5);
});

test("list, download and target list speak JSON when asked", async () => {
  const run = (
    await malachite("submit", "project", "--wait", "--tag", "a=b", "--name", "a name")
  ).stdout.trim();
  const [newest] = JSON.parse((await malachite("list", "-n", "1", "-o", "json")).stdout);
  assert.equal(newest.runId, run);
  assert.deepEqual(newest.tags, { a: "b" });
  assert.equal(newest.displayName, "a name");
  const { files } = JSON.parse((await malachite("download", run, "--to", "got", "-o", "json")).stdout);
  assert.ok(files.some(({ path }: { path: string }) => path === "outputs/result.txt"));
  assert.equal(readFileSync(join(home, "got/outputs/result.txt"), "utf8"), "done");
  const targets = JSON.parse((await malachite("target", "list", "-o", "json")).stdout);
  assert.ok(
    targets.some(({ name, usable }: { name: string; usable: boolean }) => name === "local" && usable),
  );
});

test("Ctrl-C detaches and says how to come back; the run goes on until it is canceled", async () => {
  const run = (await malachite("submit", "project", "--", "0", "--sleep")).stdout.trim();
  const following = start(["logs", "-f", run]);
  await seen(following, /arguments/);
  following.child.kill("SIGINT");
  const { code, stderr } = await following.end;
  assert.equal(code, 130, stderr);
  assert.match(stderr, new RegExp(`malachite logs -f ${run}`));
  const running = JSON.parse((await malachite("show", run, "-o", "json")).stdout);
  assert.equal(running.status, "Running");

  const canceled = await malachite("cancel", "--wait", run);
  assert.equal(canceled.code, 0, canceled.stderr);
  assert.match(canceled.stderr, /: Canceled/);
  assert.equal((await malachite("cancel", run)).code, 0, "canceling twice is no error");
});

test("what the service refuses is one paragraph with every property at fault", async () => {
  writeFileSync(join(project, "bad.runconfig"), "script: train.py\npriority: 5000\nnodeCount: 0\n");
  const { code, stdout, stderr } = await malachite("submit", "project", "-c", "bad");
  assert.equal(code, 1);
  assert.match(stderr, /configuration\.priority/);
  assert.match(stderr, /configuration\.nodeCount/);
  assert.equal(stdout, "");
  const target = await malachite("submit", "project", "--target", "nowhere");
  assert.equal(target.code, 1);
  assert.match(target.stderr, /local/);
});

test("what is not there is exit code 5, a wrong token 4", async () => {
  for (const command of ["show", "why", "cancel", "logs", "download"]) {
    const { code, stderr } = await malachite(command, "no-such-run");
    assert.equal(code, 5, `${command}: ${stderr}`);
  }
  assert.equal((await malachite("list", "--token", "wrong")).code, 4);
});

test("a second service on the same data folder is refused by name", async () => {
  const { code, stderr } = await malachite("up", "--port", "0", "--data", join(home, "data"));
  assert.equal(code, 1);
  assert.match(stderr, /data/);
});
