// What the `history` of a definition promises, on real processes: files that are watched, attempts after a failure of the machine,
// and the time that a script may take.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { follow } from "./support/follower.ts";
import { ended, fileOf, getRun, processesOf, python3, reached, submit } from "./support/runs.ts";
import { Service, until, workspacePath } from "./support/service.ts";
import { Signs } from "./support/signs.ts";
import { logBytes, type SseEvent } from "./support/sse.ts";

const SOURCE_PACKAGE = fileURLToPath(new URL("./environments/sourcePackage.py", import.meta.url));

const begin = (
  service: Service,
  signs: Signs,
  script: string,
  configuration: Record<string, unknown> = {},
): Promise<string> =>
  submit(service, {
    files: { "main.py": `${COMMON}\n${script}` },
    configuration: { environmentVariables: { SIGNS: signs.folder }, ...configuration },
  });
const COMMON = `
import os, sys, time
def sign(name, text=""):
    with open(os.path.join(os.environ["SIGNS"], name), "a") as file: file.write(text)
def wait(name):
    while not os.path.exists(os.path.join(os.environ["SIGNS"], name)): time.sleep(0.005)
def write(path, text, mode="w"):
    with open(path, mode) as file: file.write(text)
`;

async function filesOf(service: Service, runId: string): Promise<string[]> {
  const { value } = await service.json<{ value: { path: string }[] }>(
    "GET",
    `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/dcid.${runId}`,
  );
  return value.map(({ path }) => path);
}

/** Kills the start script and then all else of the run, as a machine that loses its power does. */
async function killAll(runId: string): Promise<void> {
  for (const pid of processesOf(runId).toSorted((a, b) => a - b)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It went with the one before.
    }
  }
  await until("all of the run being gone", () => processesOf(runId).length === 0);
}

