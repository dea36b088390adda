// Workspaces and targets as the settings make them: made by their first write, or not at all; any target name, or only those named.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ended, submit } from "./support/runs.ts";
import { Service, WORKSPACE } from "./support/service.ts";

const other = `/subscriptions/${WORKSPACE.subscriptionId}/resourceGroups/another/providers/Microsoft.MachineLearningServices/workspaces/new`;
const errorOf = async (answer: Response) =>
  ((await answer.json()) as { error: { message: string; innerError: { innerError: { code: string } } } })
    .error;

describe("a workspace", () => {
  it("comes into being by its first write", async () => {
    await using service = await Service.start();
    assert.equal((await service.call("POST", `/history/v1.0${other}/experiments/first`)).status, 200);
    const listed = await service.json<{ value: { name: string }[] }>(
      "POST",
      `/history/v1.0${other}/experiments:query`,
      {},
    );
    assert.deepEqual(
      listed.value.map((experiment) => experiment.name),
      ["first"],
    );
  });

  it("does not where the settings forbid it, and the error names those there are", async () => {
    await using service = await Service.start({ env: { MALACHITE_WORKSPACES_BY_FIRST_WRITE: "false" } });
    const refused = await service.call("POST", `/history/v1.0${other}/experiments/first`);
    assert.equal(refused.status, 404);
    const { message, innerError } = await errorOf(refused);
    assert.equal(innerError.innerError.code, "WorkspaceNotFound");
    assert.match(message, /ws1/);
    const runId = await submit(service, { files: { "main.py": "print(1)\n" } });
    assert.equal((await ended(service, runId)).status, "Completed");
  });
});

describe("a compute target", () => {
  it("of any name runs on this machine where the settings say so", async () => {
    await using service = await Service.start({ flags: ["--target", "*=process"] });
    const runId = await submit(service, {
      files: { "main.py": "print(1)\n" },
      configuration: { target: "cpu-cluster" },
    });
    assert.equal((await ended(service, runId)).status, "Completed");
  });
});
