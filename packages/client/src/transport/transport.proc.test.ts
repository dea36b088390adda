// How requests fare on a bad line, with bad servers and bad tokens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { json, stubServer, WORKSPACE } from "../../test/stubServer.ts";
import { MalachiteClient } from "../malachiteClient.ts";
import type { ClientOptions } from "../options.ts";

const quick: ClientOptions = { retryOptions: { retryDelayInMs: 1, maxRetryDelayInMs: 500 } };
const runOf = (
  url: string,
  credential: ConstructorParameters<typeof MalachiteClient>[1] = "dev",
  options = quick,
) => new MalachiteClient(url, credential, options).workspace(WORKSPACE).run("r1");

test("a busy server is asked again when it said, and a broken one soon", async () => {
  const times: number[] = [];
  await using stub = await stubServer((_, response) => {
    times.push(performance.now());
    if (times.length === 1) response.writeHead(503, { "retry-after-ms": "120" }).end();
    else if (times.length === 2) response.writeHead(502).end("<html>");
    else if (times.length === 3) response.destroy();
    else json(response, { runId: "r1" });
  });
  assert.deepEqual(await runOf(stub.url).get(), { runId: "r1" });
  assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 119, "it came back before the time");
});

test("after so many attempts the last answer is the error", async () => {
  await using stub = await stubServer(
    (_, response) => void response.writeHead(500, { "content-type": "text/html" }).end("<h1>Oops</h1>"),
  );
  await assert.rejects(runOf(stub.url).get(), (error: Error & { statusCode?: number }) => {
    assert.equal(error.statusCode, 500);
    assert.match(error.message, /\/runs\/r1 was answered with 500 \(text\/html\): Oops$/);
    return true;
  });
  assert.equal(stub.seen.length, 4);
});

test("an answer that is cut off while it is read is asked for again", async () => {
  let calls = 0;
  await using stub = await stubServer(async (_, response) => {
    calls += 1;
    if (calls > 1) return json(response, { runId: "r1" });
    response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
    await new Promise<void>((resolve) => response.write('{"runId":', () => resolve()));
    response.destroy();
  });
  assert.deepEqual(await runOf(stub.url).get(), { runId: "r1" });
});

test("a page of a login server in place of JSON says so", async () => {
  await using stub = await stubServer(
    (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
  );
  await assert.rejects(runOf(stub.url).get(), {
    name: "RestError",
    code: "PARSE_ERROR",
    message: /not JSON \(text\/html\)/,
  });
});

test("what must not be doubled is not sent again when in doubt", async () => {
  await using stub = await stubServer((seen, response) => {
    if (seen.method === "GET") json(response, { runId: "r1", dataContainerId: "c" });
    else response.destroy();
  });
  const run = runOf(stub.url);
  await assert.rejects(run.artifacts.append("logs/a", "x"));
  await assert.rejects(run.postEvent({ name: "e" }));
  assert.equal(stub.seen.filter((seen) => seen.method === "POST").length, 2);
});

test("aborting ends a request that hangs, a wait between attempts, and one not yet begun", async () => {
  const controller = new AbortController();
  await using stub = await stubServer((seen, response) => {
    if (seen.path.endsWith("/details")) response.writeHead(503, { "retry-after": "60" }).end();
    controller.abort();
  });
  const { abortSignal } = { abortSignal: controller.signal };
  const options = { retryOptions: { retryDelayInMs: 60_000 } };
  await assert.rejects(runOf(stub.url, "dev", options).get({ abortSignal }), { name: "AbortError" });
  assert.equal(stub.seen.length, 1);
  await assert.rejects(runOf(stub.url, "dev", options).get({ abortSignal }), { name: "AbortError" });
  assert.equal(stub.seen.length, 1);
  const later = new AbortController();
  await using slow = await stubServer((_, response) => {
    response.writeHead(503, { "retry-after": "60" }).end(() => setImmediate(() => later.abort()));
  });
  const waiting = runOf(slow.url, "dev", {}).get({ abortSignal: later.signal });
  await assert.rejects(waiting, { name: "AbortError" });
});

test("aborting in the middle of a body ends the body", async () => {
  await using stub = await stubServer((seen, response) => {
    if (!seen.path.includes("/content")) return json(response, { dataContainerId: "c" });
    response.writeHead(200, { "content-length": "1000" }).write("some");
  });
  const controller = new AbortController();
  const download = await runOf(stub.url).artifacts.download("a", { abortSignal: controller.signal });
  const reader = download.stream.getReader();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "some");
  const next = reader.read();
  controller.abort();
  await assert.rejects(next);
});

