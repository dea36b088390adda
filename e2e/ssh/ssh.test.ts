// Runs on machines that are reached over ssh, with a real service and real ssh servers: a pool of two.
import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { withoutSshServer } from "@malachite/server/conformance";
import { isInUse } from "../support/isInUse.ts";
import { cancel, ended, fileOf, getRun, processesOf, reached, says, story, submit } from "../support/runs.ts";
import { type Service, until, workspacePath } from "../support/service.ts";
import { Signs } from "../support/signs.ts";
import { SshPool } from "./pool.ts";

const TARGET = {
  target: "lab",
  environment: { python: { userManagedDependencies: true, interpreterPath: "python3" } },
};

describe("runs over ssh", { skip: withoutSshServer() ?? false }, () => {
  const pool = new SshPool();
  const { far, doors } = pool;
  let service: Service;
  before(async () => {
    await pool.start(3);
    ({ service } = pool);
  });
  after(() => pool[Symbol.asyncDispose]());

  const run = (
    script: string,
    configuration: Record<string, unknown> = {},
    files: Record<string, string> = {},
  ) =>
    submit(service, {
      files: { "main.py": script, ...files },
      configuration: { ...TARGET, ...configuration },
    });
  const log = async (runId: string): Promise<string> => String(await fileOf(service, runId));
  const logWith = (runId: string, text: string) => says(service, runId, text);
  const farRuns = () =>
    readdirSync(join(far, "runs")).flatMap((name) => readdirSync(join(far, "runs", name)));

  it("shows the log while it grows, keeps the outputs, takes metrics home, and leaves nothing there", async () => {
    const script = `
import json, os, sys, time, urllib.request
from lib.words import WORD
print("first", WORD, sys.argv[1:], flush=True)
request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric", json.dumps(
    {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": 0.25, "timestamp": int(time.time() * 1000), "step": 0}).encode(),
    {"authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "content-type": "application/json"})
print(urllib.request.urlopen(request).status, flush=True)
base = os.environ["AZUREML_SERVICE_ENDPOINT"]
for path, token in (("/malachite/v1.0" + os.environ["AZUREML_WORKSPACE_SCOPE"] + "/targets", "dev"), ("/msi/token", "")):
    try:
        urllib.request.urlopen(urllib.request.Request(base + path, headers={"authorization": "Bearer " + token}))
        print("let in", path)
    except urllib.error.HTTPError as error:
        print("refused", path.split("/")[-1], error.code)
open("outputs/model.bin", "wb").write(bytes(range(256)) * 8192)
while not os.path.exists("go"): time.sleep(0.05)
print("last")
`;
    const runId = await run(script, { arguments: ["a b", "$(x)"] }, { "lib/words.py": "WORD = 'grün'\n" });
    await logWith(runId, "first grün ['a b', '$(x)']\n200\n");
    // A log is there as soon as its run has been handed over, and the engine is asked a moment later.
    await reached(service, runId, "Running");
    const [key] = farRuns();
    const service_ = readdirSync(join(far, "runs"))[0] ?? "";
    writeFileSync(join(far, "runs", service_, key ?? "", "project", "go"), "");
    const end = await ended(service, runId);
    assert.equal(end.status, "Completed", JSON.stringify(end));
    const text = await log(runId);
    assert.match(text, /last\n$/);
    // A port on another machine is there for its runs, whatever this machine's users may do without a token.
    assert.ok(
      text.includes("refused targets 40") && text.includes("refused token 40") && !text.includes("let in"),
      text,
    );
    assert.equal((await fileOf(service, runId, "outputs/model.bin")).length, 2 ** 21);
    const metrics = await service
      .json<{ value: { name: string }[] }>("GET", `/malachite/v1.0${workspacePath}/runs/${runId}/metrics`)
      .catch(() => undefined);
    if (metrics !== undefined) assert.ok(JSON.stringify(metrics).includes("loss"));
    await until("the far folder to be gone", () => farRuns().length === 0);
  });

  it("ends the whole tree of a run that is cancelled, with what left its session", async () => {
    const script = `
import os, subprocess, time
subprocess.Popen(["sh", "-c", "setsid sh -c 'trap : TERM; while :; do sleep 0.1; done' & "], start_new_session=True)
print("up", flush=True)
time.sleep(600)`;
    const runId = await run(script);
    await logWith(runId, "up");
    assert.ok(processesOf(runId).length > 1);
    await cancel(service, runId);
    assert.equal((await ended(service, runId)).status, "Canceled");
    assert.deepEqual(processesOf(runId), []);
  });

  it("goes on while the connection is cut, and comes home whole", async () => {
    const script = `
import os, sys, time
for i in range(40):
    print("line", i, flush=True)
    time.sleep(0.01)
while not os.path.exists(sys.argv[1]): time.sleep(0.05)
open("outputs/done", "w").write("yes")`;
    const go = join(pool.folder, "go");
    const runId = await run(script, { arguments: [go] });
    await logWith(runId, "line 3");
    await reached(service, runId, "Running");
    for (const door of doors) await door.shut();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal((await getRun(service, runId)).status, "Running");
    writeFileSync(go, "");
    for (const door of doors) await door.open();
    assert.equal((await ended(service, runId)).status, "Completed");
    assert.equal(await log(runId), Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join(""));
    assert.equal(String(await fileOf(service, runId, "outputs/done")), "yes");
  });

  it("goes on while the service is killed, is found again, and was started once", async () => {
    const script = `
import os, time
for i in range(60):
    print("line", i, flush=True)
    time.sleep(0.1)`;
    const runId = await run(script);
    await logWith(runId, "line 2");
    await service.kill();
    await service.start();
    assert.equal((await ended(service, runId)).status, "Completed");
    assert.equal(await log(runId), Array.from({ length: 60 }, (_, i) => `line ${i}\n`).join(""));
    assert.equal((await story(service, runId)).filter(({ event }) => event === "started").length, 1);
  });

  it("spreads runs over the machines of the pool", async () => {
    const before = doors.map((door) => door.connections());
    const runs = await Promise.all([1, 2, 3, 4].map(() => run("print('hi')")));
    for (const runId of runs) assert.equal((await ended(service, runId)).status, "Completed");
    assert.ok(doors.every((door, index) => door.connections() > 0 || (before[index] ?? 0) > 0));
  });

  it("makes the environment of a run on its machine, once", async () => {
    const environment = {
      python: {
        userManagedDependencies: false,
        condaDependencies: { dependencies: ["python", { pip: ["six==1.16.0"] }] },
      },
    };
    const script = ["import os, six, sys, time", "print(six.__version__, sys.prefix, flush=True)"].join("\n");
    const said: string[] = [];
    for (let time = 0; time < 2; time++) {
      using signs = new Signs();
      const runId = await run(`${script}\n${signs.waitsFor("go")}`, { environment });
      const [prefix = ""] = (await says(service, runId, /\n$/)).trim().split(" ").slice(1);
      assert.equal(isInUse(prefix), true);
      signs.give("go");
      const end = await ended(service, runId);
      await until("nobody to use it", () => !isInUse(prefix));
      assert.equal(end.status, "Completed", JSON.stringify(end));
      said.push(await log(runId));
    }
    assert.match(said[0] ?? "", /^1\.16\.0 /);
    assert.ok(said[0]?.includes(far), said[0]);
    assert.equal(said[1], said[0]);
    assert.ok(existsSync(join(far, "cache")));
  });
});
