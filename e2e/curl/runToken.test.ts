// A run's own token, from inside the script as from outside: it changes its own run and those below it, and reads the workspace.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { curl } from "../support/curl.ts";
import { scratch } from "../support/project.ts";
import { assertRefused } from "../support/refusal.ts";
import {
  definitionOf,
  ended,
  experiment,
  fileOf,
  getRun,
  reached,
  says,
  submit,
  zipOf,
} from "../support/runs.ts";
import { Service, workspacePath } from "../support/service.ts";

const INSIDE = `
import json, os, time, urllib.request
e = os.environ
def call(method, path, body=None, kind="application/json"):
    request = urllib.request.Request(e["AZUREML_SERVICE_ENDPOINT"] + path, body, method=method)
    request.add_header("Authorization", "Bearer " + e["AZUREML_RUN_TOKEN"])
    if body is not None: request.add_header("Content-Type", kind)
    return urllib.request.urlopen(request).read()
run = "/history/v1.0" + e["AZUREML_WORKSPACE_SCOPE"] + "/runs/" + e["AZUREML_RUN_ID"]
record = json.loads(call("GET", run))
assert record["status"] in ("Queued", "Running"), record
call("PATCH", run, json.dumps({"tags": {"from": "inside"}}).encode())
files = "/artifact/v2.0" + e["AZUREML_WORKSPACE_SCOPE"] + "/artifacts/ExperimentRun/" + record["dataContainerId"]
call("POST", files + "/content?path=sent/by-hand.txt", b"by hand", "application/octet-stream")
open("logs/token.txt", "w").write(e["AZUREML_RUN_TOKEN"])
print(e["AZUREML_RUN_TOKEN_EXPIRY"], flush=True)
time.sleep(600)
`;

