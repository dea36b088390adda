// The edge over real sockets: what only shows there. Slow and vanished clients, broken HTTP, large bodies, closing.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import type { LogEvent } from "@malachite/core";
import { codeOf, DEV, type TestEdge, testEdge } from "./testing/edge.ts";
import { testRun, WORKSPACE } from "./testing/flow.ts";

const UPLOAD = `/artifact/v2.0${WORKSPACE}/artifacts/ExperimentRun/dcid.a/content?path=x`;
const LOG = `/malachite/v1.0${WORKSPACE}/runs/a/log`;
const START = `/execution/v1.0${WORKSPACE}/experiments/exp/startrun`;
const MEGABYTE = Buffer.alloc(1024 * 1024, 0x61);

async function listening(
  ...settings: Parameters<typeof testEdge>
): Promise<TestEdge & { readonly port: number }> {
  const edge = await testEdge(...settings);
  await edge.app.listen({ host: "127.0.0.1", port: 0 });
  edge.flow.runs.set("a", { run: testRun("a"), status: "Running" });
  return Object.assign(edge, { port: (edge.app.server.address() as AddressInfo).port });
}
const open = (port: number, path: string, options: RequestOptions = {}) =>
  httpRequest({
    host: "127.0.0.1",
    port,
    path,
    agent: false,
    ...options,
    headers: { ...DEV, ...options.headers },
  });
const answerTo = async (request: ReturnType<typeof open>): Promise<IncomingMessage> => {
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
};
async function textOf(response: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return Buffer.concat(parts).toString();
}
/** Waits for a fact, at most a minute. */
async function until(fact: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await fact())) {
    assert.ok(Date.now() < end, `not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  return textOf(socket as Socket & AsyncIterable<Buffer>);
}

describe("requests that are not HTTP", () => {
  for (const [what, text, status] of [
    ["nonsense", "hello\r\n\r\n", 400],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      400,
    ],
    [
      "a length and chunks",
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400,
    ],
    ["a blank before a header's colon", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400],
    ["headers without end", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(100_000)}\r\n\r\n`, 431],
  ] as const) {
    it(`are answered with the envelope: ${what}`, async () => {
      await using edge = await listening();
      const answer = await raw(edge.port, text);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      assert.match(head, /x-ms-request-id: [0-9a-f]{16}/);
      assert.equal(codeOf(body), "InvalidRequest");
    });
  }
});

