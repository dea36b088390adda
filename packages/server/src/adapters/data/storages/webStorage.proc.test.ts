// A file of the web from servers that behave as servers do: with and without lengths, ranges and HEAD, with redirects, and at addresses
// that a service must not be led to.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { type FileStorage, StorageTrouble } from "../fileStorage.ts";
import { createGuard, isPublic } from "../guard.ts";
import { createWebStorage } from "./webStorage.ts";

const signal = () => AbortSignal.timeout(20_000);

async function served(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function textOf(storage: FileStorage, uri: string, from = 0): Promise<string> {
  const file = await storage.find(uri, signal());
  assert.ok(file, "the file is not found");
  const chunks: Uint8Array[] = [];
  for await (const chunk of storage.read(file, from, signal())) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const is = (kind: string, words: RegExp) => (error: Error) =>
  error instanceof StorageTrouble && error.kind === kind && words.test(error.message);

describe("a file of the web", () => {
  it("is found by HEAD and read from an offset with If-Range", async () => {
    const asked: (string | undefined)[] = [];
    await using server = await served((request, answer) => {
      asked.push(request.headers.range);
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      if (from > 0) assert.equal(request.headers["if-range"], '"v1"');
      answer
        .writeHead(from > 0 ? 206 : 200, { etag: '"v1"', "content-length": 10 - from })
        .end("0123456789".slice(from));
    });
    const storage = createWebStorage(createGuard([server.host]));
    const found = await storage.find(`${server.url}/a.txt`, signal());
    assert.deepEqual([found?.sizeBytes, found?.version], [10, '"v1"']);
    assert.equal(await textOf(storage, `${server.url}/a.txt`, 4), "456789");
    assert.deepEqual(asked, [undefined, undefined, "bytes=4-"]);
  });

  it("is found where HEAD is not answered, and read without a length", async () => {
    await using server = await served((request, answer) => {
      if (request.method === "HEAD") answer.writeHead(405).end();
      else answer.write("streamed", () => answer.end());
    });
    const storage = createWebStorage(createGuard([server.host]));
    assert.equal((await storage.find(`${server.url}/`, signal()))?.sizeBytes, undefined);
    assert.equal(await textOf(storage, `${server.url}/`), "streamed");
  });

  it("that is changed while it is read is told as changed, and one that is cut may be asked for again", async () => {
    let version = 1;
    let cut = false;
    await using server = await served((request, answer) => {
      answer.writeHead(200, { etag: `"v${version}"`, "content-length": 10 });
      if (request.method === "HEAD") answer.end();
      else if (cut) answer.write("012", () => answer.destroy());
      else answer.end("0123456789");
    });
    const storage = createWebStorage(createGuard([server.host]));
    const file = await storage.find(`${server.url}/a`, signal());
    assert.ok(file);
    version = 2;
    await assert.rejects(
      async () => {
        for await (const _ of storage.read(file, 3, signal()));
      },
      is("changed", /was changed/),
    );
    cut = true;
    await assert.rejects(
      async () => {
        for await (const _ of storage.read(file, 0, signal()));
      },
      is("again", /Reading/),
    );
  });

  it("is followed through redirects, five of them, and each is looked at", async () => {
    await using server = await served((request, answer) => {
      const step = Number(new URL(request.url ?? "", "http://x").searchParams.get("step"));
      if (request.url === "/private")
        answer.writeHead(302, { location: "http://169.254.169.254/latest/" }).end();
      else if (request.url === "/file") answer.writeHead(302, { location: "file:///etc/passwd" }).end();
      else if (step > 0) answer.writeHead(307, { location: `/x?step=${step - 1}` }).end();
      else answer.end("there");
    });
    const storage = createWebStorage(createGuard([server.host]));
    assert.equal(await textOf(storage, `${server.url}/x?step=5`), "there");
    await assert.rejects(storage.find(`${server.url}/x?step=6`, signal()), is("refused", /redirects/));
    await assert.rejects(
      storage.find(`${server.url}/private`, signal()),
      is("refused", /not reached by https/),
    );
    await assert.rejects(storage.find(`${server.url}/file`, signal()), is("refused", /not reached by https/));
  });

  it("is not at a private address, by number or by name, unless the host is named; no signature is told", async () => {
    const storage = createWebStorage(createGuard([]));
    for (const uri of [
      "https://127.0.0.1:1/x?sig=secret",
      "https://[::1]:1/x?sig=secret",
      "https://localhost:1/x?sig=secret",
    ])
      await assert.rejects(storage.find(uri, signal()), (error: Error) => {
        assert.ok(is("refused", /private network.*allowDataHost/)(error), error.message);
        return !error.message.includes("secret");
      });
    await assert.rejects(
      storage.find("http://example.com/x", signal()),
      is("refused", /not reached by https/),
    );
    await using server = await served((_, answer) => answer.writeHead(403).end());
    await assert.rejects(
      createWebStorage(createGuard(["*"])).find(`${server.url}/x`, signal()),
      is("refused", /answers 403/),
    );
  });
});

describe("public addresses", () => {
  it("are all but those of private networks, also inside others", () => {
    for (const address of ["8.8.8.8", "52.239.1.1", "2a00:1450:4001::1", "::ffff:8.8.8.8"])
      assert.ok(isPublic(address), address);
    for (const address of [
      ...[
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
      ],
      ...[
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "::ffff:127.0.0.1",
      ],
      ...["::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "ff02::1", "not an address"],
    ])
      assert.ok(!isPublic(address), address);
  });
});
