// What each property of a run definition does to a run that needs nothing but a python: docs/run-definition.md names these tests.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  definitionOf,
  ended,
  experiment,
  fileOf,
  getRun,
  python3,
  reached,
  submit,
  type WireRun,
} from "./support/runs.ts";
import { Service, workspacePath } from "./support/service.ts";

/** Writes down what the script sees. */
const TELL = `
import json, os, sys
seen = {"argv": sys.argv, "cwd": sorted(os.listdir(".")), "python": sys.executable, "prefix": sys.prefix, "env": dict(os.environ)}
json.dump(seen, open("outputs/seen.json", "w"))
`;
type Seen = { argv: string[]; cwd: string[]; python: string; prefix: string; env: Record<string, string> };

describe("a run definition", () => {
  let service: Service;
  before(async () => {
    service = await Service.start({ flags: ["--target", "cpu-cluster=process", "--runs-at-once", "4"] });
  });
  after(() => service[Symbol.asyncDispose]());

  async function seen(
    configuration: Record<string, unknown>,
    files: Record<string, string> = { "main.py": TELL },
  ): Promise<{ run: WireRun & Record<string, unknown>; seen: Seen }> {
    const runId = await submit(service, { files, configuration });
    const run = (await reached(service, runId, "Completed")) as WireRun & Record<string, unknown>;
    return { run, seen: JSON.parse(String(await fileOf(service, runId, "outputs/seen.json"))) as Seen };
  }

  it("names the script, which runs in its project folder with its arguments", async () => {
    const { seen: told } = await seen(
      { script: "./deep/er/tell.py", arguments: ["--rate", 0.1, "a b", "", "$HOME", "*"] },
      { "deep/er/tell.py": TELL, "data.csv": "1" },
    );
    assert.deepEqual(told.argv.slice(1), ["--rate", "0.1", "a b", "", "$HOME", "*"]);
    assert.ok(told.argv[0]?.endsWith("deep/er/tell.py"));
    assert.deepEqual(told.cwd, ["data.csv", "deep", "logs", "outputs"]);
  });

  it("names a command instead, which a shell runs", async () => {
    const { seen: told } = await seen(
      { script: undefined, command: 'X="one two" && python tell.py "$X" $((1+2))' },
      { "tell.py": TELL },
    );
    assert.deepEqual(told.argv, ["tell.py", "one two", "3"]);
  });

  it("names a command, which finds a python also where the machine has only a python3", async (t) => {
    const bin = mkdtempSync(join(tmpdir(), "malachite-bin-"));
    t.after(() => rmSync(bin, { recursive: true, force: true }));
    for (const name of ["bash", "sh", "mkdir", "ln"])
      symlinkSync(
        execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(),
        join(bin, name),
      );
    symlinkSync(python3(), join(bin, "python3"));
    await using poor = await Service.start({ env: { PATH: bin } });
    const environment = { python: { userManagedDependencies: true, interpreterPath: "python3" } };
    const runId = await submit(poor, {
      files: { "tell.py": TELL },
      configuration: { script: undefined, command: "python tell.py", environment },
    });
    await reached(poor, runId, "Completed");
    const told = JSON.parse(String(await fileOf(poor, runId, "outputs/seen.json"))) as Seen;
    const prefix = execFileSync(python3(), ["-c", "import sys; print(sys.prefix, end='')"], {
      encoding: "utf8",
    });
    assert.equal(told.prefix, prefix);
  });

  it("names the target, which is shown", async () => {
    const { run } = await seen({ target: "cpu-cluster" });
    assert.equal(run.target, "cpu-cluster");
  });

  it("names the job, and the run is shown by that name", async () => {
    const { run } = await seen({ jobName: "my night job" });
    assert.equal(run.displayName, "my night job");
  });

  it("ends a run that takes too long", async () => {
    const runId = await submit(service, {
      files: { "main.py": "import time\nprint('up', flush=True)\ntime.sleep(600)\n" },
      configuration: { maxRunDurationSeconds: 1 },
    });
    const run = await ended(service, runId);
    assert.equal(run.status, "Canceled");
    const [start, end] = [Date.parse(run.startTimeUtc ?? ""), Date.parse(run.endTimeUtc ?? "")];
    assert.ok(end - start >= 1000, `it had its second: ${end - start} ms`);
  });

  it("sets variables, those of the run over those of its environment", async () => {
    const { seen: told } = await seen({
      environment: {
        python: { userManagedDependencies: true, interpreterPath: python3() },
        environmentVariables: { FIRST: "environment", SECOND: "environment" },
      },
      environmentVariables: { FIRST: null, SECOND: "run", THIRD: true, NONE: null, EMPTY: "" },
    });
    const { FIRST, SECOND, THIRD, EMPTY } = told.env;
    // One without a value is one that is not given.
    const expected = { FIRST: "environment", SECOND: "run", THIRD: "true", EMPTY: "" };
    assert.deepEqual({ FIRST, SECOND, THIRD, EMPTY }, expected);
    assert.ok(!("NONE" in told.env));
  });

  it("chooses the interpreter, when the user manages the dependencies", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-venv-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    execFileSync(python3(), ["-m", "venv", "--without-pip", join(folder, "venv")]);
    const { seen: told } = await seen({
      environment: {
        python: { userManagedDependencies: true, interpreterPath: join(folder, "venv/bin/python") },
      },
    });
    assert.equal(told.prefix, join(folder, "venv"));
  });

  it("takes an earlier project by its snapshot", async () => {
    const { run } = await seen({});
    const { runId } = await service.json<{ runId: string }>(
      "POST",
      `/execution/v1.0${experiment()}/snapshotrun`,
      {
        snapshotId: run.properties.ContentSnapshotId,
        configuration: {
          script: "main.py",
          environment: { python: { userManagedDependencies: true, interpreterPath: python3() } },
        },
      },
    );
    const again = await reached(service, runId, "Completed");
    assert.equal(again.properties.ContentSnapshotId, run.properties.ContentSnapshotId);
  });

  it("makes a child of the parent that it names, with the source that it names", async () => {
    const { run } = await seen({});
    const { runId } = await service.json<{ runId: string }>(
      "POST",
      `/execution/v1.0${experiment()}/snapshotrun`,
      {
        snapshotId: run.properties.ContentSnapshotId,
        parentRunId: run.runId,
        runType: "pipeline",
        configuration: {
          script: "main.py",
          environment: { python: { userManagedDependencies: true, interpreterPath: python3() } },
        },
      },
    );
    const child = (await reached(service, runId, "Completed")) as WireRun & Record<string, unknown>;
    assert.equal(child.parentRunId, run.runId);
    assert.equal(child.rootRunId, run.runId);
    assert.equal(child.properties["azureml.runsource"], "pipeline");
    const children = await service.json<{ value: WireRun[] }>(
      "GET",
      `/history/v1.0${workspacePath}/experiments/e2e/runs/${run.runId}/children`,
    );
    assert.deepEqual(
      children.value.map((one) => one.runId),
      [runId],
    );
  });

  it("takes the project that comes, whatever snapshotProject says, and refuses a script without one", async () => {
    for (const snapshotProject of [false, true]) {
      const { run, seen: told } = await seen({ history: { outputCollection: true, snapshotProject } });
      assert.equal(told.argv.length, 1);
      assert.ok(run.properties.ContentSnapshotId);
    }
    // With False the SDK sends no project and names none.
    const history = { snapshotProject: false };
    const start = (configuration: Record<string, unknown>) =>
      service.call("POST", `/execution/v1.0${experiment()}/snapshotrun`, {
        snapshotId: null,
        configuration: { ...definitionOf({}, { history }).configuration, ...configuration },
      });
    const refused = await start({});
    assert.equal(refused.status, 400);
    assert.match(
      await refused.text(),
      /snapshotId is required for a script.*leave history\.snapshot_project on/,
    );
    const { runId } = (await (await start({ script: "", command: "ls" })).json()) as { runId: string };
    const run = await reached(service, runId, "Completed");
    assert.equal(String(await fileOf(service, runId)), "logs\noutputs\n");
    assert.equal(run.properties.ContentSnapshotId, undefined);
  });

  it("keeps what belongs to other engines and has no effect here", async () => {
    const kept = {
      inferencingStackVersion: "latest",
      python: { userManagedDependencies: true, interpreterPath: python3() },
      version: "3",
      spark: { repositories: [], packages: [], precachePackages: true },
    };
    const more = {
      hdi: { yarnDeployMode: "Cluster" },
      mpi: { processCountPerNode: 4 },
      tensorflow: { workerCount: 3, parameterServerCount: 2 },
      pytorch: { communicationBackend: "nccl", processCount: 8, nodeCount: 2 },
      spark: { configuration: { "spark.app.name": "x" } },
      paralleltask: { maxRetriesPerWorker: 0, workerCountPerNode: 1, terminalExitCodes: null },
    };
    const { run, seen: told } = await seen({ ...more, environment: kept });
    assert.equal(told.argv.length, 1);
    for (const name of ["WORLD_SIZE", "RANK", "TF_CONFIG", "OMPI_COMM_WORLD_SIZE", "SPARK_HOME"])
      assert.equal(told.env[name], undefined, name);
    const { runDefinition } = await service.json<{ runDefinition: Record<string, Record<string, unknown>> }>(
      "GET",
      `/history/v1.0${workspacePath}/runs/${run.runId}/details`,
    );
    assert.deepEqual(runDefinition.configuration?.mpi, more.mpi);
    assert.equal((await getRun(service, run.runId)).status, "Completed");
  });
});
