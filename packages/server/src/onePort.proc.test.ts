// One port over real sockets: HTTP and TLS side by side, whatever its first bytes are, and an end to all of them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { type Certificates, openCertificates } from "./adapters/tls/openCertificates.ts";
import { DEV, type TestEdge, testEdge } from "./http/testing/edge.ts";
import { testRun, WORKSPACE } from "./http/testing/flow.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "malachite-port-"));
const names = ["127.0.0.1", "::1", "localhost"];
const log = { info() {}, warn() {}, error() {} };
let certificates: Certificates;
let ca: string;
before(async () => {
  const tls = join(folder, "tls");
  certificates = await openCertificates({ folder: tls, names, trusted: [], now: Date.now, log });
  ca = join(tls, "ca.pem");
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function listening(
  settings: Parameters<typeof testEdge>[0] = {},
): Promise<TestEdge & { readonly port: number }> {
  const edge = await testEdge(settings, {}, certificates);
  await edge.app.listen({ host: "127.0.0.1", port: 0 });
  edge.flow.runs.set("a", { run: testRun("a"), status: "Running" });
  return Object.assign(edge, { port: (edge.app.server.address() as AddressInfo).port });
}

async function ask(port: number, path: string, options: RequestOptions & { readonly tls: boolean }) {
  const headers = { ...DEV, ...options.headers };
  const all = { host: "127.0.0.1", port, path, agent: false as const, ...options, headers };
  const request = options.tls ? httpsRequest({ ...all, ca: certificates.authority }) : httpRequest(all);
  request.end();
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const part of answer) body += part;
  return { status: answer.statusCode, body };
}
const tlsTo = async (port: number): Promise<TLSSocket> => {
  const socket = connectTls({ host: "127.0.0.1", port, ca: certificates.authority });
  await once(socket, "secureConnect");
  return socket;
};
/** All that comes until the other side closes, or cuts. */
async function saidBy(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (part) => {
    text += part;
  });
  socket.on("error", () => {});
  // A connection that is cut tells so by an error first.
  if (!socket.closed) await new Promise((done) => socket.once("close", done));
  return text;
}
async function until(fact: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 60_000;
  while (!fact()) {
    assert.ok(Date.now() < end, `not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

describe("one port", { timeout: 300_000 }, () => {
  it("answers HTTP and TLS alike, and tells the scheme truly", async () => {
    await using edge = await listening();
    for (const tls of [false, true]) {
      const health = await ask(edge.port, "/healthz", { tls });
      assert.equal(health.status, 200);
      const { body } = await ask(edge.port, `/history/v1.0${WORKSPACE}/runs/a/details`, { tls });
      const links = [...body.matchAll(/"(https?):\/\/127\.0\.0\.1:/g)].map(([, scheme]) => scheme);
      assert.ok(links.length > 0);
      assert.deepEqual([...new Set(links)], [tls ? "https" : "http"]);
      // Azure Resource Manager is told of over TLS alone.
      const clouds = JSON.parse((await ask(edge.port, "/metadata/endpoints", { tls })).body);
      assert.equal(clouds[0].resourceManager, `https://127.0.0.1:${edge.port}`);
      assert.equal(clouds[0].suffixes.storage, `x@127.0.0.1:${edge.port}`);
    }
  });

  it("keeps a connection over TLS for many requests", async () => {
    await using edge = await listening();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: certificates.authority });
    const sockets = new Set<unknown>();
    for (let count = 0; count < 5; count++) {
      const request = httpsRequest({ host: "127.0.0.1", port: edge.port, path: "/healthz", agent });
      request.once("socket", (socket) => sockets.add(socket)).end();
      const [answer] = (await once(request, "response")) as [IncomingMessage];
      answer.resume();
      await once(answer, "end");
    }
    assert.equal(sockets.size, 1);
    agent.destroy();
  });

  it("streams a large body over TLS", async () => {
    await using edge = await listening();
    let received = 0;
    edge.flow.on("putFile", async (_at, path, stream) => {
      for await (const chunk of stream) received += chunk.length;
      return { path, sizeBytes: received, createdAt: 0, changedAt: 0, etag: "e", live: false };
    });
    const request = httpsRequest({
      host: "127.0.0.1",
      port: edge.port,
      method: "POST",
      path: `/artifact/v2.0${WORKSPACE}/artifacts/ExperimentRun/dcid.a/content?path=x`,
      ca: certificates.authority,
      agent: false,
      headers: DEV,
    });
    const part = Buffer.alloc(1024 * 1024, 1);
    for (let count = 0; count < 64; count++) if (!request.write(part)) await once(request, "drain");
    request.end();
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    answer.resume();
    assert.equal(answer.statusCode, 200);
    assert.equal(received, 64 * part.length);
  });

  it("answers what is neither with the envelope of every error, and cuts broken TLS without a word", async () => {
    await using edge = await listening({ silentAfterMs: 1000 });
    for (const first of ["\0", "\x80\x2e", "SSH-2.0-x\r\n", "\x17\x03\x03"]) {
      const socket = connect(edge.port, "127.0.0.1");
      socket.write(`${first}\r\n\r\n`, "latin1");
      assert.match(await saidBy(socket), /^HTTP\/1\.1 400 [\s\S]*"InvalidRequest"/, JSON.stringify(first));
    }
    for (const broken of ["\x16", "\x16\x03\x01\x00\x05hello", `\x16\x03\x01\xff\xff${"x".repeat(70_000)}`]) {
      const socket = connect(edge.port, "127.0.0.1");
      socket.end(Buffer.from(broken, "latin1"));
      assert.doesNotMatch(await saidBy(socket), /HTTP/);
    }
    const old = connectTls({
      host: "127.0.0.1",
      port: edge.port,
      maxVersion: "TLSv1.1",
      minVersion: "TLSv1",
    });
    await once(old, "error");
    const doubtful = connectTls({ host: "127.0.0.1", port: edge.port });
    await once(doubtful, "error");
    assert.deepEqual(edge.errors, []);
    assert.equal((await ask(edge.port, "/healthz", { tls: true })).status, 200);
  });

  it("answers over TLS a request that is not HTTP with the envelope", async () => {
    await using edge = await listening();
    const socket = await tlsTo(edge.port);
    socket.write("hello\r\n\r\n");
    assert.match(await saidBy(socket), /^HTTP\/1\.1 400 [\s\S]*"InvalidRequest"/);
  });

  it("takes a request of which the first byte comes alone, and one whose sender closes his half", async () => {
    await using edge = await listening();
    for (const make of [async () => connect(edge.port, "127.0.0.1"), async () => tlsTo(edge.port)] as const) {
      const socket = await make();
      socket.write("G");
      await new Promise((done) => setTimeout(done, 30));
      socket.end("ET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      assert.match(await saidBy(socket), /^HTTP\/1\.1 200 /);
    }
  });

  it("cuts connections that say nothing, and those that never end their handshake", async () => {
    await using edge = await listening({ silentAfterMs: 200 });
    const silent = connect(edge.port, "127.0.0.1");
    const begun = connect(edge.port, "127.0.0.1");
    begun.write(Buffer.from("\x16\x03\x01\x02\x00\x01", "latin1"));
    const gone = connect(edge.port, "127.0.0.1");
    await once(gone, "connect");
    gone.end();
    assert.deepEqual(await Promise.all([silent, begun, gone].map(saidBy)), ["", "", ""]);
  });

  it("holds a thousand idle connections and goes on answering; closing ends all of them at once", async () => {
    await using edge = await listening();
    const idle = Array.from({ length: 1000 }, () => connect(edge.port, "127.0.0.1"));
    await Promise.all(idle.map((socket) => once(socket, "connect")));
    for (const tls of [true, false]) assert.equal((await ask(edge.port, "/healthz", { tls })).status, 200);
    const ended = Promise.all(idle.map(saidBy));
    const begun = Date.now();
    await edge.app.close();
    await ended;
    assert.ok(Date.now() - begun < 5000, `${Date.now() - begun} ms`);
  });

  it("ends requests over TLS before it closes, cuts idle connections, and takes no new ones", async () => {
    await using edge = await listening();
    let release: (() => void) | undefined;
    edge.flow.on("targets", async () => {
      await new Promise<void>((done) => {
        release = done;
      });
      return [];
    });
    const kept = await tlsTo(edge.port);
    kept.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(kept, "data");
    const idle = saidBy(kept);
    const slow = ask(edge.port, `/malachite/v1.0${WORKSPACE}/targets`, { tls: true });
    await until(() => release !== undefined, "a request is being answered");
    const begun = Date.now();
    const closed = edge.app.close();
    assert.equal(await idle, "");
    release?.();
    assert.equal((await slow).status, 200);
    await closed;
    assert.ok(Date.now() - begun < 5000, `${Date.now() - begun} ms`);
    await assert.rejects(ask(edge.port, "/healthz", { tls: true }));
  });

  it("is trusted by curl with ca.pem, and the keys are readable by their owner alone", async () => {
    await using edge = await listening();
    const { stdout } = await run("curl", ["-sS", "--cacert", ca, `https://localhost:${edge.port}/healthz`], {
      env: { PATH: process.env.PATH },
    });
    assert.match(stdout, /"ok"/);
    assert.equal((await ask(edge.port, "/malachite/ca.pem", { tls: false })).body, certificates.authority);
    for (const name of ["authority.pem", "server.pem"])
      assert.equal(statSync(join(folder, "tls", name)).mode & 0o777, 0o600);
  });

  it("is trusted by Python as strictly as it can be asked", async (t) => {
    await using edge = await listening();
    const script = `
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT
for host in ("127.0.0.1", "localhost"):
    print(urllib.request.urlopen("https://%s:%s/healthz" % (host, sys.argv[2]), context=context).read())
`;
    try {
      const { stdout } = await run("python3", ["-c", script, ca, String(edge.port)], {
        env: { PATH: process.env.PATH },
      });
      assert.equal(stdout.match(/"ok"/g)?.length, 2);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return t.skip("there is no python3");
      throw error;
    }
  });
});
