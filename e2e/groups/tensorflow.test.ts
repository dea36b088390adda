// TensorFlow's parameter servers, with the real library: the chief's steps are computed by workers, the variables live on the server.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { example } from "../support/examples.ts";
import { fileOf, processesOf, reached, submit } from "../support/runs.ts";
import { Service } from "../support/service.ts";
import { orSkip } from "../support/tools.ts";
import { pythonWithTensorflow } from "../support/venvs.ts";

describe("a run of TensorFlow", () => {
  let service: Service;
  before(async () => {
    service = await Service.start({ flags: ["--grace-seconds", "2"] });
  });
  after(() => service[Symbol.asyncDispose]());

  it("trains with a chief, two workers and a parameter server, and ends when the chief does", async (t) => {
    const python = orSkip(t, pythonWithTensorflow);
    if (!python) return;
    const { files, configuration } = example("tensorflow", "ps");
    const runId = await submit(service, {
      files,
      configuration: {
        ...configuration,
        environment: { python: { userManagedDependencies: true, interpreterPath: python } },
      },
    });
    await reached(service, runId, "Completed", 240_000);
    assert.deepEqual(processesOf(runId), []);
    const { weight, bias, device, cluster } = JSON.parse(
      String(await fileOf(service, runId, "outputs/line.json")),
    );
    assert.ok(Math.abs(weight - 3) < 0.5 && Math.abs(bias - 1) < 0.5, `${weight} ${bias}`);
    assert.match(device, /job:ps\/replica:0\/task:0/);
    assert.deepEqual(
      Object.entries(cluster as Record<string, string[]>).map(([type, all]) => [type, all.length]),
      [
        ["chief", 1],
        ["worker", 2],
        ["ps", 1],
      ],
    );
    assert.equal(new Set(Object.values(cluster).flat()).size, 4);
    assert.match(String(await fileOf(service, runId, "user_logs/std_log_process_3.txt")), /ps 0 serves/);
  });
});