describe("request bodies", () => {
  it("are streamed, whatever their size, in constant memory", { timeout: 120_000 }, async () => {
    await using edge = await listening();
    let received = 0;
    let peak = 0;
    edge.flow.on("putFile", async (_at, path, stream) => {
      for await (const chunk of stream) {
        received += chunk.length;
        peak = Math.max(peak, process.memoryUsage().arrayBuffers);
      }
      return { path, sizeBytes: received, createdAt: 0, changedAt: 0, etag: "e", live: false };
    });
    const request = open(edge.port, UPLOAD, { method: "POST", headers: { "content-type": "x/y" } });
    for (let i = 0; i < 600; i++) if (!request.write(MEGABYTE)) await once(request, "drain");
    request.end();
    assert.equal((await answerTo(request)).statusCode, 200);
    assert.equal(received, 600 * MEGABYTE.length);
    assert.ok(peak < 200 * MEGABYTE.length, `${peak} bytes were held`);
  });
  it("that are cut in the middle of a form leave nothing, and harm nobody else", async () => {
    await using edge = await listening();
    const headers = { "content-type": "multipart/form-data; boundary=XX", "content-length": 10_000_000 };
    const request = open(edge.port, START, { method: "POST", headers });
    request.on("error", () => {});
    request.write('--XX\r\nContent-Disposition: form-data; name="projectZipFile"; filename="p.zip"\r\n\r\n');
    request.write(MEGABYTE);
    await until(async () => (await edge.left()).length === 1, "the upload has begun");
    request.destroy();
    await until(async () => (await edge.left()).length === 0, "the upload is removed");
    assert.equal((await answerTo(open(edge.port, "/healthz").end())).statusCode, 200);
    assert.equal(edge.flow.calls.length, 0);
  });
  it("of a hundred thousand parts are refused at the first few", { timeout: 120_000 }, async () => {
    await using edge = await listening();
    const headers = { "content-type": "multipart/form-data; boundary=XX" };
    const request = open(edge.port, START, { method: "POST", headers });
    request.on("error", () => {});
    const begun = process.cpuUsage();
    request.end("--XX\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n".repeat(100_000));
    const response = await answerTo(request);
    assert.equal(codeOf(await textOf(response)), "BadMultipart");
    const { user, system } = process.cpuUsage(begun);
    assert.ok(user + system < 2_000_000, `${user + system} us of work`);
    request.destroy();
  });
  it("that are not wanted do not keep the answer away", async () => {
    await using edge = await listening();
    const request = open(edge.port, UPLOAD, {
      method: "POST",
      headers: { authorization: "Bearer no", "content-length": 50_000_000 },
    });
    request.on("error", () => {});
    request.write(MEGABYTE);
    const response = await answerTo(request);
    assert.equal(response.statusCode, 401);
    assert.equal(response.headers.connection, "close");
    assert.equal(codeOf(await textOf(response)), "NotAuthenticated");
    request.destroy();
  });
  it("that stop coming are cut off", { timeout: 120_000 }, async () => {
    await using edge = await listening({ stalledAfterMs: 50 });
    const request = open(edge.port, UPLOAD, { method: "POST", headers: { "content-length": 1000 } });
    request.write("x");
    const [error] = await once(request, "error");
    assert.match(String(error), /ECONNRESET|hang up/);
    await until(() => edge.flow.files.size === 0, "nothing was kept");
  });
  it("may take as long as they need while they come", { timeout: 120_000 }, async () => {
    // Long enough that a busy machine is not taken for a silent client.
    await using edge = await listening({ stalledAfterMs: 700 });
    const request = open(edge.port, UPLOAD, { method: "POST" });
    const begun = Date.now();
    while (Date.now() - begun < 1500) {
      request.write(MEGABYTE.subarray(0, 4096));
      await new Promise((done) => setTimeout(done, 5));
    }
    request.end();
    assert.equal((await answerTo(request)).statusCode, 200);
  });
});