test("the token goes to the endpoint's own host only, and not over a redirect", async () => {
  await using other = await stubServer((_, response) => json(response, { runId: "elsewhere" }));
  await using stub = await stubServer((seen, response) => {
    if (seen.path.endsWith("/details")) response.writeHead(307, { location: `${other.url}/x` }).end();
    else if (seen.path.includes("/moved/")) json(response, { runId: "moved" });
    else response.writeHead(307, { location: "/moved/here" }).end();
  });
  assert.deepEqual(await runOf(stub.url).get(), { runId: "moved" });
  assert.equal(stub.seen.at(-1)?.headers.authorization, "Bearer dev");
  await assert.rejects(runOf(stub.url).getDetails(), { statusCode: 307 });
  assert.equal(other.seen.length, 0);
});

test("a token that was refused is fetched anew, once", async () => {
  let token = 0;
  const credential = {
    getToken: async (scopes: string | string[]) => {
      assert.equal(scopes, "https://management.azure.com/.default");
      return { token: `t${++token}`, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
  await using stub = await stubServer((seen, response) => {
    if (seen.headers.authorization === "Bearer t2") json(response, { runId: "r1" });
    else response.writeHead(401).end();
  });
  const run = runOf(stub.url, credential);
  assert.deepEqual(await run.get(), { runId: "r1" });
  assert.deepEqual(
    stub.seen.map((seen) => seen.headers.authorization),
    ["Bearer t1", "Bearer t2"],
  );
  await using closed = await stubServer((_, response) => void response.writeHead(401).end());
  await assert.rejects(runOf(closed.url, credential).get(), { statusCode: 401 });
  assert.equal(closed.seen.length, 2);
  await assert.rejects(runOf(closed.url, "dev").get(), { statusCode: 401 });
  assert.equal(closed.seen.length, 3);
});

test("a list asks for one page at a time, sends the token back, and ends on a token that repeats", async () => {
  await using stub = await stubServer((seen, response) => {
    const { continuationToken } = JSON.parse(seen.body.toString());
    const page = continuationToken === undefined ? 1 : Number(continuationToken) + 1;
    json(response, {
      value: [{ runId: `a${page}` }, { runId: `b${page}` }],
      continuationToken: `${Math.min(page, 3)}`,
    });
  });
  const workspace = new MalachiteClient(stub.url, "dev").workspace(WORKSPACE);
  const ids: (string | undefined)[] = [];
  for await (const { runId } of workspace.listRuns({ filter: "f" })) {
    ids.push(runId);
    if (ids.length === 1) assert.equal(stub.seen.length, 1);
  }
  assert.deepEqual(ids.slice(0, 6), ["a1", "b1", "a2", "b2", "a3", "b3"]);
  assert.equal(stub.seen.length, 4);
  assert.deepEqual(JSON.parse(stub.seen[1]?.body.toString() ?? ""), { filter: "f", continuationToken: "1" });
  for await (const page of workspace.listRuns().byPage({ maxPageSize: 2, continuationToken: "1" })) {
    assert.equal(page.continuationToken, "2");
    assert.equal(page.value.length, 2);
    break;
  }
  assert.deepEqual(JSON.parse(stub.seen.at(-1)?.body.toString() ?? ""), { top: 2, continuationToken: "1" });
});

test("a part of a file is asked for by a range, and what comes is told as it came", async () => {
  await using stub = await stubServer((seen, response) => {
    if (!seen.path.includes("/content")) return json(response, { dataContainerId: "c" });
    if (seen.query.path === "whole") response.writeHead(200, { etag: '"v"' }).end("0123456789");
    else response.writeHead(206, { "content-range": "bytes 2-4/10", "content-length": "3" }).end("234");
  });
  const { artifacts } = runOf(stub.url);
  const part = await artifacts.download("part", { offset: 2, count: 3 });
  assert.deepEqual([part.offset, part.contentLength, part.totalLength], [2, 3, 10]);
  assert.equal(Buffer.from(await part.bytes()).toString(), "234");
  assert.equal(stub.seen.at(-1)?.headers.range, "bytes=2-4");
  const whole = await artifacts.download("whole", { offset: 2 });
  assert.deepEqual([whole.offset, whole.etag], [0, '"v"']);
  assert.equal(
    stub.seen.filter((seen) => !seen.path.includes("/content")).length,
    1,
    "the container is asked for once",
  );
});