describe("watched folders", () => {
  it("are shown as they are written, rotated, cut and emptied, and what was removed stays kept", async () => {
    await using service = await Service.start();
    using signs = new Signs();
    const script = `
os.makedirs("plots")
write("plots/a b.txt", "a")
write("logs/app.log", "one\\n")
write("logs/gone.txt", "was here\\n")
os.symlink("/etc/passwd", "logs/link"); os.mkfifo("logs/fifo")
sign("written"); wait("append")
write("logs/app.log", "two\\n", "a"); sign("appended"); wait("rotate")
os.rename("logs/app.log", "logs/app.log.1"); write("logs/app.log", "three, and a little more than before\\n")
sign("rotated"); wait("cut")
write("logs/app.log", "4\\n"); os.remove("logs/gone.txt"); sign("cut done"); wait("end")
`;
    const runId = await begin(service, signs, script, {
      history: { directoriesToWatch: ["logs", "plots"], outputCollection: true },
    });
    await until("the files", () => signs.has("written"));
    // They are shown once the service has noted whom it has handed the run to.
    await reached(service, runId, "Running");
    const shown = ["logs/app.log", "logs/gone.txt", "plots/a b.txt", "user_logs/std_log.txt"];
    assert.deepEqual(await filesOf(service, runId), shown);

    const events: SseEvent[] = [];
    const over = follow(service, runId, ({ event }) => events.push(event), "?path=logs/app.log");
    const told = (): string[] => {
      const texts = [""];
      for (const event of events) {
        if (event.event === "restart") texts.push("");
        if (event.event === "log") texts.push((texts.pop() ?? "") + logBytes(event).toString());
      }
      return texts;
    };
    const path = `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/dcid.${runId}/content?path=logs/app.log`;
    const tags: (string | null)[] = [];
    const get = async (headers: Record<string, string> = {}) => {
      const answer = await service.call("GET", path, undefined, headers);
      tags.push(answer.headers.get("etag"));
      return { status: answer.status, text: await answer.text(), range: answer.headers.get("content-range") };
    };
    assert.equal((await get()).text, "one\n");
    signs.give("append");
    await until("the second line", () => told().at(-1) === "one\ntwo\n");
    assert.equal((await get({ range: "bytes=4-" })).text, "two\n");
    // A part of what has changed is refused to be mixed: all of the new file comes instead.
    assert.deepEqual(await get({ range: "bytes=4-", "if-range": tags[0] ?? "" }), {
      status: 200,
      text: "one\ntwo\n",
      range: null,
    });
    signs.give("rotate");
    await until("the new log", () => told().at(-1) === "three, and a little more than before\n");
    assert.equal((await get()).text, "three, and a little more than before\n");
    await new Promise((resolve) => setTimeout(resolve, 5000));
    signs.give("cut");
    await until("the cut log", () => told().at(-1) === "4\n");
    assert.equal((await get()).text, "4\n");
    assert.equal(new Set(tags).size, 4, tags.join());
    assert.deepEqual(told(), ["one\ntwo\n", "three, and a little more than before\n", "4\n"]);
    assert.equal((await fileOf(service, runId, "logs/gone.txt")).toString(), "was here\n");
    signs.give("end");
    await over;
    const { status } = await ended(service, runId);
    assert.equal(status, "Completed");
    assert.deepEqual(
      await filesOf(service, runId),
      ["logs/app.log", "logs/app.log.1", ...shown.slice(1)].toSorted(),
    );
    assert.equal((await fileOf(service, runId, "logs/app.log.1")).toString(), "one\ntwo\n");
    assert.equal((await fileOf(service, runId, "logs/gone.txt")).toString(), "was here\n");
    const last = events.at(-1);
    assert.deepEqual(JSON.parse(last?.data ?? ""), { status: "Completed", to: 2 });
  });

  it("are not looked at when nothing is to be collected, and the log of the script stays", async () => {
    await using service = await Service.start();
    using signs = new Signs();
    const script = `
for folder in ("outputs", "logs", "plots"):
    os.makedirs(folder, exist_ok=True); write(folder + "/a.txt", "a")
print("hello", flush=True); sign("written"); wait("end")
`;
    const runId = await begin(service, signs, script, {
      history: { directoriesToWatch: ["logs", "plots"], outputCollection: false },
    });
    await until("the files", () => signs.has("written"));
    // They are shown once the service has noted whom it has handed the run to.
    await reached(service, runId, "Running");
    assert.deepEqual(await filesOf(service, runId), ["user_logs/std_log.txt"]);
    signs.give("end");
    await ended(service, runId);
    assert.deepEqual(await filesOf(service, runId), ["user_logs/std_log.txt"]);
    assert.equal((await fileOf(service, runId)).toString(), "hello\n");
  });
});

