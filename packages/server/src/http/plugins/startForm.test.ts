// The form of startrun: any order, any size, and nothing left of a broken one.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { codeOf, DEV, testEdge } from "../testing/edge.ts";
import { testRun, WORKSPACE } from "../testing/flow.ts";

const url = `/execution/v1.0${WORKSPACE}/experiments/exp/startrun?runId=run1`;
const definition = '{"Configuration":{"Script":"train.py"}}';
const FORM = "multipart/form-data; boundary=XX";

type Part = readonly [head: string, body: string];
const file = (name: string, type = "application/octet-stream") =>
  `Content-Disposition: form-data; name="${name}"; filename="${name}"\r\nContent-Type: ${type}`;
const DEFINITION: Part = [file("runDefinitionFile", "application/json"), definition];
const PROJECT: Part = [file("projectZipFile", "application/zip"), "PK zip"];

const form = (parts: readonly Part[], end = "--XX--\r\n") =>
  Buffer.from(`${parts.map(([head, body]) => `--XX\r\n${head}\r\n\r\n${body}\r\n`).join("")}${end}`);

const post = async (payload: Buffer | string, type = FORM, settings = {}) => {
  await using edge = await testEdge(settings);
  const headers = { ...DEV, "content-type": type };
  const answer = await edge.app.inject({ method: "POST", url, headers, payload });
  const asked = edge.flow.calls.find(({ name }) => name === "submitRun")?.args[0];
  return { answer, asked: asked as Record<string, unknown> | undefined, left: await edge.left() };
};

