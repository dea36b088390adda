// Clients that know Azure Resource Manager by its fixed address alone find the service there, once it is their proxy for https.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Service, workspacePath } from "./support/service.ts";

const run = promisify(execFile);
const RESOURCE = `https://management.azure.com${workspacePath}?api-version=2019-05-01`;

describe("a service as the proxy of its clients", { timeout: 600_000 }, () => {
  let service: Service;
  before(async () => {
    service = await Service.start();
    await service.json("POST", `/history/v1.0${workspacePath}/experiments/e`);
  });
  after(() => service?.[Symbol.asyncDispose]());

  const curl = async (url: string, token: string, ...more: string[]): Promise<string> => {
    const trust = ["--proxy", service.url, "--cacert", join(service.data, "tls/ca.pem")];
    return (await run("curl", ["-sS", ...trust, "-H", `Authorization: Bearer ${token}`, ...more, url]))
      .stdout;
  };

  it("answers for Azure Resource Manager, with links to its own address", async () => {
    const workspace = JSON.parse(await curl(RESOURCE, "dev"));
    assert.equal(workspace.name, "ws1");
    const { port } = new URL(service.url);
    assert.match(workspace.properties.discoveryUrl, new RegExp(`^https://127\\.0\\.0\\.1:${port}/`));
  });

  it("checks tokens there as everywhere", async () => {
    const answer = await curl(
      RESOURCE,
      "-H",
      "Authorization: Bearer wrong",
      "-o",
      "-",
      "-w",
      "\n%{http_code}",
    );
    assert.match(answer, /\n401$/);
  });

  it("passes other hosts on, and says which it cannot reach", async () => {
    await using echo = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(echo, "listening");
    const { port } = echo.address() as { port: number };
    const { status, socket } = await tunnel(service.url, `127.0.0.1:${port}`);
    assert.equal(status, 200);
    socket.write("there and back");
    assert.equal(String((await once(socket, "data"))[0]), "there and back");
    socket.destroy();
    echo.close();
    await once(echo, "close");
    const refused = await tunnel(service.url, `127.0.0.1:${port}`);
    assert.equal(refused.status, 502);
    refused.socket.destroy();
    const broken = await tunnel(service.url, "nowhere");
    assert.equal(broken.status, 400);
    broken.socket.destroy();
  });

  it("is no way around the check of Host, and none for a page in a browser", async () => {
    const own = new URL(service.url).host;
    const { socket } = await tunnel(service.url, own);
    socket.write("GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    let said = "";
    for await (const chunk of socket) said += chunk;
    assert.match(said, /^HTTP\/1\.1 403 .*HostRefused/s);
    const ofPages: Record<string, string>[] = [
      { Origin: "https://evil.example" },
      { "Sec-Fetch-Site": "same-origin" },
    ];
    for (const headers of ofPages) {
      for (const to of [own, "management.azure.com:443"]) {
        const { status, socket: refused } = await tunnel(service.url, to, headers);
        assert.equal(status, 403);
        refused.destroy();
      }
    }
  });

  it("tells the other host nothing of the request to pass on", async () => {
    await using witness = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(witness, "listening");
    const to = `127.0.0.1:${(witness.address() as { port: number }).port}`;
    const secret = { Authorization: "Bearer dev", "Proxy-Authorization": "Basic c2VjcmV0", Cookie: "a=b" };
    const { status, socket } = await tunnel(service.url, to, secret);
    assert.equal(status, 200);
    socket.end("all that it hears");
    let heard = "";
    for await (const chunk of socket) heard += chunk;
    assert.equal(heard, "all that it hears");
    witness.close();
  });

  it("passes nothing on where callers must be known", async () => {
    await using closed = await Service.start({ flags: ["--token", "a-token-of-the-operator"] });
    const { status, socket } = await tunnel(closed.url, "127.0.0.1:9");
    assert.equal(status, 403);
    socket.destroy();
  });

  it("ends what it passes on when it stops", async () => {
    await using other = await Service.start();
    const held: Socket[] = [];
    await using silent = createServer((socket) => held.push(socket)).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { socket } = await tunnel(other.url, `127.0.0.1:${(silent.address() as { port: number }).port}`);
    const ended = once(socket, "close");
    await other.kill("SIGTERM");
    await ended;
    for (const one of held) one.destroy();
  });
});

/** The answer to CONNECT and the connection behind it. */
async function tunnel(
  proxy: string,
  to: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; socket: Socket }> {
  const { hostname, port } = new URL(proxy);
  const asked = request({ hostname, port, method: "CONNECT", path: to, headers });
  asked.end();
  const [answer, socket] = (await once(asked, "connect")) as [{ statusCode: number }, Socket];
  socket.on("error", () => {});
  return { status: answer.statusCode, socket };
}