describe("a run whose processes are killed with their start script", () => {
  const RESUMES = `
sign("begun", "x")
if os.path.exists("outputs/deep/checkpoint"):
    print("resumed at", open("outputs/deep/checkpoint").read(), "of", os.path.getmtime("outputs/deep/checkpoint"))
    write("outputs/result", "done"); sys.exit()
os.makedirs("outputs/deep"); write("outputs/deep/checkpoint", "7"); os.utime("outputs/deep/checkpoint", (1000, 1000))
write("logs/first.txt", "1"); print("first attempt", flush=True)
sign("checkpoint"); time.sleep(600)
`;
  async function resumed(service: Service, signs: Signs, runId: string): Promise<void> {
    const run = await ended(service, runId);
    assert.equal(run.status, "Completed", JSON.stringify(run.error));
    assert.equal(run.properties["malachite.attempt"], "2");
    assert.equal(signs.text("begun"), "xx");
    assert.equal((await fileOf(service, runId)).toString(), "resumed at 7 of 1000.0\n");
    assert.deepEqual(await filesOf(service, runId), [
      "azureml-logs/attempts/1/logs/first.txt",
      "azureml-logs/attempts/1/user_logs/std_log.txt",
      "outputs/deep/checkpoint",
      "outputs/result",
      "user_logs/std_log.txt",
    ]);
    const first = await fileOf(service, runId, "azureml-logs/attempts/1/user_logs/std_log.txt");
    assert.equal(first.toString(), "first attempt\n");
  }

  it("goes on from the outputs of its earlier attempt, where that is set", async () => {
    await using service = await Service.start({ flags: ["--retries", "1"] });
    using signs = new Signs();
    const runId = await begin(service, signs, RESUMES);
    await until("the checkpoint", () => signs.has("checkpoint"));
    await killAll(runId);
    await resumed(service, signs, runId);
  });

  it("does so too when the service was killed with it", async () => {
    await using service = await Service.start({ flags: ["--retries", "1"] });
    using signs = new Signs();
    const runId = await begin(service, signs, RESUMES);
    await until("the checkpoint", () => signs.has("checkpoint"));
    await service.kill();
    await killAll(runId);
    await service.start();
    await resumed(service, signs, runId);
  });

  it("never runs twice at once: a script that outlives its start script is ended first", async () => {
    await using service = await Service.start({ flags: ["--retries", "1"] });
    using signs = new Signs();
    const script = `
if os.path.exists("outputs/begun"): print("alone"); sys.exit()
write("outputs/begun", ""); sign("running")
while True: sign("alive"); time.sleep(0.01)
`;
    const runId = await begin(service, signs, script);
    await until("the script", () => signs.has("running"));
    const [startScript = 0] = processesOf(runId).toSorted((a, b) => a - b);
    process.kill(startScript, "SIGKILL");
    assert.equal((await ended(service, runId)).status, "Completed");
    assert.equal((await fileOf(service, runId)).toString(), "alone\n");
    assert.deepEqual(processesOf(runId), []);
  });

  it("fails with the reason where it is not, and keeps all that it wrote", async () => {
    await using service = await Service.start();
    using signs = new Signs();
    const runId = await begin(service, signs, RESUMES);
    await until("the checkpoint", () => signs.has("checkpoint"));
    await killAll(runId);
    const run = await ended(service, runId);
    assert.deepEqual([run.status, run.properties["malachite.reason"]], ["Failed", "Vanished"]);
    assert.match(run.error?.error?.message ?? "", /setting `retries`/);
    assert.deepEqual(await filesOf(service, runId), [
      "logs/first.txt",
      "outputs/deep/checkpoint",
      "user_logs/std_log.txt",
    ]);
    assert.equal(signs.text("begun"), "x");
  });
});

describe("what a run uses of its machine", () => {
  it("is a series for MLflow, and is not among the metrics that the SDK asks for", async () => {
    await using service = await Service.start({ flags: ["--system-metrics-seconds", "1"] });
    using signs = new Signs();
    const script = `
held = bytearray(os.urandom(1 << 20)) * 100
while not os.path.exists(os.path.join(os.environ["SIGNS"], "end")): pass
`;
    const runId = await begin(service, signs, script);
    const mlflow = `/mlflow/v1.0${workspacePath}/api/2.0/mlflow`;
    const shown = async (): Promise<Map<string, number>> => {
      const { run } = await service.json<{ run: { data: { metrics?: { key: string; value: number }[] } } }>(
        "GET",
        `${mlflow}/runs/get?run_id=${runId}`,
      );
      return new Map((run.data.metrics ?? []).map(({ key, value }) => [key, value]));
    };
    const cpu = "system/cpu_utilization_percentage";
    await until("a busy CPU", async () => ((await shown()).get(cpu) ?? 0) > 5);
    const all = await shown();
    assert.ok((all.get("system/system_memory_usage_megabytes") ?? 0) > 100, JSON.stringify([...all]));
    assert.ok((all.get("system/disk_available_megabytes") ?? 0) > 0);
    const { metrics } = await service.json<{ metrics: { value: number; step: number; timestamp: number }[] }>(
      "GET",
      `${mlflow}/metrics/get-history?run_id=${runId}&metric_key=${encodeURIComponent(cpu)}`,
    );
    assert.ok(metrics.length >= 1 && metrics.every(({ value }) => value >= 0 && value <= 100));
    const list = async (body: object) =>
      (
        await service.json<{ value: { metricKey: { name: string } }[] }>(
          "POST",
          `/metric/v2.0${workspacePath}/runs/${runId}/list`,
          body,
        )
      ).value.map(({ metricKey }) => metricKey.name);
    assert.deepEqual(await list({}), []);
    assert.ok((await list({ metricNamespace: "system" })).includes(cpu));
    signs.give("end");
    assert.equal((await ended(service, runId)).status, "Completed");
  });
});

