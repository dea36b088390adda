// Every refusal a client can meet, and its whole envelope. What is refused must not have left a run behind.
import assert from "node:assert/strict";
import { chmodSync, existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Answer, curl, TOKEN } from "../support/curl.ts";
import { type Scratch, scratch } from "../support/project.ts";
import { assertRefused } from "../support/refusal.ts";
import { definitionOf, experiment } from "../support/runs.ts";
import { Service, workspacePath } from "../support/service.ts";

const JSON_TYPE = ["-H", "Content-Type: application/json"] as const;
const BAD = { status: 400, code: "ValidationError" } as const;
const GONE = { status: 404, code: "UserError" } as const;

describe("refusals", () => {
  let service: Service;
  let work: Scratch;
  before(async () => {
    service = await Service.start({ flags: ["--target", "cpu-cluster=process"] });
    work = scratch();
    work.zip("project.zip", { "main.py": "print(1)\n" });
    work.definition("definition.json");
  });
  after(async () => {
    work[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });
  const at = (path: string) => `${service.url}${path}`;
  const execution = (rest: string) => at(`/execution/v1.0${experiment("refused")}/${rest}`);
  const history = (rest: string) => at(`/history/v1.0${workspacePath}${rest}`);
  const file = (name: string) => join(work.folder, name);
  const form = (definition: string, zip = file("project.zip"), rest = "startrun") =>
    curl(...TOKEN, "-F", `projectZipFile=@${zip}`, "-F", `runDefinitionFile=@${definition}`, execution(rest));
  const post = (url: string, body: string, ...more: string[]) =>
    curl(...TOKEN, ...JSON_TYPE, ...more, "--data-binary", body, url);
  const definition = (configuration: Record<string, unknown>) =>
    form(work.definition("given.json", configuration));

  it("tells an unknown address, and a known one under another method", async () => {
    assertRefused(await curl(...TOKEN, at("/no/such/place")), { ...GONE, inner: "RouteNotFound" });
    const answer = await curl(...TOKEN, "-X", "PUT", execution("startrun"));
    assertRefused(answer, { status: 405, code: "UserError", inner: "RouteNotFound", message: /POST/ });
    assert.equal(answer.headers.get("allow"), "POST");
  });

  it("tells a path that is not properly encoded, and one that is too long", async () => {
    assertRefused(await curl(...TOKEN, at("/execution/v1.0/%zz")), { ...BAD, inner: "InvalidRequest" });
    const long = await curl(...TOKEN, history(`/runs/${"a".repeat(257)}`));
    assertRefused(long, { ...BAD, inner: "InvalidRunId", target: "runId", details: ["runId"] });
    const longer = await curl(...TOKEN, history(`/runs/${"a".repeat(6000)}`));
    assertRefused(longer, { ...BAD, inner: "InvalidRequest" });
  });

  it("tells every wrong part of an address at once", async () => {
    const path = `/execution/v1.0/subscriptions/nobody/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws1/experiments/${"e".repeat(256)}/runId/-bad/cancel`;
    assertRefused(await curl("-X", "POST", ...TOKEN, at(path)), {
      ...BAD,
      inner: "InvalidRequest",
      details: ["subscriptionId", "experimentName", "runId"],
    });
  });

  for (const [name, runId] of [
    ["over-long", "a".repeat(257)],
    ["empty", ""],
    ["with a slash", "a/b"],
    ["beginning with a dash", "-a"],
    ["with a dot", "a.b"],
    ["with a line break", "a%0a"],
  ] as const) {
    it(`refuses a run id that is ${name}`, async () => {
      const answer = await form(file("definition.json"), undefined, `startrun?runId=${runId}`);
      assertRefused(answer, { ...BAD, inner: "InvalidRunId", target: "runId" });
    });
  }

  it("asks for a token, and for a good one", async () => {
    const anonymous = { status: 401, code: "UserError", inner: "NotAuthenticated" } as const;
    assertRefused(await curl(history("/runs/x")), anonymous);
    for (const header of ["Bearer nonsense", "Basic ZGV2OmRldg==", "dev", "Bearer", "Bearer a.b.c"])
      assertRefused(await curl("-H", `Authorization: ${header}`, history("/runs/x")), anonymous);
    assertRefused(await curl("-X", "POST", execution("startrun")), anonymous);
  });

  it("refuses a foreign Host and a foreign Origin", async () => {
    const foreign = { status: 403, code: "UserError", inner: "HostRefused" } as const;
    assertRefused(await curl(...TOKEN, "-H", "Host: evil.example", history("/runs/x")), foreign);
    assertRefused(await curl(...TOKEN, "-H", "Origin: https://evil.example", history("/runs/x")), foreign);
  });

  it("tells where JSON stops being so, what is too deep, and a body that is no JSON by its type", async () => {
    const url = execution("snapshotrun");
    assertRefused(await post(url, '{"configuration": {"script": }}'), { ...BAD, inner: "BadJson" });
    assertRefused(await post(url, "\x80\xff"), { ...BAD, inner: "BadJson" });
    const deep = work.write("deep.json", "[".repeat(100_000) + "]".repeat(100_000));
    assertRefused(await post(url, `@${deep}`), { status: 413, code: "ValidationError", inner: "TooLarge" });
    assertRefused(await curl(...TOKEN, "-H", "Content-Type: text/plain", "-d", "{}", url), {
      status: 415,
      code: "ValidationError",
      inner: "UnsupportedMediaType",
    });
    assertRefused(await curl(...TOKEN, "-X", "POST", url), {
      ...BAD,
      inner: "InvalidRequest",
      message: /has none/,
    });
    assertRefused(await post(url, "[]"), { ...BAD, inner: "InvalidDefinition" });
  });

  it("tells what is wrong with a form", async () => {
    const broken = { ...BAD, inner: "BadMultipart" } as const;
    const send = (...args: string[]) => curl(...TOKEN, ...args, execution("startrun"));
    const part = `runDefinitionFile=@${file("definition.json")}`;
    const zip = `projectZipFile=@${file("project.zip")}`;
    assertRefused(await send("-F", zip), { ...broken, target: "runDefinitionFile" });
    assertRefused(await send("-F", part), { ...broken, target: "projectZipFile" });
    assertRefused(await send("-F", part, "-F", part, "-F", zip), { ...broken, target: "runDefinitionFile" });
    assertRefused(await send("-F", part, "-F", zip, "-F", "more=1"), { ...broken, target: "more" });
    const multipart = ["-H", "Content-Type: multipart/form-data; boundary=b", "--data-binary"];
    assertRefused(await send(...multipart, "no form at all"), broken);
    const cut = '--b\r\nContent-Disposition: form-data; name="runDefinitionFile"; filename="d"\r\n\r\n{"conf';
    assertRefused(await send(...multipart, cut), broken);
    assertRefused(await send("-H", "Content-Type: multipart/form-data", "-d", "x"), { ...broken });
    assertRefused(await send(...JSON_TYPE, "-d", "{}"), {
      status: 415,
      code: "ValidationError",
      inner: "UnsupportedMediaType",
    });
    const noJson = work.write("no.json", "{");
    assertRefused(await send("-F", zip, "-F", `runDefinitionFile=@${noJson}`), { ...BAD, inner: "BadJson" });
  });

  it("refuses an archive that is none, is cut off, or leads out of its folder", async () => {
    const archive = (name: string, content: Uint8Array | string) =>
      form(file("definition.json"), work.write(name, content));
    assertRefused(await archive("none.zip", "not a zip"), { ...BAD, inner: "BadArchive" });
    assertRefused(await archive("empty.zip", ""), { ...BAD, inner: "BadArchive" });
    const slip = work.zip("slip.zip", { "main.py": "", "../outside.py": "" });
    assertRefused(await form(file("definition.json"), slip), { ...BAD, inner: "BadPath" });
    assert.equal(existsSync(join(service.data, "outside.py")), false);
  });

  it("names every fault of a definition at once, with its path", async () => {
    const answer = await definition({
      script: "../main.py",
      arguments: ["a\0b", { lr: 7 }],
      nodeCount: 0,
      maxRunDurationSeconds: "soon",
      framework: "Fortran",
      environment: { environmentVariables: { "A=B": "1", AZUREML_RUN_ID: "mine" } },
    });
    assertRefused(answer, {
      ...BAD,
      inner: "InvalidDefinition",
      details: [
        "configuration.script",
        "configuration.arguments[0]",
        "configuration.arguments[1]",
        "configuration.nodeCount",
        "configuration.maxRunDurationSeconds",
        "configuration.framework",
        "configuration.environment.environmentVariables.A=B",
        "configuration.environment.environmentVariables.AZUREML_RUN_ID",
      ],
    });
  });

  it("names every field that is understood and not done", async () => {
    const answer = await definition({
      credentialPassthrough: true,
      applicationEndpoints: { ssh: { type: "ssh" } },
      data: { d: { dataLocation: { dataset: { id: "x" } }, mechanism: "Mount" } },
    });
    assertRefused(answer, {
      ...BAD,
      inner: "UnsupportedField",
      details: [
        "configuration.applicationEndpoints",
        "configuration.credentialPassthrough",
        "configuration.data.d.dataLocation.dataset",
      ],
    });
  });

  it("refuses an unknown target and lists those there are", async () => {
    assertRefused(await definition({ target: "gpu-cluster" }), {
      ...BAD,
      inner: "UnknownTarget",
      target: "configuration.target",
      message: /'gpu-cluster'.*local.*cpu-cluster|'gpu-cluster'.*cpu-cluster.*local/s,
    });
  });

  it("refuses a script, an interpreter, a snapshot and a parent that are not there", async () => {
    assertRefused(await definition({ script: "other.py" }), {
      ...BAD,
      inner: "ScriptNotFound",
      target: "configuration.script",
    });
    const python = { userManagedDependencies: true, interpreterPath: "/no/such/python" };
    assertRefused(await definition({ environment: { python } }), { ...BAD, inner: "InterpreterNotFound" });
    const url = execution("snapshotrun");
    const snapshotId = "00000000-0000-4000-8000-000000000000";
    assertRefused(await post(url, JSON.stringify(definitionOf({ snapshotId }))), {
      ...GONE,
      inner: "SnapshotNotFound",
      target: "snapshotId",
    });
    assertRefused(await post(url, JSON.stringify(definitionOf({ snapshotId: "7" }))), {
      ...BAD,
      inner: "InvalidDefinition",
      details: ["snapshotId"],
    });
    assertRefused(await post(url, JSON.stringify(definitionOf())), {
      ...BAD,
      inner: "InvalidDefinition",
      details: ["snapshotId"],
    });
    assertRefused(await form(work.definition("child.json", {}, { parentRunId: "nobody" })), {
      ...BAD,
      inner: "InvalidDefinition",
      details: ["parentRunId"],
    });
  });

  it("tells what is not there, and queries that are not understood", async () => {
    assertRefused(await curl(...TOKEN, history("/runs/nobody")), { ...GONE, inner: "RunNotFound" });
    assertRefused(await curl(...TOKEN, history("/experiments/none")), {
      ...GONE,
      inner: "ExperimentNotFound",
    });
    const list = history("/runs:query");
    assertRefused(await post(list, '{"filter":"status is good"}'), { ...BAD, inner: "BadFilter" });
    assertRefused(await post(list, '{"orderBy":"colour"}'), { ...BAD, inner: "BadFilter" });
    assertRefused(await post(list, '{"continuationToken":"made up"}'), {
      ...BAD,
      inner: "BadContinuationToken",
    });
    assertRefused(await post(list, '{"top":0}'), { ...BAD, inner: "InvalidRequest", details: ["top"] });
  });

  it("refuses, one by one, runs of a batch whose id cannot be one", async () => {
    const ids = ["", "a/b", "-a", "a".repeat(257)];
    const answer = await curl(
      ...TOKEN,
      ...JSON_TYPE,
      "-X",
      "PATCH",
      "-d",
      JSON.stringify({ runs: ids.map((runId) => ({ runId })) }),
      history("/experiments/refused/batch/runs"),
    );
    if (answer.status === 400) assertRefused(answer, { ...BAD, inner: "InvalidRunId" });
    else {
      const { runs = {}, errors = {} } = answer.json<{ runs?: object; errors?: object }>();
      assert.deepEqual(
        [Object.keys(runs), Object.keys(errors).sort()],
        [
          [],
          // The first has no id to be named by: its place in the list stands for it.
          ids.map((id, i) => id || `[${i}]`).sort(),
        ],
      );
    }
  });

  it("tells a broken disk as a fault of its storage, and works again when it is mended", async () => {
    // The folder that uploads go to becomes a file: no disk is needed that is really full.
    const [incoming, aside] = [join(service.data, "incoming"), join(service.data, "aside")];
    renameSync(incoming, aside);
    writeFileSync(incoming, "");
    chmodSync(incoming, 0o600);
    let answer: Answer;
    try {
      answer = await form(file("definition.json"));
    } finally {
      renameSync(aside, `${incoming}.again`);
      renameSync(incoming, aside);
      renameSync(`${incoming}.again`, incoming);
    }
    assertRefused(answer, { status: 500, code: "AzureStorageError", inner: "StorageFailed" });
    assert.equal((await form(file("definition.json"), undefined, "startrun?runId=mended")).status, 200);
  });

  it("has made no run of any of it", async () => {
    const { value } = await service.json<{ value: { runId: string }[] }>(
      "POST",
      `/history/v1.0${workspacePath}/runs:query`,
      {},
    );
    assert.deepEqual(
      value.map((run) => run.runId),
      ["mended"],
    );
  });
});