describe("the token of a run", () => {
  let service: Service;
  let token: string;
  const mine = "token-mine";
  const other = "token-other";
  before(async () => {
    service = await Service.start({ flags: ["--grace-seconds", "1", "--runs-at-once", "4"] });
    for (const runId of [mine, other])
      await submit(service, { files: { "main.py": INSIDE }, runId, experimentName: "tokens" });
    for (const runId of [mine, other]) {
      const expiry = (await says(service, runId, "\n")).trim();
      await reached(service, runId, "Running");
      assert.ok(Date.parse(expiry) > Date.now(), expiry);
    }
    token = (await fileOf(service, mine, "logs/token.txt")).toString();
  });
  after(() => service[Symbol.asyncDispose]());
  const call = (path: string, ...more: string[]) =>
    curl("-H", `Authorization: Bearer ${token}`, ...more, `${service.url}${path}`);
  const JSON_TYPE = ["-H", "Content-Type: application/json"] as const;
  const history = `/history/v1.0${workspacePath}`;
  const files = (container: string, rest: string) =>
    `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/${container}/${rest}`;
  const malachite = `/malachite/v1.0${workspacePath}`;
  const refused = { status: 403, code: "UserError", inner: "NotAllowed" } as const;

  it("has changed its run from inside", async () => {
    const run = await service.json<{ tags: Record<string, string> }>("GET", `${history}/runs/${mine}`);
    assert.deepEqual(run.tags, { from: "inside" });
    assert.equal((await fileOf(service, mine, "sent/by-hand.txt")).toString(), "by hand");
  });

  it("reads its own run and what else is in the workspace", async () => {
    const snapshotId = (await getRun(service, mine)).properties.ContentSnapshotId;
    for (const path of [
      `${history}/runs/${mine}`,
      `${history}/experiments/tokens/runs/${mine}`,
      `${history}/runs/${mine}/details`,
      `${history}/runs/${mine}/children`,
      `${history}/runs/${mine}/artifacts`,
      files(`dcid.${mine}`, "content?path=user_logs/std_log.txt"),
      files(`dcid.${mine}`, ""),
      `${malachite}/runs/${mine}/why`,
      `${malachite}/runs/${mine}/story`,
      `${malachite}/snapshots/${snapshotId}/zip`,
      `${malachite}/targets`,
      `${history}/runs/${other}`,
      `${history}/experiments/tokens/runs/${other}/details`,
      `${history}/runs/${other}/artifacts`,
      files(`dcid.${other}`, "content?path=user_logs/std_log.txt"),
      `${malachite}/runs/${other}/why`,
      `${history}/experiments/tokens`,
    ]) {
      const answer = await call(path);
      assert.equal(answer.status, 200, `${path} ${answer.body.toString().slice(0, 300)}`);
    }
    for (const list of ["runs:query", "experiments/tokens/runs:query", "experiments:query"])
      assert.equal((await call(`${history}/${list}`, ...JSON_TYPE, "-d", "{}")).status, 200, list);
    assert.equal((await call(`${history}/runs/nobody`)).status, 404);
    const event = JSON.stringify({ name: "Microsoft.MachineLearning.Run.Heartbeat", data: { RunId: mine } });
    assert.equal((await call(`${history}/runs/${mine}/events`, ...JSON_TYPE, "-d", event)).status, 200);
  });

  it("changes no other run, nor its files", async () => {
    for (const [path, ...args] of [
      [`${history}/runs/${other}`, "-X", "PATCH", ...JSON_TYPE, "-d", '{"tags":{"a":"b"}}'],
      [`${history}/runs/${other}/token`],
      [`${history}/runs/${other}/events`, ...JSON_TYPE, "-d", '{"name":"x","data":{}}'],
      [files(`dcid.${other}`, "content?path=a"), ...JSON_TYPE, "-d", "x"],
      [files(`DCID.${mine}`, "content?path=a"), ...JSON_TYPE, "-d", "x"],
      [`/execution/v1.0${experiment("tokens")}/runId/${other}/cancel`, "-X", "POST"],
    ] as const)
      assertRefused(await call(path, ...args), refused);
    const run = await service.json<{ tags: Record<string, string>; status: string }>(
      "GET",
      `${history}/runs/${other}`,
    );
    assert.deepEqual([run.tags, run.status], [{ from: "inside" }, "Running"]);
  });

  it("does not reach another run's files by calling their container its own", async () => {
    const change = ["-X", "PATCH", ...JSON_TYPE, "-d", JSON.stringify({ dataContainerId: `dcid.${other}` })];
    await call(`${history}/runs/${mine}`, ...change);
    const run = await service.json<{ dataContainerId: string }>("GET", `${history}/runs/${mine}`);
    assert.equal(run.dataContainerId, `dcid.${mine}`);
  });

  it("starts and makes nothing that is not below its own run", async () => {
    using work = scratch();
    const zip = work.write("project.zip", zipOf({ "main.py": "" }));
    const form = ["-F", `projectZipFile=@${zip}`, "-F", `runDefinitionFile=@${work.definition("d.json")}`];
    const snapshotId = (await getRun(service, mine)).properties.ContentSnapshotId;
    const definition = ["-d", JSON.stringify(definitionOf({ snapshotId }))];
    for (const [path, ...args] of [
      [`/execution/v1.0${experiment("tokens")}/startrun`, ...form],
      [`/execution/v1.0${experiment("tokens")}/snapshotrun`, ...JSON_TYPE, ...definition],
      [`/execution/v1.0${experiment("tokens")}/startlocalrun`, ...JSON_TYPE, ...definition],
      [`${history}/experiments/fresh`, "-X", "POST"],
      [`${history}/experiments/tokens/runs/made-up`, "-X", "PATCH", ...JSON_TYPE, "-d", "{}"],
      [
        `${history}/experiments/tokens/runs/made-up`,
        ...["-X", "PATCH", ...JSON_TYPE, "-d", JSON.stringify({ parentRunId: other })],
      ],
    ] as const)
      assertRefused(await call(path, ...args), refused);
    const child = ["-X", "PATCH", ...JSON_TYPE, "-d", JSON.stringify({ parentRunId: mine })];
    const made = await call(`${history}/experiments/tokens/runs/${mine}-child`, ...child);
    assert.equal(made.json<{ rootRunId: string }>().rootRunId, mine);
    assert.equal((await call(`${history}/runs/${mine}-child`, ...child)).status, 200);
    assert.equal((await call(`${history}/runs/${mine}-child/cancel`, "-X", "POST")).status, 200);
    // Events of several runs travel in one request: what is of another run comes back as refused.
    const events = [mine, other].map((RunId) => ({
      name: "Microsoft.MachineLearning.Run.Heartbeat",
      data: { RunId },
    }));
    const batch = await call(
      `${history}/experiments/tokens/batch/events`,
      ...JSON_TYPE,
      "-d",
      JSON.stringify({ events }),
    );
    const { errors } = batch.json<{ errors: { key: { data: { RunId: string } } }[] }>();
    assert.deepEqual(
      errors.map(({ key }) => key.data.RunId),
      [other],
    );
  });

  it("reaches no other workspace, not even a run of the same name there", async () => {
    const elsewhere = workspacePath.replace("ws1", "ws2");
    const made = await service.call("PATCH", `/history/v1.0${elsewhere}/experiments/tokens/runs/${mine}`, {});
    assert.equal(made.status, 200);
    assertRefused(await call(`/history/v1.0${elsewhere}/runs/${mine}`), refused);
    assertRefused(await call(`/malachite/v1.0${elsewhere}/runs/${mine}/log`), refused);
    const container = `/artifact/v2.0${elsewhere}/artifacts/ExperimentRun/dcid.${mine}`;
    assertRefused(await call(container), refused);
  });

  it("ends its own run, as a script may wish", async () => {
    const answer = await call(`/execution/v1.0${experiment("tokens")}/runId/${mine}/cancel`, "-X", "POST");
    assert.deepEqual(answer.json(), { runId: mine });
    assert.equal((await ended(service, mine)).status, "Canceled");
  });
});