describe("startrun", () => {
  it("takes the parts in either order, and the definition as it was sent", async () => {
    for (const parts of [
      [DEFINITION, PROJECT],
      [PROJECT, DEFINITION],
    ]) {
      const { answer, asked, left } = await post(form(parts));
      assert.equal(answer.statusCode, 200, answer.body);
      assert.deepEqual(answer.json(), { runId: "run1" });
      assert.deepEqual(asked?.definition, { Configuration: { Script: "train.py" } });
      assert.equal((asked?.project as { sizeBytes: number } | undefined)?.sizeBytes, 6);
      assert.deepEqual(left, [], "the upload is removed when the store has not taken it");
    }
  });
  it("takes a definition that is sent as a field, with any type or none", async () => {
    const head = 'Content-Disposition: form-data; name="runDefinitionFile"';
    for (const more of [
      "",
      "\r\nContent-Type: text/plain",
      "\r\nContent-Type: application/json; charset=utf-8",
      '; filename="definition.json"',
    ]) {
      const { answer } = await post(form([[head + more, definition], PROJECT]));
      assert.equal(answer.statusCode, 200, answer.body);
    }
  });
  it("takes a quoted boundary and text around the form", async () => {
    const around = Buffer.concat([
      Buffer.from("before\r\n"),
      form([DEFINITION, PROJECT]),
      Buffer.from("after"),
    ]);
    const { answer } = await post(around, 'multipart/form-data; boundary="XX"');
    assert.equal(answer.statusCode, 200, answer.body);
  });

  type Broken = {
    readonly payload: Buffer | string;
    readonly code?: string;
    readonly status?: number;
    readonly type?: string;
    readonly says?: RegExp;
    readonly settings?: object;
  };
  const both = form([PROJECT, DEFINITION]);
  const broken: Readonly<Record<string, Broken>> = {
    "no definition": { payload: form([PROJECT]), says: /runDefinitionFile.*missing/ },
    "no project": { payload: form([DEFINITION]), says: /projectZipFile.*missing/ },
    "an empty definition": { payload: form([[DEFINITION[0], ""], PROJECT]), says: /empty/ },
    "a definition twice": { payload: form([DEFINITION, PROJECT, DEFINITION]), says: /twice/ },
    "a project twice": { payload: form([PROJECT, PROJECT, DEFINITION]), says: /twice/ },
    "another part": { payload: form([PROJECT, [file("other"), "x"], DEFINITION]), says: /'other'/ },
    "a part named as an object's own": { payload: form([PROJECT, [file("__proto__"), "x"], DEFINITION]) },
    "a part without a name": {
      payload: form([["Content-Disposition: form-data", "x"], PROJECT, DEFINITION]),
    },
    "a definition that is not JSON": { payload: form([PROJECT, [DEFINITION[0], "{"]]), code: "BadJson" },
    "a definition that is too large": {
      payload: form([PROJECT, [DEFINITION[0], `"${"x".repeat(2000)}"`]]),
      code: "TooLarge",
      status: 413,
      settings: { definitionLimitBytes: 1000 },
    },
    "no end": { payload: form([PROJECT, DEFINITION], "") },
    "another boundary": { payload: both, type: "multipart/form-data; boundary=YY" },
    "no boundary": { payload: both, type: "multipart/form-data" },
    "no body": { payload: "" },
    "no form": { payload: definition, type: "application/json", code: "UnsupportedMediaType", status: 415 },
    "another multipart": {
      payload: both,
      type: "multipart/mixed; boundary=XX",
      code: "UnsupportedMediaType",
      status: 415,
    },
    "far too many parts": {
      payload: form(Array.from({ length: 1000 }, () => ["Content-Disposition: form-data; name=x", ""])),
    },
  };
  for (const [what, { payload, code = "BadMultipart", status = 400, type, says, settings }] of Object.entries(
    broken,
  )) {
    it(`refuses ${what}, and keeps nothing of it`, { timeout: 60_000 }, async () => {
      const { answer, left, asked } = await post(payload, type, settings);
      assert.equal(answer.statusCode, status, answer.body);
      assert.equal(codeOf(answer.body), code);
      if (says) assert.match(answer.json().error.message, says);
      assert.deepEqual(left, []);
      assert.equal(asked, undefined);
    });
  }
  it("refuses a form that is cut at any place", { timeout: 60_000 }, async () => {
    await using edge = await testEdge();
    const headers = { ...DEV, "content-type": FORM };
    // The last line break is no part of the form.
    for (let cut = 0; cut < both.length - 4; cut += 5) {
      const payload = both.subarray(0, cut);
      const answer = await edge.app.inject({ method: "POST", url, headers, payload });
      assert.equal(answer.statusCode, 400, `cut at ${cut}: ${answer.body}`);
      assert.deepEqual(await edge.left(), []);
    }
    assert.equal(edge.flow.calls.length, 0);
  });
  it("does not mind a part whose head is a megabyte", async () => {
    const head = `${file("projectZipFile")}\r\nX: ${"x".repeat(1_000_000)}`;
    const { answer, left } = await post(form([[head, "x"], DEFINITION]));
    assert.equal(answer.statusCode, 200, answer.body);
    assert.deepEqual(left, []);
  });
  it("removes the project when the run is refused", async () => {
    await using edge = await testEdge();
    edge.flow.on("submitRun", () => Promise.reject(new Error("refused")));
    const answer = await edge.app.inject({
      method: "POST",
      url,
      headers: { ...DEV, "content-type": FORM },
      payload: both,
    });
    assert.equal(answer.statusCode, 500);
    assert.deepEqual(await edge.left(), []);
  });
  it("leaves the file to a store that has taken it away", async () => {
    await using edge = await testEdge();
    edge.flow.on("submitRun", async (ask) => {
      const { rm } = await import("node:fs/promises");
      await rm(ask.project?.file ?? "");
      return testRun("run1");
    });
    const headers = { ...DEV, "content-type": FORM };
    assert.equal((await edge.app.inject({ method: "POST", url, headers, payload: both })).statusCode, 200);
  });
});

describe("prepare and checkprepare", () => {
  const named = (filename: string, body: string): Part => [
    `Content-Disposition: form-data; name="files"; filename="${filename}"`,
    body,
  ];
  const WHOLE = form([named("definition.json", definition), named("project.zip", "PK zip")]);
  const ask = async (operation: string, payload: Buffer) => {
    await using edge = await testEdge({});
    const headers = { ...DEV, "content-type": FORM };
    const url = `/execution/v1.0${WORKSPACE}/experiments/exp/${operation}`;
    const answer = await edge.app.inject({ method: "POST", url, headers, payload });
    const asked = edge.flow.calls.map(({ name, args }) => [name, args[0]] as const);
    return { answer, asked, left: await edge.left() };
  };

  it("take the project along, as what the environment may be made of, and leave nothing of it", async () => {
    for (const [operation, called] of [
      ["prepare", "submitRun"],
      ["checkprepare", "isPrepared"],
    ] as const) {
      const { answer, asked, left } = await ask(operation, WHOLE);
      assert.equal(answer.statusCode, 200, answer.body);
      const [name, sent] = asked[0] ?? [];
      assert.equal(name, called);
      assert.equal((sent as { project?: { sizeBytes: number } }).project?.sizeBytes, 6);
      assert.deepEqual(left, []);
      const without = await ask(operation, form([named("definition.json", definition)]));
      assert.equal(without.answer.statusCode, 400);
      assert.match(without.answer.body, /project\.zip.*missing/);
    }
  });
});
