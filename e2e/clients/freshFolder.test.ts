// A client that knew another service on the same port: it is a new data folder now, and nothing the client has noted deceives it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { Service, WORKSPACE } from "../support/service.ts";
import { orSkip } from "../support/tools.ts";
import { installed } from "./install.ts";
import { entryOf } from "./matrix.ts";
import { clientEnvironment } from "./runFlows.ts";

const SCRIPT = `
import sys
from azureml.core import Experiment, Workspace
ws = Workspace(*sys.argv[1:4])
experiment = Experiment(ws, "e")
run = experiment.start_logging(snapshot_directory=None)
run.complete()
print("SEEN", ws.get_details()["workspaceid"], run.id, run.get_details()["runId"])
`;

describe("a new data folder on the port of an old one", { timeout: 600_000 }, () => {
  it("is another workspace to a client that has noted the old one", async (t) => {
    const python = orSkip(t, () => installed(entryOf("azureml-core-1.61")));
    if (python === undefined) return;
    const home = mkdtempSync(join(tmpdir(), "malachite-client-"));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    mkdirSync(join(home, "home"));
    const names = [WORKSPACE.subscriptionId, WORKSPACE.resourceGroup, WORKSPACE.workspace];
    const seen = async (env: Readonly<Record<string, string>>) => {
      const { stdout } = await promisify(execFile)(python, ["-W", "ignore", "-c", SCRIPT, ...names], {
        env: { ...env },
        cwd: home,
      });
      const [, id = "", runId = "", shown] = /SEEN (\S+) (\S+) (\S+)/.exec(stdout) ?? assert.fail(stdout);
      assert.equal(runId, shown);
      return id;
    };
    await using service = await Service.start();
    const env = await clientEnvironment(service, join(home, "home"), []);
    const first = await seen(env);
    assert.ok(readdirSync(join(home, "home/.azureml")).length > 0, "the client has noted something");
    await service.kill("SIGTERM");
    rmSync(service.data, { recursive: true });
    await service.start();
    // The old shell does not trust the new authority; `malachite env` tells it.
    await assert.rejects(seen(env), /CERTIFICATE_VERIFY_FAILED|certificate verify failed/);
    const second = await seen(await clientEnvironment(service, join(home, "home"), []));
    assert.notEqual(second, first);
  });
});
