// The agent with scripts that end by themselves: what the service is told, and what it gets.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { storedZip } from "./storedZip.ts";
import { BundleFolder, job, realShell } from "./testing/bundleRun.ts";
import { StubService } from "./testing/stubService.ts";

for (const shell of ["dash", "bash"]) {
  const at = realShell(shell);
  test(`a run completes, started by ${shell}`, {
    skip: at === undefined && `${shell} is not here`,
  }, async () => {
    await using stub = new StubService();
    using folder = new BundleFolder({ shell: at ?? "" });
    folder.file(
      "train.py",
      `import os, sys
print("hello", flush=True)
print("to stderr", file=sys.stderr)
os.write(1, b"\\xff\\x00raw")
open("outputs/a b ü.txt", "w").write("kept")
os.makedirs("outputs/sub"); open("outputs/sub/empty", "w").close()
open("logs/train.log", "w").write("step")
assert "AZUREML_TARGET_TYPE" not in os.environ
assert os.getcwd() == os.path.realpath(os.path.dirname(os.path.abspath(__file__)))
`,
    );
    await folder.unpack(job(await stub.listen()));
    const { code, stdout, stderr } = await folder.start({}, ["--snapshots", '[{"Id":"x"}]']).ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual(stub.story(), ["Start", "Completed"]);
    assert.equal(stub.event("Start")?.data.RunId, "run_1");
    assert.match(String(stub.event("Completed")?.data.EndTime), /^\d{4}-.*Z$/);
    const log = stub.files.get("user_logs/std_log.txt");
    assert.deepEqual(log, Buffer.from("hello\nto stderr\n\xff\x00raw", "latin1"));
    assert.deepEqual(stdout, log);
    assert.deepEqual(readFileSync(join(folder.path, "azureml-logs/70_driver_log.txt")), log);
    assert.equal(stub.text("outputs/a b ü.txt"), "kept");
    assert.equal(stub.text("outputs/sub/empty"), "");
    assert.equal(stub.text("logs/train.log"), "step");
    assert.equal(statSync(join(folder.path, "azureml-setup/job.json")).mode & 0o777, 0o600);
    const wire = stub.requests[0];
    assert.ok(wire?.path.endsWith("/workspaces/ws1/experiments/exp%2F%C3%BC/runs/run_1"), wire?.path);
    const again = await folder.start().ended;
    assert.equal(again.code, 125);
    assert.match(again.stderr, /run_1 has ended as Completed/);
    assert.deepEqual(stub.story(), ["Start", "Completed"]);
  });
}

test("arguments and variables reach the script as they are, and the job's win over the caller's", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  const values = [
    "",
    " ",
    "a'b\"c",
    "two\nlines",
    "$(touch x) `y` $HOME %PATH% !",
    "ü漢🙂",
    "\\",
    "--",
    "EOF",
  ];
  folder.file(
    "train.py",
    `import json, os, sys
names = [n for n in os.environ if n.startswith(("V", "AZUREML", "CALLER"))]
json.dump([sys.argv[1:], {n: os.environ[n] for n in names}], open("outputs/seen.json", "w"))
`,
  );
  const variables = Object.fromEntries(values.map((value, i) => [`V${i}`, value]));
  const what = job(await stub.listen(), {
    arguments: values,
    environmentVariables: { ...variables, AZUREML_RUN_ID: "run_1", CALLER: "definition" },
  });
  await folder.unpack(what);
  const { code, stderr } = await folder.start({ LC_ALL: "C.UTF-8", CALLER: "caller", CALLER2: "kept" }).ended;
  assert.equal(code, 0, stderr);
  const [args, seen] = JSON.parse(stub.text("outputs/seen.json") ?? "[]") as [
    string[],
    Record<string, string>,
  ];
  assert.deepEqual(args, values);
  assert.deepEqual(seen, {
    ...variables,
    CALLER: "definition",
    CALLER2: "kept",
    AZUREML_RUN_ID: "run_1",
    AZUREML_RUN_TOKEN: "token-1",
    AZUREML_RUN_TOKEN_EXPIRY: new Date(what.tokenExpiresAt).toISOString(),
  });
});

