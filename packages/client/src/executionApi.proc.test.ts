// The four operations as the public client reference has them, byte for byte.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { fail, json, stubServer, WORKSPACE } from "../test/stubServer.ts";
import { ExecutionApi } from "./executionApi.ts";
import type { FileBody } from "./transport/fileBody.ts";

const { subscriptionId, resourceGroup, workspace } = WORKSPACE;
const where = [subscriptionId, resourceGroup, workspace, "exp"] as const;
const quick = { retryOptions: { retryDelayInMs: 1 } };

test("startrun is a form of two files, whatever kind of content they are given as", async () => {
  const definition = { configuration: { script: "ä.py" } };
  const text = JSON.stringify(definition);
  const zip = Buffer.from([0x50, 0x4b, 0, 255, 13, 10]);
  const webStream = (): ReadableStream<Uint8Array> => new Blob([zip]).stream();
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield zip.subarray(0, 2);
    yield zip.subarray(2);
  }
  const bodies: [definition: FileBody | typeof definition, zip: FileBody][] = [
    [definition, zip],
    [text, new Uint8Array(zip)],
    [Buffer.from(text), new Blob([zip])],
    [new Blob([text]), webStream],
    [() => new Blob([text]).stream(), webStream()],
    [() => chunksOf(text), chunks],
    [definition, chunks()],
    [definition, () => Readable.from(chunks(), { objectMode: false })],
    [definition, Readable.from(chunks(), { objectMode: false })],
  ];
  async function* chunksOf(content: string): AsyncGenerator<Uint8Array> {
    yield Buffer.from(content);
  }
  await using stub = await stubServer((_, response) => json(response, { runId: "r" }));
  const api = new ExecutionApi(stub.url, "dev");
  for (const [file, project] of bodies) {
    assert.deepEqual(await api.runsStartRun(...where, file, project, "r"), { runId: "r" });
    const seen = stub.seen.at(-1);
    const boundary = /boundary=(.+)$/.exec(seen?.headers["content-type"] ?? "")?.[1];
    const expected = [
      `--${boundary}`,
      'content-disposition: form-data; name="rundefinitionfile"; filename="definition.json"',
      "content-type: application/json",
      "",
      Buffer.from(text).toString("latin1"),
      `--${boundary}`,
      'content-disposition: form-data; name="projectzipfile"; filename="project.zip"',
      "content-type: application/zip",
      "",
      zip.toString("latin1"),
      `--${boundary}--`,
    ];
    const lines = seen?.body.toString("latin1").replace(/\r\n\r\n$/, "");
    // Header lines are compared without regard to case, contents with it.
    const folded = lines?.replace(/^content-.*$/gim, (line) => line.toLowerCase());
    assert.equal(folded, expected.join("\r\n"));
    assert.deepEqual(seen?.query, { runId: "r" });
  }
});

test("a file keeps its own name, and no name can break out of its header", async () => {
  await using stub = await stubServer((_, response) => json(response, { runId: "r" }));
  const project = new File(["PK"], 'my "best"\r\nX: y.zip');
  await new ExecutionApi(stub.url, "dev").runsStartRun(...where, {}, project);
  assert.match(stub.seen[0]?.body.toString() ?? "", /filename="my %22best%22%0D%0AX: y\.zip"\r\n/);
});

test("startlocalrun gives the bytes as they are", async () => {
  const zip = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await using stub = await stubServer((_, response) => {
    response.writeHead(200, { "content-type": "application/octet-stream" }).end(zip);
  });
  const api = new ExecutionApi(stub.url, "dev");
  assert.deepEqual(Buffer.from(await (await api.runsStartLocalRun(...where, {})).bytes()), zip);
  const blob = await (await api.runsStartLocalRun(...where, {}, "r")).blob();
  assert.deepEqual(Buffer.from(await blob.arrayBuffer()), zip);
  assert.deepEqual(
    stub.seen.map((seen) => seen.query),
    [{}, { runId: "r" }],
  );
});

test("cancel has no body, and ids are encoded", async () => {
  await using stub = await stubServer((_, response) => json(response, { runId: "r" }));
  await new ExecutionApi(stub.url, "dev").runsCancelRunWithUri(
    subscriptionId,
    "r g",
    workspace,
    "a/b",
    "r-1",
  );
  const [seen] = stub.seen;
  assert.match(seen?.path ?? "", /\/resourceGroups\/r%20g\/.*\/experiments\/a%2Fb\/runId\/r-1\/cancel$/);
  assert.deepEqual([seen?.body.length, seen?.headers["content-type"]], [0, undefined]);
});

test("a start is repeated only with a run id, and then with the same one and the same bytes", async () => {
  let calls = 0;
  await using stub = await stubServer((_, response) => {
    calls += 1;
    if (calls % 2 === 1) response.destroy();
    else json(response, { runId: "r" });
  });
  const api = new ExecutionApi(stub.url, "dev", quick);
  await assert.rejects(api.runsStartRun(...where, {}, "PK"), { name: "RestError" });
  assert.equal(calls, 1);
  calls = 0;
  await api.runsStartRun(...where, {}, () => new Blob(["PK"]).stream(), "r");
  assert.equal(calls, 2);
  const [one, two] = stub.seen.slice(-2);
  const bare = (body?: Buffer): string | undefined =>
    body?.toString().replace(/-{4}AzSDKFormBoundary[\w-]+/g, "");
  assert.equal(bare(one?.body), bare(two?.body));
  calls = 0;
  await assert.rejects(api.runsStartRun(...where, {}, new Blob(["PK"]).stream(), "r"), { name: "RestError" });
  assert.equal(calls, 1, "a stream can be sent once only");
  calls = 0;
  await assert.rejects(api.runsStartSnapshotRun(...where, {}), { name: "RestError" });
  await api.runsStartSnapshotRun(...where, {}, "r");
});

test("an error tells what the server told", async () => {
  await using stub = await stubServer((_, response) => fail(response, 409, "RunIdTaken", "The id is taken."));
  const failed = new ExecutionApi(stub.url, "dev").runsStartSnapshotRun(...where, {}, "r");
  await assert.rejects(failed, (error: Error & { code?: string; statusCode?: number; details?: unknown }) => {
    assert.deepEqual([error.name, error.code, error.statusCode], ["RestError", "RunIdTaken", 409]);
    assert.equal(error.message, "The id is taken.");
    assert.equal((error.details as { error: { code: string } }).error.code, "UserError");
    assert.doesNotMatch(JSON.stringify(error), /dev/);
    return true;
  });
});
