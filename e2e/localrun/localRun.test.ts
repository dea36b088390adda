// A run that its user takes home: the bundle of startlocalrun, unpacked elsewhere and started there, against the real service.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  cancel,
  definitionOf,
  ended,
  experiment,
  fileOf,
  getRun,
  python3,
  reached,
  says,
  submit,
} from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";

const FILES = {
  "main.py": [
    "import os, sys",
    "from pkg import words",
    "print(words.HELLO, sys.argv[1:], os.environ['GIVEN'], flush=True)",
    "open('outputs/result.txt', 'w').write(os.environ['AZUREML_RUN_ID'])",
    "open('logs/own.log', 'w').write('own')",
  ].join("\n"),
  "pkg/words.py": "HELLO = 'hello from home'\n",
  "fails.py": "import os\nopen('outputs/before.txt', 'w').write('kept')\nraise ValueError('no such rate')\n",
  "stays.py": "import time\nprint('up', flush=True)\ntime.sleep(120)\n",
};

describe("a run on another machine", { timeout: 600_000 }, () => {
  let service: Service;
  let snapshotId: string;
  let home: string;
  before(async () => {
    service = await Service.start();
    const run = await ended(
      service,
      await submit(service, { files: { ...FILES, "noop.py": "" }, configuration: { script: "noop.py" } }),
    );
    snapshotId = run.properties.ContentSnapshotId ?? "";
    home = mkdtempSync(join(tmpdir(), "malachite-home-"));
    // All that the other machine has: a POSIX shell and python3.
    mkdirSync(join(home, "bin"));
    for (const tool of ["sh", "dirname", "uname"]) {
      symlinkSync(execFileSync("which", [tool], { encoding: "utf8" }).trim(), join(home, "bin", tool));
    }
    symlinkSync(python3(), join(home, "bin", "python3"));
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });

  /** Asks for the bundle and starts it in a folder of its own. */
  async function takeHome(runId: string, configuration: Record<string, unknown>): Promise<ChildProcess> {
    const definition = definitionOf(
      { snapshotId },
      {
        environment: {
          python: { userManagedDependencies: true },
          environmentVariables: { GIVEN: 'it\'s "given"\nhere' },
        },
        ...configuration,
      },
    );
    const answer = await service.call(
      "POST",
      `/execution/v1.0${experiment("home")}/startlocalrun?runId=${runId}`,
      definition,
      { accept: "application/json" },
    );
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.equal(answer.headers.get("content-type"), "application/octet-stream");
    const folder = join(home, runId);
    mkdirSync(folder);
    writeFileSync(join(folder, "bundle.zip"), Buffer.from(await answer.arrayBuffer()));
    execFileSync(python3(), ["-m", "zipfile", "-e", "bundle.zip", "."], { cwd: folder });
    return spawn(join(home, "bin", "sh"), ["azureml-setup/Invocation.sh"], {
      cwd: folder,
      env: { PATH: join(home, "bin"), HOME: home },
      stdio: "ignore",
    });
  }

  const exitOf = async (child: ChildProcess): Promise<number | null> =>
    child.exitCode ?? ((await once(child, "exit")) as [number | null])[0];

  it("fetches its project, runs, and ends as Completed with its log and outputs on the service", async () => {
    const child = await takeHome("home-1", { arguments: ["a b", "$HOME", "'\"\n"] });
    assert.equal(await exitOf(child), 0);
    const run = await ended(service, "home-1");
    assert.equal(run.status, "Completed");
    assert.ok(run.startTimeUtc && run.endTimeUtc);
    assert.equal(
      (await fileOf(service, "home-1")).toString(),
      `hello from home ['a b', '$HOME', '\\'"\\n'] it's "given"\nhere\n`,
    );
    assert.equal((await fileOf(service, "home-1", "outputs/result.txt")).toString(), "home-1");
    assert.equal((await fileOf(service, "home-1", "logs/own.log")).toString(), "own");
  });

  it("ends as Failed with the error of the script, and keeps what it made before", async () => {
    const child = await takeHome("home-2", { script: "fails.py" });
    assert.equal(await exitOf(child), 1);
    const run = await ended(service, "home-2");
    assert.equal(run.status, "Failed");
    assert.match(JSON.stringify(run.error), /ValueError: no such rate/);
    assert.equal((await fileOf(service, "home-2", "outputs/before.txt")).toString(), "kept");
  });

  it("is canceled from the service, and sends its log while it grows", async () => {
    const child = await takeHome("home-3", { script: "stays.py" });
    await reached(service, "home-3", "Running");
    await says(service, "home-3", /^up\n$/);
    await cancel(service, "home-3", "home");
    assert.notEqual(await exitOf(child), 0);
    assert.equal((await ended(service, "home-3")).status, "Canceled");
  });

  it("goes on over a kill of the service", async () => {
    const child = await takeHome("home-4", { arguments: ["x"] });
    await service.kill();
    await service.start();
    assert.equal(await exitOf(child), 0);
    assert.equal((await ended(service, "home-4")).status, "Completed");
  });

  it("is refused by name what a local run cannot do, before its bundle is made", async () => {
    const python = { userManagedDependencies: true };
    const reference = { dataStoreName: "workspaceblobstore", mode: "download", pathOnDataStore: "x" };
    const location = { dataPath: { datastoreName: "workspaceblobstore", relativePath: "x" } };
    const refused: Record<string, Record<string, unknown>> = {
      "configuration.nodeCount": { nodeCount: 2 },
      "configuration.framework": { framework: "PySpark" },
      "configuration.communicator": {
        framework: "PyTorch",
        communicator: "Gloo",
        pytorch: { processCount: 2 },
      },
      "configuration.dataReferences.a": { dataReferences: { a: reference } },
      "configuration.data.a": { data: { a: { dataLocation: location, mechanism: "download" } } },
      "configuration.outputData.a": { outputData: { a: { outputLocation: location, mechanism: "upload" } } },
      "configuration.docker.useDocker": { docker: { useDocker: true } },
      "configuration.docker.arguments": { docker: { arguments: ["--hostname=x"] } },
      "configuration.environment.docker.enabled": { environment: { python, docker: { enabled: true } } },
      "configuration.environment.docker.arguments": {
        environment: { python, docker: { enabled: false, arguments: ["--hostname=x"] } },
      },
      "configuration.environment.python.baseCondaEnvironment": {
        environment: { python: { userManagedDependencies: false, baseCondaEnvironment: "base" } },
      },
    };
    for (const [property, configuration] of Object.entries(refused)) {
      const answer = await service.call(
        "POST",
        `/execution/v1.0${experiment("home")}/startlocalrun?runId=home-refused`,
        definitionOf({ snapshotId }, configuration),
      );
      const said = await answer.text();
      assert.equal(answer.status, 400, property);
      assert.ok(said.includes(property), `${property}: ${said}`);
    }
    await assert.rejects(getRun(service, "home-refused"), /404/);
  });

  it("is not run again by the service, which says why and what else there is", async () => {
    await until("the first run", async () => (await getRun(service, "home-1")).status === "Completed");
    const again = await service.call("POST", `/malachite/v1.0${workspacePath}/runs/home-1/rerun`, {});
    assert.equal(again.status, 400, await again.clone().text());
    assert.match(
      await again.text(),
      /home-1' ran on its user's own machine.*Start a new local run.*or submit it to a compute target/,
    );
  });

  it("that was canceled before it was started does not run", async () => {
    const definition = definitionOf({ snapshotId });
    await service.call("POST", `/execution/v1.0${experiment("home")}/startlocalrun?runId=home-5`, definition);
    await cancel(service, "home-5", "home");
    assert.equal((await getRun(service, "home-5")).status, "Canceled");
  });
});
