// Following a log over lines that are cut at every byte, servers that restart, and servers that cannot stream.
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { fail, json, type Seen, stubServer, WORKSPACE } from "../../test/stubServer.ts";
import { MalachiteClient } from "../malachiteClient.ts";
import type { FollowLogOptions, LogEnd } from "./followLog.ts";

const LOG = Buffer.concat([
  Buffer.from("line 1 äöü€😀\nline 2\r\n"),
  Buffer.from([0xff, 0x00, 0x80]),
  Buffer.from("\nlast"),
]);

const runOf = (url: string, retryDelayInMs = 1) =>
  new MalachiteClient(url, "dev", { retryOptions: { retryDelayInMs } }).workspace(WORKSPACE).run("r1");

/** The stream a server sends from `from` on: pieces of some bytes, text where it is UTF-8, and the end. */
function stream(from: number, pieceBytes = 7): Buffer {
  const events = [`event: status\ndata: ${JSON.stringify({ status: "Running" })}\n\n`, ": heartbeat\n\n"];
  for (let at = from; at < LOG.length; at += pieceBytes) {
    const bytes = LOG.subarray(at, at + pieceBytes);
    const to = at + bytes.length;
    const text = bytes.toString();
    const content = Buffer.from(text).equals(bytes) ? { text } : { base64: bytes.toString("base64") };
    events.push(`id: ${to}\nevent: log\ndata: ${JSON.stringify({ from: at, to, ...content })}\n\n`);
  }
  events.push(`event: end\ndata: ${JSON.stringify({ status: "Completed", to: LOG.length })}\n\n`);
  return Buffer.from(events.join(""));
}

const open = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
};
const fromOf = (seen: Seen): number => Number(seen.query.from ?? 0);

/** Everything that came, checked to be without gap and overlap. */
async function collect(url: string, options: FollowLogOptions = {}): Promise<{ bytes: Buffer; end: LogEnd }> {
  const parts: Uint8Array[] = [];
  let at = options.from ?? 0;
  const following = runOf(url).followLog(options);
  for (;;) {
    const { done, value } = await following.next();
    if (done) return { bytes: Buffer.concat(parts), end: value };
    assert.equal(value.from, at);
    assert.equal(value.to - value.from, value.bytes.byteLength);
    assert.ok(value.to > value.from, "an empty piece");
    at = value.to;
    parts.push(value.bytes);
  }
}

test("a stream cut at every byte gives every byte of the log once", async () => {
  let cut = 0;
  let connections = 0;
  await using stub = await stubServer(async (seen, response) => {
    connections += 1;
    open(response);
    const whole = stream(fromOf(seen));
    if (connections > 1) return void response.end(whole);
    response.flushHeaders();
    if (cut > 0)
      await new Promise<void>((resolve) => response.write(whole.subarray(0, cut), () => resolve()));
    // A cut is told by some platforms as an end, by others as a fault.
    if (cut % 2 === 0) response.destroy();
    else response.end();
  });
  const { length } = stream(0);
  for (cut = 0; cut < length; cut += 1) {
    connections = 0;
    const { bytes, end } = await collect(stub.url);
    assert.ok(bytes.equals(LOG), `cut at ${cut}: ${JSON.stringify(bytes.toString("latin1"))}`);
    assert.deepEqual(end, { status: "Completed", to: LOG.length });
  }
});

test("a connection that brings one piece at a time gets there, and asks for the exact byte each time", async () => {
  await using stub = await stubServer(async (seen, response) => {
    open(response);
    const from = fromOf(seen);
    const whole = stream(from, 3).toString();
    const piece = whole.slice(0, whole.indexOf("\n\n", whole.indexOf("event: log")) + 2);
    response.end(from < LOG.length ? piece : whole);
  });
  const { bytes } = await collect(stub.url);
  assert.ok(bytes.equals(LOG));
  assert.deepEqual(
    stub.seen.map(fromOf),
    Array.from({ length: stub.seen.length }, (_, i) => Math.min(i * 3, LOG.length)),
  );
});

