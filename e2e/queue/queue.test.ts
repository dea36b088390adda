// Priorities, nodes and GPUs with a real service and real processes. The GPUs are told by a tool of that name that the test writes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { Home } from "../support/cli.ts";
import {
  cancel,
  definitionOf,
  ended,
  experiment,
  fileOf,
  getRun,
  reached,
  says,
  submit,
} from "../support/runs.ts";
import { Service, workspacePath } from "../support/service.ts";

/** Says what it may see, and ends when the file is there. */
const WAIT = `
import os, sys, time
print(os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ.get("CUDA_DEVICE_ORDER"), flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.02)
`;
type Why = { summary: string; constraints: { code: string; resource?: string; heldBy?: string[] }[] };

describe("the queue", { timeout: 600_000 }, () => {
  let service: Service;
  let folder = "";
  let go = "";
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "malachite-queue-"));
    writeFileSync(join(folder, "nvidia-smi"), "#!/bin/sh\nprintf '0\\n1\\n2\\n'\n", { mode: 0o755 });
    writeFileSync(
      join(folder, "settings.yaml"),
      `runsAtOnce: 3
target:
  rig: { kind: process, gpuIds: [2] }
  cluster: { kind: process, nodes: 3 }
`,
    );
    service = await Service.start({
      flags: ["--settings", join(folder, "settings.yaml")],
      env: { PATH: `${folder}:${process.env.PATH}` },
    });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    go = join(mkdtempSync(join(folder, "go-")), "go");
  });

  const start = (runId: string, configuration: Record<string, unknown> = {}) =>
    submit(service, {
      files: { "main.py": WAIT },
      runId,
      configuration: { arguments: [go], ...configuration },
    });
  const cuda = (value: string) => ({ environmentVariables: { CUDA_VISIBLE_DEVICES: value } });
  const log = async (runId: string, path?: string) => String(await fileOf(service, runId, path)).trim();
  const why = (runId: string) =>
    service.json<Why>("GET", `/malachite/v1.0${workspacePath}/runs/${runId}/why`);
  /** Until the script has said what it sees. */
  const said = async (runId: string) => (await says(service, runId, "\n")).trim();

  it("gives each run GPUs of its own, also after kill -9, and lets those pass that need none", async () => {
    await start("one");
    assert.equal(await said("one"), "0 PCI_BUS_ID");
    await start("both", cuda("0,1"));
    await start("none", cuda("-1"));
    assert.equal(await said("none"), "PCI_BUS_ID");
    await start("rig", { target: "rig" });
    assert.equal(await said("rig"), "2 PCI_BUS_ID");
    await service.kill();
    await service.start();
    const { constraints } = await why("both");
    assert.deepEqual(
      constraints.map(({ code, resource, heldBy }) => [code, resource, heldBy]),
      [["limitReached", "gpus", ["one"]]],
    );
    await using home = new Home();
    home.env = { MALACHITE_ENDPOINT: service.url };
    const explained = (await home.run("why", "both")).stdout;
    assert.match(explained, /needs 2 GPUs; of 2 1 is free; the others are held by one/);
    assert.match((await home.run("target", "list")).stdout, /local .* 1 of 2/);
    writeFileSync(go, "");
    for (const runId of ["one", "both", "none", "rig"])
      assert.equal((await ended(service, runId)).status, "Completed");
    assert.equal(await log("both"), "0,1 PCI_BUS_ID");
  });

  it("serves a higher priority first", async () => {
    for (const runId of ["p1", "p2", "p3"]) await start(runId, cuda(""));
    for (const runId of ["p1", "p2", "p3"]) await reached(service, runId, "Running");
    for (const [runId, priority] of Object.entries({ low: -1, usual: 0, high: 7 }))
      await start(runId, { priority, ...cuda("") });
    assert.match((await why("low")).summary, /All 3 places .* 2 runs are served before it/);
    await cancel(service, "p1");
    await reached(service, "high", "Running");
    assert.equal((await getRun(service, "usual")).status, "NotStarted");
    writeFileSync(go, "");
    for (const runId of ["p2", "p3", "low", "usual", "high"]) await ended(service, runId);
  });

  it("counts nodes, and refuses at once what a target cannot do", async () => {
    await start("two", { target: "cluster", nodeCount: 2 });
    await reached(service, "two", "Running");
    await start("again", { target: "cluster", nodeCount: 2 });
    const { constraints } = await why("again");
    assert.ok(constraints.some(({ resource, heldBy }) => resource === "nodes" && heldBy?.includes("two")));
    writeFileSync(go, "");
    for (const runId of ["two", "again"]) assert.equal((await ended(service, runId)).status, "Completed");
    const refused = async (configuration: Record<string, unknown>) => {
      const definition = definitionOf({}, { script: undefined, command: "true", ...configuration });
      const answer = await service.call("POST", `/execution/v1.0${experiment()}/snapshotrun`, definition);
      assert.equal(answer.status, 400);
      return answer.text();
    };
    const list =
      "local (any number of nodes, 2 GPUs), rig (any number of nodes, 1 GPU), cluster (3 nodes, no GPUs)";
    for (const [configuration, text] of [
      [{ target: "cluster", nodeCount: 4 }, "4 nodes were asked for; the compute target 'cluster' has 3."],
      [{ target: "rig", ...cuda("0,1") }, "2 GPUs were asked for; the compute target 'rig' has 1."],
      [{ target: "gpu" }, "There is no compute target 'gpu'."],
    ] as const) {
      const said = await refused(configuration);
      assert.ok(said.includes(text) && said.includes(list), said);
    }
  });
});