describe("maxRunDurationSeconds", () => {
  const tookMs = ({ startTimeUtc = "", endTimeUtc = "" }) =>
    Date.parse(endTimeUtc) - Date.parse(startTimeUtc);

  it("counts from the start of the script, not from the submission", async () => {
    await using service = await Service.start({ flags: ["--runs-at-once", "1"] });
    using signs = new Signs();
    const busy = await begin(service, signs, 'wait("go")');
    const runId = await begin(service, signs, "print('up', flush=True); time.sleep(600)", {
      maxRunDurationSeconds: 4,
    });
    await reached(service, busy, "Running");
    await new Promise((resolve) => setTimeout(resolve, 5000));
    assert.notEqual((await getRun(service, runId)).status, "Canceled");
    signs.give("go");
    const run = await ended(service, runId);
    assert.deepEqual([run.status, run.properties["malachite.reason"]], ["Canceled", "OverTime"]);
    assert.ok(tookMs(run) >= 4000 && tookMs(run) < 12_000, `${tookMs(run)} ms`);
    assert.equal((await fileOf(service, runId)).toString(), "up\n");
  });

  it("counts neither the time that its environment takes nor that its data takes", async () => {
    using signs = new Signs();
    const web = createHttp(async (_, answer) => {
      signs.give("asked");
      await until("the data", () => signs.has("data"));
      answer.end("of the web");
    }).listen(0, "127.0.0.1");
    await once(web, "listening");
    const host = `127.0.0.1:${(web.address() as AddressInfo).port}`;
    await using service = await Service.start({ flags: ["--allow-data-host", host] });
    execFileSync(python3(), [SOURCE_PACKAGE, signs.folder, "slow", "1.0"]);
    const dependencies = [{ pip: ["--no-index", `--find-links ${signs.folder}`, "slow"] }];
    const python = { userManagedDependencies: false, condaDependencies: { dependencies } };
    const location = { uri: { path: `http://${host}/a.txt`, isFile: true } };
    const runId = await begin(
      service,
      signs,
      "print(open(os.environ['a']).read(), flush=True); time.sleep(1); print('still here', flush=True); time.sleep(600)",
      {
        maxRunDurationSeconds: 3,
        environment: { python },
        data: { a: { dataLocation: location, mechanism: "download", environmentVariableName: "a" } },
      },
    );
    const limit = () => new Promise((resolve) => setTimeout(resolve, 4000));
    await until("the build", () => signs.has("pid"));
    await limit();
    signs.give("go");
    await until("the data to be asked for", () => signs.has("asked"));
    await limit();
    assert.equal((await getRun(service, runId)).status, "Preparing");
    signs.give("data");
    const run = await ended(service, runId);
    assert.deepEqual([run.status, run.properties["malachite.reason"]], ["Canceled", "OverTime"]);
    assert.ok(tookMs(run) >= 3000 && tookMs(run) < 12_000, `${tookMs(run)} ms`);
    assert.equal((await fileOf(service, runId)).toString(), "of the web\nstill here\n");
    web.close();
  });

  it("holds when the service is away at that time: the run is ended as soon as it is back", async () => {
    await using service = await Service.start();
    using signs = new Signs();
    const runId = await begin(service, signs, 'sign("up"); time.sleep(600)', { maxRunDurationSeconds: 2 });
    await until("the script", () => signs.has("up"));
    await service.kill();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.notDeepEqual(processesOf(runId), []);
    await service.start();
    const run = await ended(service, runId);
    assert.equal(run.properties["malachite.reason"], "OverTime");
    assert.deepEqual(processesOf(runId), []);
  });
});