test("it begins where it is told to, and tells the status on the way", async () => {
  await using stub = await stubServer((seen, response) => {
    open(response);
    response.end(stream(fromOf(seen)));
  });
  const statuses: string[] = [];
  const options = { from: 10, path: "logs/x y.txt", onStatus: (status: string) => statuses.push(status) };
  const { bytes, end } = await collect(stub.url, options);
  assert.ok(bytes.equals(LOG.subarray(10)));
  assert.deepEqual([end.to, statuses, stub.seen[0]?.query.path], [LOG.length, ["Running"], "logs/x y.txt"]);
  assert.equal(stub.seen[0]?.headers["accept-encoding"], "identity");
});

test("lines come out whole, and the end is the end", async () => {
  await using stub = await stubServer((seen, response) => {
    open(response);
    response.end(stream(fromOf(seen)));
  });
  const lines: string[] = [];
  for await (const line of runOf(stub.url).logLines()) lines.push(line);
  assert.deepEqual(lines, ["line 1 äöü€😀", "line 2", "\ufffd\u0000\ufffd", "last"]);
});

test("a server that goes away for a while is waited for; one that stays away is not", async () => {
  let calls = 0;
  await using stub = await stubServer((seen, response) => {
    calls += 1;
    if (calls === 1) {
      open(response);
      response.end(stream(0).subarray(0, 150));
    } else if (calls < 4) response.writeHead(503, { "retry-after-ms": "5" }).end();
    else if (calls < 6) response.destroy();
    else {
      open(response);
      response.end(stream(fromOf(seen)));
    }
  });
  const { bytes } = await collect(stub.url);
  assert.ok(bytes.equals(LOG));

  let first = true;
  await using gone = await stubServer((_, response) => {
    if (!first) return void response.destroy();
    first = false;
    open(response);
    response.end(stream(0).subarray(0, 150));
  });
  await assert.rejects(collect(gone.url, { maxUnreachableInMs: 300 }), {
    name: "RestError",
    code: "ECONNRESET",
  });
});

test("a connection without a sign of life is given up, and another one taken", async () => {
  let calls = 0;
  await using stub = await stubServer((seen, response) => {
    calls += 1;
    open(response);
    const whole = stream(fromOf(seen));
    if (calls > 1) response.end(whole);
    else response.write(whole.subarray(0, 200));
  });
  const { bytes } = await collect(stub.url, { idleTimeoutInMs: 1_000 });
  assert.ok(bytes.equals(LOG));
  assert.equal(calls, 2);
});

test("heartbeats keep a quiet connection", async () => {
  let calls = 0;
  await using stub = await stubServer(async (seen, response) => {
    calls += 1;
    open(response);
    for (let beat = 0; beat < 8; beat += 1) {
      response.write(":\n\n");
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    response.end(stream(fromOf(seen)));
  });
  await collect(stub.url, { idleTimeoutInMs: 2_000 });
  assert.equal(calls, 1);
});

test("a gap is asked for once more, and then told", async () => {
  await using stub = await stubServer((_, response) => {
    open(response);
    response.end('event: log\ndata: {"from":5,"to":6,"text":"x"}\n\n');
  });
  await assert.rejects(collect(stub.url), /gap: bytes 0 to 5/);
  assert.equal(stub.seen.length, 2);
});

test("an end beyond what has come is no end", async () => {
  let calls = 0;
  await using stub = await stubServer((seen, response) => {
    calls += 1;
    open(response);
    response.end(calls === 1 ? 'event: end\ndata: {"status":"Failed","to":5}\n\n' : stream(fromOf(seen)));
  });
  assert.ok((await collect(stub.url)).bytes.equals(LOG));
});

test("aborting ends it, also while it waits for the server; leaving the loop closes the connection", async () => {
  const closed = Promise.withResolvers<void>();
  await using stub = await stubServer((seen, response) => {
    if (seen.query.path === "busy") return void response.writeHead(503, { "retry-after": "30" }).end();
    response.on("close", () => closed.resolve());
    open(response);
    response.write(stream(0).subarray(0, 200));
  });
  const controller = new AbortController();
  const lines = runOf(stub.url).followLog({ abortSignal: controller.signal });
  await lines.next();
  const next = lines
    .next()
    .then(() => lines.next())
    .then(() => lines.next());
  controller.abort();
  await assert.rejects(next, { name: "AbortError" });
  await closed.promise;

  const again = Promise.withResolvers<void>();
  await using other = await stubServer((_, response) => {
    response.on("close", () => again.resolve());
    open(response);
    response.write(stream(0).subarray(0, 300));
  });
  for await (const line of runOf(other.url).logLines()) {
    assert.equal(line, "line 1 äöü€😀");
    break;
  }
  await again.promise;

  const waiting = new AbortController();
  const busy = runOf(stub.url).followLog({ path: "busy", abortSignal: waiting.signal }).next();
  setTimeout(() => waiting.abort(), 50);
  await assert.rejects(busy, { name: "AbortError" });
});

test("what the server refuses is an error and not tried again", async () => {
  await using stub = await stubServer((seen, response) => {
    if (seen.query.path === "none") fail(response, 404, "RunNotFound", "No run r1.");
    else fail(response, 403, "Forbidden");
  });
  await assert.rejects(collect(stub.url), { statusCode: 403 });
  await assert.rejects(collect(stub.url, { path: "none" }), { code: "RunNotFound", message: "No run r1." });
  assert.equal(stub.seen.length, 2);
});

/** A server of the contract that has never heard of our stream: the log grows by some bytes with each look. */
function foreign(ranges: boolean, growth: number) {
  let looks = 0;
  return stubServer((seen, response) => {
    if (seen.path.endsWith("/details")) {
      looks += 1;
      const status = looks * growth >= LOG.length ? "Completed" : "Running";
      const logFiles = { "azureml-logs/20_image.txt": "/other", "user_logs/std_log.txt": "/blob?sig=s" };
      return json(response, { status, logFiles: looks === 1 ? {} : logFiles });
    }
    if (seen.path !== "/blob")
      return void response.writeHead(404, { "content-type": "text/html" }).end("<h1>None</h1>");
    assert.equal(seen.headers.authorization, undefined);
    const bytes = LOG.subarray(0, looks * growth);
    const from = ranges ? Number(/bytes=(\d+)-/.exec(seen.headers.range ?? "")?.[1] ?? 0) : 0;
    if (from >= bytes.length && from > 0) return void response.writeHead(416).end();
    const headers = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? headers : {}).end(bytes.subarray(from));
  });
}