test("mlflow gets the token where it is to log to this service, and the certificates that this machine trusts", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file(
    "train.py",
    `import json, os
seen = {n: os.environ.get(n) for n in ("MLFLOW_TRACKING_TOKEN", "REQUESTS_CA_BUNDLE")}
bundle = seen["REQUESTS_CA_BUNDLE"]
if bundle.startswith(os.getcwd()):
    seen["ours"] = open(bundle).read().rstrip().endswith("OUR AUTHORITY")
json.dump(seen, open("outputs/seen.json", "w"))
`,
  );
  const url = await stub.listen();
  const environmentVariables = { MLFLOW_TRACKING_URI: `${url}/mlflow/v1.0/x` };
  const seen = async (env: Record<string, string>) => {
    assert.equal((await folder.start(env).ended).code, 0);
    return JSON.parse(stub.text("outputs/seen.json") ?? "");
  };
  await folder.unpack(job(url, { environmentVariables }), "OUR AUTHORITY");
  const first = await seen({});
  assert.deepEqual([first.MLFLOW_TRACKING_TOKEN, first.ours], ["token-1", true]);
  await folder.unpack(job(url, { runId: "run_2" }), "OUR AUTHORITY");
  stub.status = "NotStarted";
  const second = await seen({ REQUESTS_CA_BUNDLE: "/the/callers.pem" });
  assert.deepEqual(second, { MLFLOW_TRACKING_TOKEN: null, REQUESTS_CA_BUNDLE: "/the/callers.pem" });
});

test("a run of the v1 SDK: the log under the name that it knows, and the project as the SDK laid it", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("a b/ü.py", "import sys, __main__\nprint(sys.argv, __main__.__file__, sys.path[0])\n");
  await folder.unpack(
    job(await stub.listen(), { log: "azureml-logs/70_driver_log.txt", script: "a b/ü.py" }),
  );
  const { code, stdout } = await folder.start({ LC_ALL: "C.UTF-8" }).ended;
  assert.equal(code, 0);
  const log = stub.text("azureml-logs/70_driver_log.txt") ?? "";
  assert.equal(stdout.toString(), log);
  assert.match(log, /^\['a b\/ü.py'\] .*a b\/ü.py .*\/a b\n$/);
  assert.equal(readFileSync(join(folder.path, "user_logs/std_log.txt"), "utf8"), log);
  assert.deepEqual([...stub.files.keys()], ["azureml-logs/70_driver_log.txt"]);
});

test("a command is a line for the shell, and its python is the run's", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("my bin/python", '#!/bin/sh\necho mine "$@"\n');
  chmodSync(join(folder.path, "my bin/python"), 0o755);
  const command = "python a.py 'x y' && echo $V > outputs/v; exit 7";
  const what = job(await stub.listen(), {
    script: "",
    command,
    besideProject: true,
    interpreterPath: "my bin/python",
    environmentVariables: { V: "a  b" },
  });
  await folder.unpack(what);
  const { code, stdout } = await folder.start().ended;
  assert.equal(code, 7);
  assert.equal(stdout.toString(), "mine a.py x y\n");
  assert.equal(stub.text("outputs/v"), "a b\n");
  assert.match(stub.error().message, /exit code 7/);
});

test("a preparation looks for the interpreter and runs nothing", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "open('ran', 'w')\n");
  const url = await stub.listen();
  await folder.unpack(job(url, { only: "prepare" }));
  assert.equal((await folder.start().ended).code, 0);
  assert.deepEqual(stub.story(), ["Start", "Completed"]);
  assert.match(stub.text("user_logs/std_log.txt") ?? "", /would be run by .*python/);
  stub.status = "NotStarted";
  stub.events.length = 0;
  await folder.unpack(job(url, { only: "prepare", runId: "run_2", interpreterPath: "/no/python" }));
  assert.equal((await folder.start().ended).code, 127);
  assert.deepEqual(stub.story(), ["Start", "Error", "Failed"]);
  assert.match(stub.error().message, /\/no\/python/);
  assert.throws(() => readFileSync(join(folder.path, "ran")));
});

test("a script that fails: the traceback is the run's error, outputs come all the same", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file(
    "train.py",
    `open("outputs/half", "w").write("x")\nraise ValueError("no such thing token-1")\n`,
  );
  await folder.unpack(job(await stub.listen()));
  const { code } = await folder.start().ended;
  assert.equal(code, 1);
  assert.deepEqual(stub.story(), ["Start", "Error", "Failed"]);
  const error = stub.error();
  assert.equal(error.code, "UserError");
  assert.match(error.message, /^The script ended with exit code 1\.\nTraceback \(most recent call last\):\n/);
  assert.match(error.message, /ValueError: no such thing \*\*\*$/);
  assert.equal(stub.text("outputs/half"), "x");
});

test("a script that a signal ends is told by the signal's name", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n");
  await folder.unpack(job(await stub.listen()));
  assert.equal((await folder.start().ended).code, 139);
  assert.match(stub.error().message, /ended by SIGSEGV \(signal 11\)/);
});

