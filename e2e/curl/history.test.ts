// What a client reads of a run: its record in all three addressings, its details, its files and parts of files.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { curl, TOKEN } from "../support/curl.ts";
import { assertRefused } from "../support/refusal.ts";
import { ended, fileOf, reached, story, submit, type WireRun } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";

const SCRIPT = `
import os, sys, time
print("to stdout", flush=True)
print("to stderr", file=sys.stderr, flush=True)
open("logs/progress.txt", "w").write("half")
open("outputs/model.bin", "wb").write(bytes(range(256)) * 4)
os.makedirs("outputs/deep/er")
open("outputs/deep/er/ä ö.txt", "w").write("umlaut")
`;
const WAITING = "time.sleep(600)\n";

describe("reading a run with curl", () => {
  let service: Service;
  const runId = "reading-1";
  const history = `/history/v1.0${workspacePath}`;
  before(async () => {
    service = await Service.start();
    await submit(service, {
      files: { "main.py": SCRIPT, "lib/util.py": "" },
      runId,
      experimentName: "reading",
      configuration: {
        arguments: ["--rate", "0.1"],
        environment: { environmentVariables: { MixedCase: "kept" } },
        jobName: "a name",
        unknownThing: { kept: [1, 2] },
      },
    });
    await reached(service, runId, "Completed");
    // The last change of a record: its target is freed.
    await until("the release", async () => (await story(service, runId)).at(-1)?.event === "released");
  });
  after(() => service[Symbol.asyncDispose]());
  const get = (path: string, ...more: string[]) => curl(...TOKEN, ...more, `${service.url}${path}`);
  const files = (rest: string) =>
    `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/dcid.${runId}/${rest}`;

  it("gives the same record by experiment, by experiment id and by workspace", async () => {
    const byName = (await get(`${history}/experiments/reading/runs/${runId}`)).json<
      WireRun & Record<string, unknown>
    >();
    const byId = await get(`${history}/experimentids/${byName.experimentId}/runs/${runId}`);
    assert.deepEqual(byId.json(), byName);
    assert.deepEqual((await get(`${history}/runs/${runId}`)).json(), byName);
    assert.equal(byName.runId, runId);
    assert.equal(byName.rootRunId, runId);
    assert.equal(byName.dataContainerId, `dcid.${runId}`);
    assert.equal(byName.displayName, "a name");
    assert.equal(byName.properties["_azureml.ComputeTargetType"], "process");
    assert.match(byName.properties.ContentSnapshotId ?? "", /^[0-9a-f-]{36}$/);
    for (const time of [byName.createdUtc, byName.startTimeUtc, byName.endTimeUtc])
      assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}(Z|\+00:00)$/);
    for (const path of [
      `${history}/experiments/other/runs/${runId}`,
      `${history}/experimentids/other/runs/${runId}`,
      `${history.replace("ws1", "ws2")}/runs/${runId}`,
    ])
      assert.equal((await get(path)).status, 404, path);
  });

  it("hands the definition back as it was meant, unknown properties and the keys of maps included", async () => {
    const { runDefinition } = (await get(`${history}/runs/${runId}/details`)).json<{
      runDefinition: { configuration: Record<string, unknown> };
    }>();
    const { configuration } = runDefinition;
    assert.equal(configuration.script, "main.py");
    assert.deepEqual(configuration.arguments, ["--rate", "0.1"]);
    assert.deepEqual(configuration.unknownThing, { kept: [1, 2] });
    const { environmentVariables } = configuration.environment as { environmentVariables: object };
    assert.deepEqual(environmentVariables, { MixedCase: "kept" });
  });

  it("gives logs by links that are fetched without a token, and no other file by them", async () => {
    const { logFiles } = (await get(`${history}/experiments/reading/runs/${runId}/details`)).json<{
      logFiles: Record<string, string>;
    }>();
    assert.deepEqual(Object.keys(logFiles).sort(), ["logs/progress.txt", "user_logs/std_log.txt"]);
    const link = logFiles["user_logs/std_log.txt"] ?? "";
    const answer = await curl(link);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
    assert.deepEqual(answer.body.toString().split("\n").sort(), ["", "to stderr", "to stdout"]);
    assert.equal((await curl(logFiles["logs/progress.txt"] ?? "")).body.toString(), "half");
    for (const bent of [
      link.replace("std_5flog.txt", "other.txt"),
      link.replace(/sig=(.)/, (_, letter) => (letter === "A" ? "sig=B" : "sig=A")),
      link.replace(/se=\d/, "se=9"),
      link.replace(runId, "reading-2"),
    ]) {
      assert.notEqual(bent, link);
      assert.equal((await curl(bent)).status, 403, bent);
    }
    assert.equal((await curl(`${service.url}${files("content?path=user_logs/std_log.txt")}`)).status, 401);
  });

  it("shows logs/ and the log while the run runs, and outputs/ at its end", async () => {
    const live = "reading-live";
    await submit(service, { files: { "main.py": SCRIPT + WAITING }, runId: live });
    const details = () =>
      service.json<{ logFiles: Record<string, string> }>("GET", `${history}/runs/${live}/details`);
    const links = await until("both logs to be listed", async () => {
      const { logFiles } = await details();
      return Object.keys(logFiles).length === 2 && logFiles;
    });
    const link = links["logs/progress.txt"] ?? "";
    await until("the progress to be read", async () => (await curl(link)).body.toString() === "half");
    const list = async () =>
      (
        await service.json<{ value: { path: string }[] }>("GET", `${history}/runs/${live}/artifacts`)
      ).value.map(({ path }) => path);
    assert.deepEqual(await list(), ["logs/progress.txt", "user_logs/std_log.txt"]);
    await service.json("POST", `${history}/runs/${live}/cancel?CancelationReason=enough`);
    const run = await ended(service, live);
    assert.equal(run.status, "Canceled");
    assert.deepEqual(
      (await list()).filter((path) => path.startsWith("outputs/")),
      ["outputs/deep/er/ä ö.txt", "outputs/model.bin"],
    );
    assert.equal((await curl(link)).body.toString(), "half");
  });

  it("gives parts of files", async () => {
    const path = files("content?path=outputs/model.bin");
    const whole = Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256));
    const all = await get(path);
    assert.equal(all.status, 200);
    assert.ok(all.body.equals(whole));
    assert.equal(all.headers.get("accept-ranges"), "bytes");
    for (const [range, from, to] of [
      ["0-0", 0, 1],
      ["100-199", 100, 200],
      ["1000-", 1000, 1024],
      ["-24", 1000, 1024],
      ["1000-99999", 1000, 1024],
    ] as const) {
      const part = await get(path, "-r", range);
      assert.equal(part.status, 206, range);
      assert.equal(part.headers.get("content-range"), `bytes ${from}-${to - 1}/1024`);
      assert.ok(part.body.equals(whole.subarray(from, to)), range);
    }
    const outside = await get(path, "-r", "1024-");
    assert.equal(outside.headers.get("content-range"), "bytes */1024");
    assertRefused(outside, { status: 416, code: "ValidationError", inner: "BadRange" });
    const etag = all.headers.get("etag") ?? "";
    assert.equal((await get(path, "-H", `If-None-Match: ${etag}`)).status, 304);
    assert.equal((await get(path, "-r", "0-1", "-H", `If-Range: ${etag}`)).status, 206);
    assert.equal((await get(path, "-r", "0-1", "-H", 'If-Range: "old"')).status, 200);
    const head = await get(path, "-I");
    assert.deepEqual([head.status, head.headers.get("content-length")], [200, "1024"]);
  });

  it("lists, describes, takes and drops files", async () => {
    const list = (await get(`${history}/runs/${runId}/artifacts/path?path=outputs/`)).json<{
      value: { path: string; origin: string; container: string; artifactId: string }[];
    }>();
    assert.deepEqual(
      list.value.map(({ artifactId }) => artifactId),
      ["deep/er/ä ö.txt", "model.bin"].map((name) => `ExperimentRun/dcid.${runId}/outputs/${name}`),
    );
    const umlaut = "path=outputs%2Fdeep%2Fer%2F%C3%A4%20%C3%B6.txt";
    const { contentUri } = (await get(files(`contentinfo?${umlaut}`))).json<{ contentUri: string }>();
    assert.equal((await curl(contentUri)).body.toString(), "umlaut");
    const upload = (query: string, text: string) =>
      get(files(`content?${query}`), "-H", "Content-Type: application/octet-stream", "--data-binary", text);
    assert.equal((await upload("path=own/a.txt", "one")).status, 200);
    const exists = { status: 409, code: "UserError", inner: "ArtifactExists" } as const;
    assertRefused(await upload("path=own/a.txt", "two"), exists);
    assert.equal((await upload("path=own/a.txt&allowOverwrite=true", "two")).status, 200);
    assert.equal((await upload("path=own/a.txt&append=true&index=3", " three")).status, 200);
    assertRefused(await upload("path=own/a.txt&append=true&index=3", " three"), exists);
    assert.equal((await fileOf(service, runId, "own/a.txt")).toString(), "two three");
    for (const path of ["../a", "/etc/passwd", "a//b", "a%00b", ""])
      assert.equal((await upload(`path=${path}`, "x")).status, 400, path);
    assert.equal((await get(files("metadata?path=own/a.txt"), "-X", "DELETE")).status, 200);
    assert.equal((await get(files("content?path=own/a.txt"))).status, 404);
  });

  it("keeps the error of a run that failed, with the last line of its traceback", async () => {
    await submit(service, { files: { "main.py": "raise KeyError('missing')" }, runId: "failing" });
    const run = await ended(service, "failing");
    assert.equal(run.status, "Failed");
    assert.equal(run.properties["malachite.exitCode"], "1");
    assert.equal(run.error?.error?.code, "UserError");
    assert.match(run.error?.error?.message ?? "", /KeyError: 'missing'/);
    const details = await service.json<WireRun>("GET", `${history}/runs/failing/details`);
    assert.deepEqual(details.error, run.error);
  });
});