describe("event streams", () => {
  /** An endless log; counts what was taken from it. */
  function endless() {
    const state = { bytes: 0, ended: false };
    const bytes = MEGABYTE.subarray(0, 64 * 1024);
    async function* log(
      _address: unknown,
      { signal }: { readonly signal: AbortSignal },
    ): AsyncGenerator<LogEvent> {
      try {
        while (!signal.aborted) {
          const from = state.bytes;
          yield {
            kind: "log",
            from,
            to: from + bytes.length,
            bytes,
            before: new Uint8Array(),
            identity: "1",
          };
          state.bytes += bytes.length;
          await new Promise((done) => setImmediate(done));
        }
      } finally {
        state.ended = true;
      }
    }
    return { state, log };
  }
  it("cost bounded memory when their reader never reads", { timeout: 120_000 }, async () => {
    await using edge = await listening();
    const { state, log } = endless();
    edge.flow.on("followLog", log);
    const request = open(edge.port, LOG).end();
    const response = await answerTo(request);
    response.pause();
    let before = -1;
    await until(async () => {
      const same = before === state.bytes && state.bytes > 0;
      before = state.bytes;
      await new Promise((done) => setTimeout(done, 200));
      return same && before === state.bytes;
    }, "the source is asked for no more");
    assert.ok(state.bytes < 32 * MEGABYTE.length, `${state.bytes} bytes were taken`);
    request.destroy();
    await until(() => state.ended, "the source has ended");
  });
  it("end when their reader goes, also while there is nothing to send", async () => {
    await using edge = await listening();
    let aborted = false;
    edge.flow.on("followLog", async function* (_address, { signal }) {
      yield { kind: "status", status: "Running" };
      await once(signal, "abort");
      aborted = true;
    });
    const request = open(edge.port, LOG).end();
    const response = await answerTo(request);
    await once(response, "data");
    request.destroy();
    await until(() => aborted, "the follower's end is known");
  });
  it("end when the server closes, and closing does not wait for anything else", async () => {
    await using edge = await listening();
    edge.flow.on("followLog", async function* (_address, { signal }) {
      yield { kind: "status", status: "Running" };
      await once(signal, "abort");
    });
    const response = await answerTo(open(edge.port, LOG).end());
    let text = "";
    response.on("data", (part) => {
      text += part;
    });
    await until(() => text.includes("event: status"), "the stream has begun");
    const begun = Date.now();
    await Promise.all([once(response, "end"), edge.app.close()]);
    assert.ok(Date.now() - begun < 5000);
  });
  it("are over before a last request on an open connection is refused", async () => {
    await using edge = await listening();
    let release: (() => void) | undefined;
    edge.flow.on("targets", async () => {
      await new Promise<void>((done) => {
        release = done;
      });
      return [];
    });
    const slow = answerTo(open(edge.port, `/malachite/v1.0${WORKSPACE}/targets`).end());
    const socket = connect(edge.port, "127.0.0.1");
    const said = textOf(socket as Socket & AsyncIterable<Buffer>);
    // Its first half is sent before the server closes, so that the connection is not idle.
    socket.write(`GET /history/v1.0${WORKSPACE}/runs/a HTTP/1.1\r\nHost: localhost\r\n`);
    await until(() => release !== undefined, "a request is being answered");
    const closed = edge.app.close();
    await new Promise((done) => setImmediate(done));
    socket.write("Authorization: Bearer dev\r\n\r\n");
    const [head = "", body = ""] = (await said).split("\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 503 /);
    assert.match(head, /connection: close/i);
    assert.equal(codeOf(body), "Stopping");
    release?.();
    assert.equal((await slow).statusCode, 200);
    await closed;
  });
  it("beat while they are silent", async () => {
    await using edge = await listening({ heartbeatMs: 20 });
    edge.flow.on("followLog", async function* (_address, { signal }) {
      yield { kind: "status", status: "Running" };
      await once(signal, "abort");
    });
    const request = open(edge.port, LOG).end();
    let text = "";
    for await (const part of await answerTo(request)) {
      text += part;
      if ((text.match(/^: alive$/gm)?.length ?? 0) >= 2) break;
    }
    request.destroy();
  });
});

describe("answers", () => {
  it("of a file that becomes shorter are cut, never ended as if they were whole", async () => {
    await using edge = await listening();
    edge.flow.files.set("dcid.a/x", Buffer.alloc(1000));
    edge.flow.on("openFile", async (_at, path) => ({
      info: { path, sizeBytes: 1000, createdAt: 0, changedAt: 0, etag: "e", live: false },
      async *read() {
        yield Buffer.alloc(400);
      },
      [Symbol.asyncDispose]: async () => {},
    }));
    const response = await answerTo(open(edge.port, UPLOAD).end());
    await assert.rejects(textOf(response), /aborted/);
    assert.equal((await answerTo(open(edge.port, "/healthz").end())).statusCode, 200);
  });
  it("that nobody waits for end their source", async () => {
    await using edge = await listening();
    let ended = false;
    edge.flow.on("openFile", async (_at, path) => ({
      info: { path, sizeBytes: 1e12, createdAt: 0, changedAt: 0, etag: "e", live: false },
      async *read() {
        for (;;) {
          yield MEGABYTE;
          await new Promise((done) => setImmediate(done));
        }
      },
      async [Symbol.asyncDispose]() {
        ended = true;
      },
    }));
    const request = open(edge.port, UPLOAD).end();
    const response = await answerTo(request);
    await once(response, "data");
    request.destroy();
    await until(() => ended, "the source has ended");
  });
});