const unstartable = [
  ["the script is missing", {}, 125, "ScriptNotFound", /'train.py' is not in/],
  ["the script is outside", { script: "../x.py" }, 125, "ScriptNotFound", /not a path in/],
  ["no such interpreter", { interpreterPath: "/no/python" }, 127, "InterpreterNotFound", /'\/no\/python'/],
  ["an argument with NUL", { arguments: ["a\0b"] }, 126, "StartFailed", /could not be started/],
  [
    "too long an argument",
    { arguments: ["x".repeat(3_000_000)] },
    126,
    "StartFailed",
    /could not be started/,
  ],
  ["a variable's name with =", { environmentVariables: { "A=B": "c" } }, 126, "StartFailed", /could not be/],
] as const;
for (const [name, more, exitCode, inner, text] of unstartable) {
  test(`not startable: ${name}`, async () => {
    await using stub = new StubService();
    using folder = new BundleFolder();
    if (inner !== "ScriptNotFound") folder.file("train.py", "print(1)");
    await folder.unpack(job(await stub.listen(), more));
    const { code, stderr } = await folder.start().ended;
    assert.equal(code, exitCode, stderr);
    assert.equal(stub.status, "Failed");
    assert.equal(stub.error().innerError?.code, inner);
    assert.match(stub.error().message, text);
  });
}

test("the project is fetched, unpacked with its modes, and never over the setup folder", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  const entry = (path: string, text: string, mode = 0o644) => ({ path, mode, bytes: Buffer.from(text) });
  const zip: Uint8Array[] = [];
  for await (const block of storedZip([
    entry("train.py", "import lib.help, os\nprint(lib.help.x, os.access('tool', os.X_OK))\n"),
    entry("lib/help.py", "x = 'helped'\n"),
    entry("tool", "#!/bin/sh\n", 0o755),
    entry("azureml-setup/agent.py", "raise SystemExit('replaced')"),
  ]))
    zip.push(block);
  stub.snapshot = Buffer.concat(zip);
  const snapshotId = "22222222-2222-2222-2222-222222222222";
  await folder.unpack(job(await stub.listen(), { snapshotId, interpreterPath: "python" }));
  const { code, stderr } = await folder.start().ended;
  assert.equal(code, 0, stderr);
  assert.equal(stub.text("user_logs/std_log.txt"), "helped True\n");
  assert.ok(stub.requests.some((request) => request.path.endsWith(`/snapshots/${snapshotId}/zip`)));
});

for (const path of ["../evil.py", "/evil.py", "a/../../evil.py", "a\\..\\evil.py", "C:/evil.py"]) {
  test(`a project with the path ${path} is refused`, async () => {
    await using stub = new StubService();
    using folder = new BundleFolder();
    const zip: Uint8Array[] = [];
    for await (const block of storedZip([{ path, mode: 0o644, bytes: Buffer.from("x") }])) zip.push(block);
    stub.snapshot = Buffer.concat(zip);
    await folder.unpack(job(await stub.listen(), { snapshotId: "22222222-2222-2222-2222-222222222222" }));
    assert.equal((await folder.start().ended).code, 125);
    assert.match(stub.error().message, /leads outside/);
    assert.equal(stub.status, "Failed");
  });
}

test("what cannot be sent is told in a warning and does not fail the run", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "import os\nos.mkfifo('outputs/pipe')\nopen('outputs/good', 'w').write('1')\n");
  folder.file("secret", "not to be sent");
  folder.file("outputs/x", "");
  symlinkSync(join(folder.path, "secret"), join(folder.path, "outputs", "link"));
  stub.misbehave = ({ query }) => (query.get("path") === "outputs/x" ? 400 : undefined);
  await folder.unpack(job(await stub.listen(), { directoriesToWatch: ["../elsewhere", "/etc"] }));
  const { code, stderr } = await folder.start().ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(stub.story(), ["Start", "Warning", "Completed"]);
  const message = String(stub.event("Warning")?.data.Message);
  for (const name of [
    "outputs/pipe",
    "outputs/link",
    "outputs/x: 400: the stub says 400",
    "../elsewhere",
    "/etc",
  ])
    assert.ok(message.includes(name), message);
  assert.deepEqual([...stub.files.keys()].sort(), ["outputs/good", "user_logs/std_log.txt"]);
});

test("nothing but the log is sent when outputCollection is false", async () => {
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "open('outputs/a', 'w').close(); open('logs/b', 'w').close()");
  await folder.unpack(job(await stub.listen(), { outputCollection: false }));
  assert.equal((await folder.start().ended).code, 0);
  assert.deepEqual([...stub.files.keys()].sort(), ["user_logs/std_log.txt"]);
});
