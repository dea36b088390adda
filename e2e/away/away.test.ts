// Runs on a machine that shares nothing with the service: they get what they are made of from it and send everything home by
// themselves, whoever is killed and wherever a connection is cut.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { cuttingProxy } from "../support/cuttingProxy.ts";
import { isInUse } from "../support/isInUse.ts";
import { cancel, ended, fileOf, getRun, keyStart, processesOf, says, submit } from "../support/runs.ts";
import { ROOT, Service, SOURCE, until, workspacePath } from "../support/service.ts";
import { Signs } from "../support/signs.ts";

/** How much a run prints in the test of a long log. */
const LONG_LOG = Number(process.env.LONG_LOG_BYTES ?? 128 * 1024 * 1024);

describe("runs on a machine that shares nothing with the service", () => {
  const far = mkdtempSync(join(tmpdir(), "malachite-far-"));
  const program = [...SOURCE, join(ROOT, "e2e/support/awayService.ts")];
  let service: Service;

  before(async () => {
    service = await Service.start({ program, env: { FAR: far, PATH: process.env.PATH ?? "" } });
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    rmSync(far, { recursive: true, force: true });
  });

  const start = (
    script: string,
    configuration: Record<string, unknown> = {},
    files: Record<string, string> = {},
  ): Promise<string> =>
    submit(service, {
      files: { "main.py": script, ...files },
      configuration: { target: "far", ...configuration },
    });
  const text = async (runId: string, path?: string): Promise<string> =>
    (await fileOf(service, runId, path)).toString("utf8");
  const filesOf = async (runId: string): Promise<string[]> =>
    (
      await service.json<{ value: { path: string }[] }>(
        "GET",
        `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/dcid.${runId}`,
      )
    ).value.map(({ path }) => path);

  it("gets its project, its arguments and its variables, and its log and outputs come home", async () => {
    const script = [
      "import os, sys",
      "print(sys.argv[1:], open('in/data.txt').read(), os.getcwd(), flush=True)",
      "os.makedirs('outputs/a b')",
      "open('outputs/a b/ü\\u2028.txt', 'w').write('there')",
      "open('outputs/empty', 'w').close()",
      "open('logs/own.log', 'w').write('mine\\n')",
      "print(os.environ['GIVEN'], 'AZUREML_RUN_TOKEN' in os.environ, flush=True)",
    ].join("\n");
    const runId = await start(
      script,
      { arguments: ["--x", "a 'b' $c\nd"], environmentVariables: { GIVEN: 'a "b" é' } },
      { "in/data.txt": "from the project" },
    );
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    const log = await text(runId);
    assert.ok(log.includes(`['--x', "a 'b' $c\\nd"] from the project ${far}/runs/`), log);
    assert.match(log, /a "b" é True/);
    assert.equal(await text(runId, "outputs/a b/ü\u2028.txt"), "there");
    assert.equal(await text(runId, "outputs/empty"), "");
    assert.equal(await text(runId, "logs/own.log"), "mine\n");
  });

  it("shows lines while the run goes on, and ends its whole tree when it is canceled", async () => {
    const script = [
      "import subprocess, sys, time",
      "subprocess.Popen([sys.executable, '-c', 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)'], start_new_session=True)",
      "print('begun', flush=True)",
      "try:",
      "    time.sleep(600)",
      "finally:",
      "    print('never said', flush=True)",
    ].join("\n");
    const runId = await start(script);
    await says(service, runId, "begun");
    await cancel(service, runId);
    assert.equal((await ended(service, runId)).status, "Canceled");
    await until("all its processes to be gone", () => processesOf(runId).length === 0);
    assert.equal(await text(runId), "begun\n");
  });

  it("makes the environment there, and shows how", async () => {
    using signs = new Signs();
    const environment = {
      python: {
        condaDependencies: { dependencies: ["python>=3.6", { pip: ["malachite-no-such-package==9.9"] }] },
      },
    };
    const failed = await ended(service, await start("print('no')", { environment }));
    assert.equal(failed.status, "Failed");
    assert.match(JSON.stringify(failed.error), /environment could not be made.*malachite-no-such-package/i);
    const built = { python: { condaDependencies: { dependencies: ["python>=3.6"] } } };
    const script = [
      "import os, sys, time",
      "print(sys.prefix == os.environ['VIRTUAL_ENV'], sys.prefix, flush=True)",
      signs.waitsFor("go"),
    ].join("\n");
    const runId = await start(script, { environment: built });
    const [prefix = ""] = (await says(service, runId, /^True .*\n/)).trim().split(" ").slice(1);
    assert.equal(isInUse(prefix), true);
    signs.give("go");
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    assert.match(await text(runId), new RegExp(`^True ${far}/cache/environments/`));
    assert.match(await text(runId, "azureml-logs/20_image_build_log.txt"), /The environment is ready/);
    await until("nobody to use it", () => !isInUse(prefix));
  });

  it("goes on without the service, and loses and doubles no byte when that is killed", async () => {
    const script = [
      "import sys, time",
      "for i in range(400):",
      "    print('line', i, 'x' * 200, flush=True)",
      "    time.sleep(0.01)",
      "open('outputs/end.txt', 'w').write('end')",
    ].join("\n");
    const runId = await start(script);
    await says(service, runId, "line 24 ");
    for (let kills = 0; kills < 3; kills++) {
      await service.kill();
      await service.start();
    }
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    const expected = Array.from({ length: 400 }, (_, i) => `line ${i} ${"x".repeat(200)}\n`).join("");
    assert.equal(await text(runId), expected);
    assert.equal(await text(runId, "outputs/end.txt"), "end");
  });

  it("brings again what the machine of the service has lost with its power", async () => {
    using signs = new Signs();
    const script = [
      "import os, time",
      "print('begun ' + 'x' * 100, flush=True)",
      "open('outputs/early.txt', 'w').write('early')",
      signs.waitsFor("go"),
    ].join("\n");
    const runId = await start(script);
    const atHome = (name: string): string | undefined => {
      const homes = join(service.data, "away", "home");
      const own = readdirSync(homes).find((key) => key.startsWith(keyStart(runId)));
      const path = join(homes, own ?? "", name);
      return existsSync(path) ? path : undefined;
    };
    await says(service, runId, "x\n");
    await until("the early file to come home", () => atHome("project/outputs/early.txt") !== undefined);
    await service.kill();
    // What the disk had not been given yet.
    rmSync(atHome("project/outputs/early.txt") ?? "");
    truncateSync(atHome("user_logs/std_log.txt") ?? "", 3);
    await service.start();
    signs.give("go");
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    assert.equal(await text(runId), `begun ${"x".repeat(100)}\n`);
    assert.equal(await text(runId, "outputs/early.txt"), "early");
  });

  it("takes up again what a connection was cut in, in whichever direction", async () => {
    await using proxy = await cuttingProxy(service.url, 150_000);
    writeFileSync(join(far, "through"), proxy.url);
    try {
      const script = [
        "import hashlib, random",
        "r = random.Random(1)",
        "data = bytes(r.getrandbits(8) for _ in range(200000)) * 3",
        "open('outputs/big.bin', 'wb').write(data)",
        "print(hashlib.sha256(data).hexdigest(), hashlib.sha256(open('big.txt','rb').read()).hexdigest())",
      ].join("\n");
      const big = "0123456789abcdef".repeat(30_000);
      const runId = await start(script, {}, { "big.txt": big });
      const run = await ended(service, runId, 240_000);
      assert.equal(run.status, "Completed", JSON.stringify(run.error));
      const sum = createHash("sha256")
        .update(await fileOf(service, runId, "outputs/big.bin"))
        .digest("hex");
      assert.equal(await text(runId), `${sum} ${createHash("sha256").update(big).digest("hex")}\n`);
      assert.ok(proxy.cuts > 3, `${proxy.cuts} cuts`);
    } finally {
      rmSync(join(far, "through"));
    }
  });

  it("brings files home as they are at the end: rotated, shortened, written anew in place, renamed, removed", async () => {
    const script = [
      "import os, time",
      "def write(path, text, mode='w'):",
      "    with open(path, mode) as file: file.write(text)",
      "write('logs/rotated.log', 'old ' * 1000)",
      "write('logs/short.log', 'long ' * 1000)",
      "write('logs/head.log', 'a' * 5000)",
      "write('outputs/gone.txt', 'gone')",
      "write('outputs/part.tmp', 'whole')",
      "write('outputs/again.bin', 'first')",
      "time.sleep(4)",
      "os.rename('logs/rotated.log', 'logs/rotated.log.1'); write('logs/rotated.log', 'new')",
      "write('logs/short.log', 'short')",
      "write('logs/head.log', 'BBBB', 'r+'); write('logs/head.log', 'tail', 'a')",
      "os.unlink('outputs/gone.txt'); os.makedirs('outputs/gone.txt'); write('outputs/gone.txt/inside', 'now a folder')",
      "os.rename('outputs/part.tmp', 'outputs/whole.txt')",
      "write('outputs/again.bin', 'other')",
    ].join("\n");
    const runId = await start(script);
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    const all = await Promise.all(
      [
        "logs/rotated.log.1",
        "logs/rotated.log",
        "logs/short.log",
        "logs/head.log",
        "outputs/gone.txt/inside",
        "outputs/whole.txt",
        "outputs/again.bin",
      ].map(async (path) => [path, await text(runId, path)] as const),
    );
    assert.deepEqual(Object.fromEntries(all), {
      "logs/rotated.log.1": "old ".repeat(1000),
      "logs/rotated.log": "new",
      "logs/short.log": "short",
      "logs/head.log": `BBBB${"a".repeat(4996)}tail`,
      "outputs/gone.txt/inside": "now a folder",
      "outputs/whole.txt": "whole",
      "outputs/again.bin": "other",
    });
    assert.ok(!(await filesOf(runId)).includes("outputs/part.tmp"));
  });

  it("brings 10,000 small files home", async () => {
    const script = "for i in range(10000): open('outputs/%05d.txt' % i, 'w').write(str(i))";
    const runId = await start(script);
    const run = await ended(service, runId, 180_000);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    assert.equal(await text(runId, "outputs/09999.txt"), "9999");
    assert.equal(await text(runId, "outputs/00000.txt"), "0");
  });

  it("brings a long log home, byte for byte, in constant memory", async () => {
    const script = [
      "import hashlib, os, sys",
      "block = os.urandom(1 << 19).hex().encode()",
      `count = ${Math.ceil(LONG_LOG / (1 << 20))}`,
      "digest = hashlib.sha256()",
      "for _ in range(count):",
      "    digest.update(block); sys.stdout.buffer.write(block)",
      "sys.stdout.flush()",
      "open('outputs/sum', 'w').write(digest.hexdigest())",
    ].join("\n");
    const runId = await start(script);
    const run = await ended(service, runId, 300_000);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    const answer = await service.call(
      "GET",
      `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/dcid.${runId}/content?path=user_logs/std_log.txt`,
    );
    const digest = createHash("sha256");
    for await (const chunk of answer.body ?? []) digest.update(chunk);
    assert.equal(digest.digest("hex"), await text(runId, "outputs/sum"));
  });

  it("takes its files from nobody but the run's own attempt", async () => {
    const runId = await start(
      "import os, time; print(os.environ['AZUREML_RUN_TOKEN'], os.environ['MALACHITE_LAUNCH_KEY'], flush=True); time.sleep(600)",
    );
    const other = await start("import os; print(os.environ['AZUREML_RUN_TOKEN'])");
    await ended(service, other);
    const [token = "", key = ""] = (await says(service, runId, "\n")).trim().split(" ");
    const otherToken = (await text(other)).trim();
    const at = (launch: string, id = runId) =>
      `/malachite/v1.0${workspacePath}/runs/${id}/launches/${launch}/files`;
    const post = async (bearer: string, path: string, body: string) => {
      const answer = await fetch(`${service.url}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${bearer}`, "content-type": "application/octet-stream" },
        body,
      });
      return { status: answer.status, text: await answer.text() };
    };
    const piece = (head: Record<string, unknown>, bytes = "") => `${JSON.stringify(head)}\n${bytes}`;
    const one = piece({ path: "user_logs/x", from: 0, bytes: 1 }, "x");
    const refusals = [
      [otherToken, at(key), one, 403],
      ["dev", at(key), one, 403],
      [token, at("run-2-abc"), one, 409],
      [token, at(key, other), one, 403],
      [token, at(key), piece({ path: "../x", from: 0, bytes: 1 }, "x"), 400],
      [token, at(key), piece({ path: "project/../../x", from: 0, bytes: 1 }, "x"), 400],
      [token, at(key), piece({ path: "launch.json", from: 0, bytes: 1, anew: true }, "x"), 400],
      [token, at(key), piece({ path: ".malachite-held/x", from: 0, bytes: 1 }, "x"), 400],
      [token, at(key), piece({ path: "user_logs/x", from: -1, bytes: 1 }, "x"), 400],
      [token, at(key), piece({ path: "user_logs/x", from: 2 ** 53, bytes: 1 }, "x"), 400],
      [token, at(key), piece({ path: "user_logs/x", from: 0, bytes: 1e12 }, "x"), 400],
      [token, at(key), piece({ path: "user_logs/x", from: 0, bytes: 10 }, "x"), 400],
      [token, at(key), "no json\n", 400],
      [token, at(key), "x".repeat(100_000), 400],
    ] as const;
    for (const [bearer, path, body, status] of refusals) {
      const answer = await post(bearer, path, body);
      assert.equal(answer.status, status, `${body.slice(0, 80)} → ${answer.text}`);
      assert.match(answer.text, /"message":/);
    }
    const beyond = await post(token, at(key), piece({ path: "user_logs/y", from: 7, bytes: 1 }, "x"));
    assert.deepEqual(JSON.parse(beyond.text), {
      value: [{ path: "user_logs/y", sizeBytes: 0, taken: false }],
    });
    await cancel(service, runId);
    await ended(service, runId);
    assert.equal((await post(token, at(key), one)).status, 409);
  });

  it("downloads data for it, sends what it leaves on, and refuses a mount with the way out", async () => {
    const container = "workspaceblobstore";
    const reference = (mode: string, more: Record<string, unknown> = {}) => ({
      dataStoreName: container,
      pathOnDataStore: "in",
      mode,
      ...more,
    });
    const writer = await start(
      "import os; os.makedirs('result'); open('result/r.txt', 'w').write('sent on')",
      {
        dataReferences: { result: reference("Upload", { pathOnCompute: "result", pathOnDataStore: "in" }) },
      },
    );
    const written = await ended(service, writer);
    assert.equal(written.status, "Completed", JSON.stringify(written.error));
    const reader = await start(
      "import os, sys; print(open(os.path.join(os.environ['AZUREML_DATAREFERENCE_given'], 'r.txt')).read())",
      { dataReferences: { given: reference("Download") } },
    );
    const run = await ended(service, reader);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    assert.match(await text(reader), /sent on/);
    await assert.rejects(
      start("pass", { dataReferences: { given: reference("Mount") } }),
      /400 .*as_download/s,
    );
  });

  it("is told when the command of a far run cannot be started", async () => {
    const runId = await start("pass", {
      environment: { python: { userManagedDependencies: true, interpreterPath: "python-that-is-not-there" } },
    });
    const run = await ended(service, runId);
    assert.equal(run.status, "Failed");
    assert.match(JSON.stringify(run.error), /no python interpreter 'python-that-is-not-there'/);
    assert.equal((await getRun(service, runId)).status, "Failed");
  });
});
