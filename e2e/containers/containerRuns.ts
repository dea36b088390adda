// What a definition says of containers, done by a real engine. docs/run-definition.md names these tests.
import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { cancel, ended, fileOf, getRun, reached, says, story, submit } from "../support/runs.ts";
import { until, workspacePath } from "../support/service.ts";
import type { ContainerBench } from "./bench.ts";

/** Logs a metric and a child file through the service, with nothing but the standard library. */
const REPORT = `
import json, os, sys, urllib.request
endpoint, token = os.environ["AZUREML_SERVICE_ENDPOINT"], os.environ["AZUREML_RUN_TOKEN"]
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": 0.25, "timestamp": 1, "step": 1}
ask = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric", json.dumps(body).encode(),
    {"authorization": "Bearer " + token, "content-type": "application/json"}, method="POST")
print("metric", urllib.request.urlopen(ask).status)
seen = {"python": sys.executable, "cwd": os.getcwd(), "argv": sys.argv[1:], "uid": os.getuid(), "env": dict(os.environ),
    "ca": os.path.getsize(os.environ["REQUESTS_CA_BUNDLE"]), "root": sorted(os.listdir("/"))}
json.dump(seen, open("outputs/seen.json", "w"))
`;

export function containerRuns(bench: ContainerBench): void {
  it("run on `local` as soon as the definition enables docker, and reach the service", async () => {
    const runId = await submit(bench.service, {
      files: { "main.py": REPORT },
      configuration: bench.inImage({}, { arguments: ["--rate", "0.1", "a b"] }),
    });
    const run = await ended(bench.service, runId);
    assert.equal(
      run.status,
      "Completed",
      `${await fileOf(bench.service, runId)} ${JSON.stringify(run.error)}`,
    );
    const seen = await bench.seenBy(runId);
    assert.equal(seen.cwd, "/malachite/run/project");
    assert.equal(seen.python, "/usr/bin/python3");
    assert.deepEqual(seen.argv, ["--rate", "0.1", "a b"]);
    assert.ok(seen.ca > 1000 && seen.root.includes("malachite"));
    assert.equal(seen.env.AZUREML_RUN_ID, runId);
    assert.equal(String(await fileOf(bench.service, runId)), "metric 200\n");
    const metrics = await bench.service
      .json<{ value: { name: string; cells: object[] }[] }>(
        "POST",
        `/history/v1.0${workspacePath}/metrics:query`,
        { filter: `RunId eq '${runId}'` },
      )
      .catch(() => undefined);
    if (metrics) assert.equal(metrics.value[0]?.name, "loss");
    await until("the container's folder to be freed", () => bench.folders().length === 0);
  });

  it("put every run of a target of kind container into one, with the image of the settings", async () => {
    const runId = await submit(bench.service, {
      files: { "main.py": REPORT },
      configuration: {
        target: "box",
        environment: { python: { userManagedDependencies: true, interpreterPath: "/usr/bin/python3" } },
        docker: { useDocker: false, shmSize: "64m", arguments: ["--env", "FLAG=1", "--hostname=node-0"] },
      },
    });
    await reached(bench.service, runId, "Completed");
    const { env } = await bench.seenBy(runId);
    assert.deepEqual([env.FLAG, env.HOSTNAME], ["1", "node-0"]);
  });

  it("run a command too, with the folders a script counts on", async () => {
    const runId = await submit(bench.service, {
      files: { "note.txt": "x" },
      configuration: bench.inImage(
        {},
        { script: undefined, command: "df -k /dev/shm && id -u && ls && pwd" },
      ),
    });
    await reached(bench.service, runId, "Completed");
    assert.match(
      String(await fileOf(bench.service, runId)),
      new RegExp(`\\n${process.getuid?.()}\\nlogs\\nnote.txt\\noutputs\\n/malachite/run/project\\n$`),
    );
  });

  it("leave files that are the service's user's", async () => {
    const script = "import time; open('outputs/a','w').write('1'); print('up', flush=True); time.sleep(600)";
    const runId = await submit(bench.service, {
      files: { "main.py": script },
      configuration: bench.inImage(),
    });
    await says(bench.service, runId, "up");
    const { uid } = statSync(join(bench.folderOf(runId), "project/outputs/a"));
    assert.equal(uid, process.getuid?.());
    await cancel(bench.service, runId);
    const run = await ended(bench.service, runId);
    assert.equal(run.status, "Canceled");
    await until("the container's folder to be freed", () => bench.folders().length === 0);
  });

  it("are found again by a service that was killed", async () => {
    const script =
      "import os, time\nprint('up', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.1)\nprint('done')";
    const runId = await submit(bench.service, {
      files: { "main.py": script },
      configuration: bench.inImage(),
    });
    await says(bench.service, runId, "up");
    await reached(bench.service, runId, "Running");
    await bench.service.kill("SIGKILL");
    const folder = bench.folderOf(runId);
    await bench.service.start();
    assert.equal((await getRun(bench.service, runId)).status, "Running");
    writeFileSync(join(folder, "project/go"), "");
    await reached(bench.service, runId, "Completed");
    assert.equal(String(await fileOf(bench.service, runId)), "up\ndone\n");
    const starts = (await story(bench.service, runId)).filter(({ event }) => event === "started");
    assert.equal(starts.length, 1);
  });

  it("tell that memory was what ended one", async () => {
    const runId = await submit(bench.service, {
      files: { "main.py": "x = bytearray(300 << 20); print('got it')" },
      configuration: bench.inImage({}, { docker: { useDocker: true, arguments: ["--memory", "64m"] } }),
    });
    const run = await ended(bench.service, runId);
    assert.equal(run.status, "Failed");
    assert.match(JSON.stringify(run), /OutOfMemory/);
  });

  it("are refused before they are queued when a flag would change the machine", async () => {
    for (const [flags, named] of [
      [["-v", "/etc:/host"], /--volume would show \/etc/],
      [["--privileged"], /--privileged/],
      [["--user=1"], /--user is not taken/],
    ] as const) {
      await assert.rejects(
        submit(bench.service, {
          files: { "main.py": "" },
          configuration: bench.inImage({}, { docker: { useDocker: true, arguments: flags } }),
        }),
        named,
      );
    }
  });
}