for (const ranges of [true, false]) {
  test(`a server that cannot stream is asked again and again, ${ranges ? "for the rest" : "for the whole file"}`, async () => {
    await using stub = await foreign(ranges, 5);
    const statuses: string[] = [];
    const onStatus = (status: string): void => void statuses.push(status);
    const { bytes, end } = await collect(stub.url, { pollIntervalInMs: 1, onStatus });
    assert.ok(bytes.equals(LOG));
    assert.deepEqual([end, statuses], [{ status: "Completed", to: LOG.length }, ["Running", "Completed"]]);
  });
}

test("a run without a log ends all the same", async () => {
  await using stub = await stubServer((seen, response) => {
    if (seen.path.endsWith("/details")) json(response, { status: "Failed" });
    else response.writeHead(405).end();
  });
  assert.deepEqual(await collect(stub.url), { bytes: Buffer.alloc(0), end: { status: "Failed", to: 0 } });
});

test("begins anew when the server says so, and takes a cut connection up by the id of the last event", async () => {
  const log = (from: number, text: string): string =>
    `id: ${from + text.length}~7.8~${"0".repeat(16)}\nevent: log\ndata: ${JSON.stringify({ from, to: from + text.length, text })}\n\n`;
  let calls = 0;
  await using stub = await stubServer((seen, response) => {
    calls += 1;
    open(response);
    if (calls === 1) return void response.end(log(0, "old li"));
    assert.equal(seen.headers["last-event-id"], `6~7.8~${"0".repeat(16)}`);
    assert.equal(seen.query.from, "6");
    const restart = 'id: 0\nevent: restart\ndata: {"reason":"replaced"}\n\n';
    response.end(
      `${restart}${log(0, "new\n")}${log(4, "line\n")}event: end\ndata: {"status":"Completed","to":9}\n\n`,
    );
  });
  const pieces: [number, string][] = [];
  for await (const { from, bytes } of runOf(stub.url).followLog())
    pieces.push([from, Buffer.from(bytes).toString()]);
  assert.deepEqual(pieces, [
    [0, "old li"],
    [0, "new\n"],
    [4, "line\n"],
  ]);
  calls = 0;
  const lines: string[] = [];
  for await (const line of runOf(stub.url).logLines()) lines.push(line);
  assert.deepEqual(lines, ["old li", "new", "line"]);
});
