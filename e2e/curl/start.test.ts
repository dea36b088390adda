// The four operations, called as the documentation calls them, with the real curl.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { curl, TOKEN } from "../support/curl.ts";
import { type Scratch, scratch } from "../support/project.ts";
import { assertRefused } from "../support/refusal.ts";
import {
  definitionOf,
  ended,
  experiment,
  fileOf,
  getRun,
  processesOf,
  python3,
  reached,
  story,
} from "../support/runs.ts";
import { Service, until } from "../support/service.ts";

const HELLO = 'import sys\nprint("hello", *sys.argv[1:])\n';
const JSON_TYPE = ["-H", "Content-Type: application/json"] as const;

describe("the documented curl calls", () => {
  let service: Service;
  let work: Scratch;
  let zip: string;
  let definition: string;
  before(async () => {
    service = await Service.start({ flags: ["--grace-seconds", "2"] });
    work = scratch();
    zip = work.zip("project.zip", { "main.py": HELLO, "slow.py": "import time\ntime.sleep(600)\n" });
    definition = work.definition("definition.json");
  });
  after(async () => {
    work[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });
  const url = (rest: string, name = "curl") => `${service.url}/execution/v1.0${experiment(name)}/${rest}`;
  const start = (rest: string, ...parts: string[]) =>
    curl("-X", "POST", ...TOKEN, ...parts.flatMap((part) => ["-F", part]), url(rest));
  const project = () => `projectZipFile=@${zip}`;
  const asFile = (path = definition) => `runDefinitionFile=@${path}`;
  const snapshotOf = async (runId: string) => (await getRun(service, runId)).properties.ContentSnapshotId;

  it("takes startrun with the project first, and makes the run's id from the experiment", async () => {
    const answer = await start("startrun?api-version=2019-11-01", project(), asFile());
    assert.equal(answer.status, 200, answer.body.toString());
    assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
    const { runId, ...rest } = answer.json<{ runId: string }>();
    assert.deepEqual(rest, {});
    assert.match(runId, /^curl_\d{10,13}_[0-9a-z]+$/);
    assert.equal((await ended(service, runId)).status, "Completed");
    assert.equal((await fileOf(service, runId)).toString(), "hello\n");
  });

  it("takes startrun with the definition first, and the id that is given", async () => {
    const with2 = work.definition("two.json", { arguments: ["a b", "ü$(x)"] });
    const answer = await start("startrun?runId=given-1", asFile(with2), project());
    assert.deepEqual(answer.json(), { runId: "given-1" });
    await reached(service, "given-1", "Completed");
    assert.equal((await fileOf(service, "given-1")).toString(), "hello a b ü$(x)\n");
  });

  it("takes the parts with types and names of their own, and in a chunked body", async () => {
    const answer = await curl(
      "-X",
      "POST",
      ...TOKEN,
      "-H",
      "Transfer-Encoding: chunked",
      "-F",
      `${asFile()};type=application/json;filename=runDefinitionFile`,
      "-F",
      `${project()};type=application/octet-stream;filename=projectZipFile`,
      url("startrun?runId=chunked"),
    );
    assert.deepEqual(answer.json(), { runId: "chunked" });
  });

  it("answers the same submission sent again as the same run, which runs once", async () => {
    for (let i = 0; i < 3; i++)
      assert.deepEqual((await start("startrun?runId=again", project(), asFile())).json(), { runId: "again" });
    const run = await reached(service, "again", "Completed");
    assert.equal((await fileOf(service, "again")).toString(), "hello\n");
    assert.deepEqual((await start("startrun?runId=again", asFile(), project())).json(), { runId: "again" });
    assert.equal((await getRun(service, "again")).endTimeUtc, run.endTimeUtc);
  });

  it("refuses a taken id with another definition, another project, or in another experiment", async () => {
    await start("startrun?runId=taken", project(), asFile());
    const other = asFile(work.definition("other.json", { arguments: ["x"] }));
    const otherZip = `projectZipFile=@${work.zip("other.zip", { "main.py": "print(1)\n" })}`;
    const refused = { status: 409, code: "UserError", inner: "RunIdTaken" };
    assertRefused(await start("startrun?runId=taken", project(), other), refused);
    assertRefused(await start("startrun?runId=taken", otherZip, asFile()), refused);
    const elsewhere = url("startrun?runId=taken", "elsewhere");
    const answer = await curl("-X", "POST", ...TOKEN, "-F", project(), "-F", asFile(), elsewhere);
    assertRefused(answer, refused);
  });

  it("starts an earlier project again by its snapshot, with PascalCase names too", async () => {
    await start("startrun?runId=first", project(), asFile());
    const snapshotId = await snapshotOf("first");
    assert.match(snapshotId ?? "", /^[0-9a-f-]{36}$/);
    const camel = JSON.stringify(definitionOf({ snapshotId }, { arguments: ["snap"] }));
    const answer = await curl(...TOKEN, ...JSON_TYPE, "-d", camel, url("snapshotrun?runId=snap-1"));
    assert.deepEqual(answer.json(), { runId: "snap-1" });
    const pascal = JSON.stringify({
      SnapshotId: snapshotId,
      SourceDirectoryDataStore: null,
      Configuration: {
        Script: "main.py",
        Arguments: ["pascal"],
        MaxRunDurationSeconds: "100",
        NodeCount: "1",
        Environment: {
          Python: { UserManagedDependencies: true, InterpreterPath: python3() },
          EnvironmentVariables: { camelCase: "1", PascalCase: "2" },
        },
      },
    });
    await curl(...TOKEN, ...JSON_TYPE, "-d", pascal, url("snapshotrun?runId=snap-2"));
    await reached(service, "snap-1", "Completed");
    await reached(service, "snap-2", "Completed");
    assert.equal((await fileOf(service, "snap-1")).toString(), "hello snap\n");
    assert.equal((await fileOf(service, "snap-2")).toString(), "hello pascal\n");
  });

  it("answers startlocalrun with the bytes of a zip, whatever Accept says", async () => {
    const body = JSON.stringify(definitionOf({}, {}));
    for (const accept of ["application/json", "*/*", "application/zip", "text/html"]) {
      const answer = await curl(
        ...TOKEN,
        ...JSON_TYPE,
        "-H",
        `Accept: ${accept}`,
        "-d",
        body,
        url("startlocalrun?runId=local-1"),
      );
      assert.equal(answer.status, 200, answer.body.toString());
      assert.equal(answer.headers.get("content-type"), "application/octet-stream");
      assert.equal(answer.headers.get("x-malachite-run-id"), "local-1");
      const path = work.write("local.zip", answer.body);
      const names = execFileSync(python3(), [
        "-c",
        "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nprint(*z.namelist())",
        path,
      ]).toString();
      assert.match(names, /azureml-setup\/Invocation\.sh/);
      assert.match(names, /azureml-setup\/Invocation\.bat/);
    }
    assert.equal((await getRun(service, "local-1")).status, "NotStarted");
  });

  describe("cancel", () => {
    const slow = () => work.definition("slow.json", { script: "slow.py" });
    const bodies: readonly [string, readonly string[]][] = [
      ["without a body", []],
      ["with an empty object", [...JSON_TYPE, "-d", "{}"]],
      ["with a content type and no body", [...JSON_TYPE]],
    ];
    for (const [name, given] of bodies) {
      it(`ends a run ${name}`, async () => {
        const runId = `cancel_${name.replaceAll(/\W/g, "_")}`;
        await start(`startrun?runId=${runId}`, project(), asFile(slow()));
        await reached(service, runId, "Running");
        const answer = await curl("-X", "POST", ...TOKEN, ...given, url(`runId/${runId}/cancel`));
        assert.deepEqual([answer.status, answer.json()], [200, { runId }]);
        assert.equal((await ended(service, runId)).status, "Canceled");
        assert.deepEqual(processesOf(runId), []);
      });
    }

    for (const [finalStatus, status] of [
      ["Completed", "Completed"],
      ["Failed", "Failed"],
      ["canceled", "Canceled"],
    ]) {
      it(`ends a run as ${status} when finalStatus is ${finalStatus}`, async () => {
        const runId = `final_${finalStatus}`;
        await start(`startrun?runId=${runId}`, project(), asFile(slow()));
        const answer = await curl(
          "-X",
          "POST",
          ...TOKEN,
          url(`runId/${runId}/cancel?finalStatus=${finalStatus}`),
        );
        assert.equal(answer.status, 200, answer.body.toString());
        assert.equal((await ended(service, runId)).status, status);
      });
    }

    it("changes nothing for a run that has ended", async () => {
      await start("startrun?runId=over", project(), asFile());
      await reached(service, "over", "Completed");
      await until("the release", async () => (await story(service, "over")).at(-1)?.event === "released");
      const run = await getRun(service, "over");
      const answer = await curl("-X", "POST", ...TOKEN, url("runId/over/cancel?finalStatus=Failed"));
      assert.deepEqual([answer.status, answer.json()], [200, { runId: "over" }]);
      assert.deepEqual(await getRun(service, "over"), run);
    });

    it("refuses a final status that is none, and a run that is not there", async () => {
      assertRefused(await curl("-X", "POST", ...TOKEN, url("runId/nobody/cancel")), {
        status: 404,
        code: "UserError",
        inner: "RunNotFound",
      });
      const answer = await curl("-X", "POST", ...TOKEN, url("runId/nobody/cancel?finalStatus=Running"));
      assertRefused(answer, {
        status: 400,
        code: "ValidationError",
        inner: "InvalidRequest",
        target: "finalStatus",
        details: ["finalStatus"],
      });
    });
  });
});
