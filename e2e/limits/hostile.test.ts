// What a broken or a hostile client sends: each ends in a right answer or in a refusal that its client can read, leaves what was
// there as it was, and the service stays quick and small meanwhile. Names and types at every address: hostileAddresses.test.ts.
import assert from "node:assert/strict";
import { createHash, createHmac, hkdfSync, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { linksTo } from "../blob/links.ts";
import { type Told as Answer, ask, assertTold, HealthWatch } from "../support/hostile.ts";
import { random } from "../support/random.ts";
import { Service, workspacePath } from "../support/service.ts";

const MIB = 1024 * 1024;
const BINARY = { "content-type": "application/octet-stream" };
const BLOCK = { "x-ms-blob-type": "BlockBlob" };
const CONTENT = `/content/v2.0${workspacePath}/snapshots`;

const sha512 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
const fileNode = (name: string, text: string) => ({
  name,
  type: "File",
  hash: sha512(text, name, "File"),
  children: {},
});
/** The tree of one file. */
const treeOf = (name: string, text: string) => {
  const node = fileNode(name, text);
  return {
    name: "",
    type: "Directory",
    hash: sha512(Buffer.from(node.hash, "hex")),
    children: { [name]: node },
  };
};

describe("hostile requests", { timeout: 600_000 }, () => {
  let service: Service;
  let watch: HealthWatch;
  before(async () => {
    service = await Service.start();
    watch = new HealthWatch(service);
  });
  after(() => service[Symbol.asyncDispose]());

  const pathOf = (url: string) => url.slice(new URL(url).origin.length);
  const send = (method: string, url: string, body?: Uint8Array, headers: Record<string, string> = {}) =>
    ask(service, method, pathOf(url), body, headers);
  const json = (method: string, path: string, body: unknown) =>
    ask(service, method, path, JSON.stringify(body));
  function refused(url: string, answer: Answer, status: number, says = /./): void {
    assertTold(url, url, answer);
    assert.equal(answer.status, status, answer.text.slice(0, 500));
    assert.match(answer.text, says);
  }

  describe("snapshots", () => {
    const keep = (body: unknown, id: string = randomUUID()) => json("POST", `${CONTENT}/${id}`, body);
    async function sent(name: string, text: string) {
      const links = await service.json<{ fileNodes: { blobUri: string }[] }>("POST", `${CONTENT}/getblob`, {
        FileNames: [name],
      });
      const uri = links.fileNodes[0]?.blobUri ?? "";
      const put = await send("PUT", uri.replace(/^https:\/\/[^@/]+@/, "http://"), Buffer.from(text), BLOCK);
      assert.equal(put.status, 201);
      return { FileNodes: [{ FullName: name, BlobUri: uri, FileSize: text.length }] };
    }

    it("refuses a tree that is broken", async () => {
      const good = treeOf("a.py", "print(1)");
      const file = fileNode("a.py", "print(1)");
      const deep = Array.from({ length: 150 }).reduce<object>(
        (inner) => ({ name: "d", type: "Directory", hash: "0".repeat(128), children: { d: inner } }),
        file,
      );
      const trees: unknown[] = [
        null,
        [],
        "tree",
        { ...good, type: "Link" },
        { ...good, hash: "" },
        { ...good, hash: "g".repeat(128) },
        { ...good, children: null },
        { ...good, children: [1] },
        { ...good, children: { "b.py": file } },
        { ...good, children: { "../a.py": { ...file, name: "../a.py" } } },
        { ...good, children: { "a/b": { ...file, name: "a/b" } } },
        { ...good, children: { "": { ...file, name: "" } } },
        { ...good, children: { "a.py": { ...file, children: { x: file } } } },
        { ...good, type: "File" },
        { ...good, children: { d: deep } },
      ];
      for (const tree of trees) {
        const id = randomUUID();
        const answer = await keep(
          { DirTreeNode: tree, FileRevisionList: await sent("a.py", "print(1)") },
          id,
        );
        assertTold(JSON.stringify(tree).slice(0, 300), CONTENT, answer);
        assert.equal(answer.status, 400, `${JSON.stringify(tree).slice(0, 300)} → ${answer.text}`);
        const kept = await ask(service, "GET", `${CONTENT}/${id}/metadata`);
        refused(CONTENT, kept, 404, /SnapshotNotFound/);
      }
    });

    it("refuses a wrong hash, a file that never came and one that the parent does not have", async () => {
      const tree = treeOf("a.py", "right");
      refused(
        CONTENT,
        await keep({ DirTreeNode: tree, FileRevisionList: await sent("a.py", "wrong") }),
        400,
        /a\.py/,
      );
      const wrong = { ...tree, hash: sha512("else") };
      refused(
        CONTENT,
        await keep({ DirTreeNode: wrong, FileRevisionList: await sent("a.py", "right") }),
        400,
      );
      refused(CONTENT, await keep({ DirTreeNode: tree, FileRevisionList: { FileNodes: [] } }), 400, /a\.py/);
      const parent = randomUUID();
      const good = await keep({ DirTreeNode: tree, FileRevisionList: await sent("a.py", "right") }, parent);
      assert.equal(good.status, 200, good.text);
      const other = treeOf("b.py", "of nobody");
      refused(CONTENT, await keep({ ParentSnapshotId: parent, DirTreeNode: other }), 400, /b\.py/);
      const changed = treeOf("a.py", "changed");
      refused(CONTENT, await keep({ ParentSnapshotId: parent, DirTreeNode: changed }), 400, /a\.py/);
      refused(CONTENT, await keep({ ParentSnapshotId: randomUUID(), DirTreeNode: tree }), 404);
      assert.equal((await keep({ ParentSnapshotId: parent, DirTreeNode: tree })).status, 200);
    });
  });

  it("refuses a link that is changed by one letter, and one that has ended", async () => {
    const [link] = (await linksTo(service, "dcid.sas", ["out/a.txt"])) as [string];
    assert.equal((await send("PUT", link, Buffer.from("kept"), BLOCK)).status, 201);
    const start = new URL(link).origin.length + 1;
    for (let at = start; at < link.length; at += 1) {
      const letter = link[at] as string;
      if ("/?&=%".includes(letter) || link[at - 1] === "%" || link[at - 2] === "%") continue;
      const url = link.slice(0, at) + (letter === "a" ? "b" : "a") + link.slice(at + 1);
      const answer = await send("PUT", url, Buffer.from("changed"), BLOCK);
      assertTold(url, pathOf(url), answer);
      // The last letter of 32 bytes in base64 has bits that say nothing: such a signature is the same one.
      const same = at === link.length - 1 && answer.status === 201;
      assert.ok(same || [400, 403, 404].includes(answer.status), `${url} → ${answer.status}`);
    }
    for (const url of [`${link}&sp=rwd`, link.replace(/&sig=[^&]*/, ""), link.replace(/\?.*/, "")])
      refused(pathOf(url), await send("GET", url), 403);
    const { pathname, searchParams: given } = new URL(link);
    const key = hkdfSync(
      "sha256",
      Buffer.from(readFileSync(join(service.data, "secret"), "utf8").trim(), "hex"),
      new Uint8Array(0),
      "malachite blobs 1",
      32,
    );
    const made = (ends: number) => {
      const query = new URLSearchParams(given);
      query.set("se", `${new Date(ends).toISOString().slice(0, 19)}Z`);
      const named = ["sv", "sr", "sdd", "st", "se", "sp", "scid"].map((name) => query.get(name));
      const signed = JSON.stringify([1, ...named, decodeURIComponent(pathname.slice(1))]);
      query.set("sig", createHmac("sha256", Buffer.from(key)).update(signed).digest("base64url"));
      return `${service.url}${pathname}?${query}`;
    };
    assert.equal((await send("GET", made(Date.now() + 60_000))).text, "kept");
    refused("/azureml", await send("GET", made(Date.now() - 5_000)), 403, /AuthenticationFailed.*ended at/s);
  });

  it("keeps nothing of an upload that is cut, wherever it is, and all of the next one", async () => {
    await service.json("PATCH", `/history/v1.0${workspacePath}/experiments/cut/runs/cut`, {});
    const names = ["whole", "blocks", "log"];
    const [whole, blocks, log] = (await linksTo(service, "dcid.cut", names)) as [string, string, string];
    const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => `${i} `).join(""));
    assert.equal((await send("PUT", whole, Buffer.from("before"), BLOCK)).status, 201);
    assert.equal((await send("PUT", log, Buffer.alloc(0), { "x-ms-blob-type": "AppendBlob" })).status, 201);
    const urls = [whole, `${blocks}&comp=block&blockid=MQ%3D%3D`, `${log}&comp=appendblock`];
    const artifact = `/artifact/v2.0${workspacePath}/artifacts/content/ExperimentRun/dcid.cut/sent`;
    const proxied = mlflow("artifacts/dcid.cut/proxied").replace(
      "/mlflow/artifacts",
      "/mlflow-artifacts/artifacts",
    );
    const chance = random(11);
    const cuts = [
      0,
      1,
      bytes.length - 1,
      ...Array.from({ length: 25 }, () => Math.floor(chance() * bytes.length)),
    ];
    for (const cut of cuts) {
      for (const url of urls) await cutAt("PUT", pathOf(url), bytes, cut);
      await cutAt("POST", artifact, bytes, cut);
      await cutAt("PUT", proxied, bytes, cut);
    }
    assert.equal((await send("GET", whole)).text, "before");
    assert.equal((await send("GET", log)).text, "");
    refused(pathOf(blocks), await send("GET", `${blocks}&comp=blocklist`), 404, /BlobNotFound/);
    for (const path of [artifact, proxied]) refused(path, await ask(service, "GET", path), 404);
    for (const url of urls) assert.equal((await send("PUT", url, bytes, BLOCK)).status, 201);
    assert.equal((await ask(service, "POST", artifact, bytes, BINARY)).status, 200);
    assert.equal((await ask(service, "PUT", proxied, bytes, BINARY)).status, 200);
    for (const path of [artifact, proxied])
      assert.equal((await ask(service, "GET", path)).text, bytes.toString());
    const list = Buffer.from("<BlockList><Latest>MQ==</Latest></BlockList>");
    assert.equal((await send("PUT", `${blocks}&comp=blocklist`, list)).status, 201);
    for (const url of [whole, blocks, log]) assert.equal((await send("GET", url)).text, bytes.toString());
    const wrong = await send("PUT", whole, bytes, { ...BLOCK, "content-md5": "AAAAAAAAAAAAAAAAAAAAAA==" });
    refused(pathOf(whole), wrong, 400, /Md5Mismatch/);
  });

  async function cutAt(method: string, path: string, bytes: Uint8Array, cut: number): Promise<void> {
    const { hostname, port } = new URL(service.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("error", () => {});
    const headers = {
      Host: "localhost",
      Authorization: "Bearer dev",
      "Content-Type": BINARY["content-type"],
      "x-ms-blob-type": "BlockBlob",
      "Content-Length": bytes.length,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
    await new Promise((resolve) =>
      socket.write(Buffer.concat([Buffer.from(head), bytes.subarray(0, cut)]), resolve),
    );
    if (cut % 2 === 0) socket.destroy();
    else socket.end();
    await new Promise((resolve) => socket.once("close", resolve).resume());
  }

  it("gives a blob with two writers the bytes of one of them, and a log the pieces of both", async () => {
    const paths = ["whole", "log", "blocks"];
    const one = (await linksTo(service, "dcid.two", paths)) as [string, string, string];
    const two = (await linksTo(service, "dcid.two", paths)) as [string, string, string];
    const texts = Array.from({ length: 20 }, (_, n) => `${n},`.repeat(20_000));
    const writer = (n: number) => (n % 2 === 0 ? one : two);
    const puts = texts.map((text, n) => send("PUT", writer(n)[0], Buffer.from(text), BLOCK));
    assert.ok((await Promise.all(puts)).every(({ status }) => status === 201));
    assert.ok(texts.includes((await send("GET", one[0])).text));
    assert.equal(
      (await send("PUT", one[1], Buffer.alloc(0), { "x-ms-blob-type": "AppendBlob" })).status,
      201,
    );
    const pieces = texts.map((text, n) => send("PUT", `${writer(n)[1]}&comp=appendblock`, Buffer.from(text)));
    assert.ok((await Promise.all(pieces)).every(({ status }) => status === 201));
    const log = (await send("GET", one[1])).text;
    assert.deepEqual([log.length, texts.every((text) => log.includes(text))], [texts.join("").length, true]);
    for (const url of [one[2], two[2]]) {
      const mine = Buffer.from(url === one[2] ? "one" : "two");
      assert.equal((await send("PUT", `${url}&comp=block&blockid=MQ%3D%3D`, mine)).status, 201);
    }
    const list = Buffer.from("<BlockList><Latest>MQ==</Latest></BlockList>");
    for (const [url, text] of [
      [one[2], "one"],
      [two[2], "two"],
    ] as const) {
      assert.equal((await send("PUT", `${url}&comp=blocklist`, list)).status, 201);
      assert.equal((await send("GET", url)).text, text);
    }
  });

  it("answers tags, properties and parameters of 1 MB", async () => {
    const run = `/history/v1.0${workspacePath}/experiments/big/runs/big`;
    const value = "é".repeat(MIB / 2);
    assertTold("run", run, await json("PATCH", run, {}));
    for (const [method, path, body] of [
      ["PATCH", run, { tags: { big: value } }],
      ["PATCH", run, { properties: { big: value } }],
      ["PATCH", run, { tags: { [value]: "name" } }],
      ["PATCH", run, { displayName: value }],
      ["POST", mlflow("runs/set-tag"), { run_id: "big", key: "m", value }],
      ["POST", mlflow("runs/log-parameter"), { run_id: "big", key: "p", value }],
      ["POST", mlflow("experiments/create"), { name: value }],
      ["POST", mlflow("registered-models/create"), { name: "m", tags: [{ key: "k", value }] }],
    ] as const) {
      const answer = await json(method, path, body);
      assertTold(`${method} ${path}`, path, answer);
    }
    const read = await ask(service, "GET", run);
    assert.equal(read.status, 200);
    const { tags } = JSON.parse(read.text);
    assert.ok(tags.big === value && tags.m === value, "a value is kept whole");
    assert.equal((await json("PATCH", run, { tags: { small: "still" } })).status, 200);
  });

  it("refuses a batch beyond MLflow's limits, and keeps nothing of it", async () => {
    await service.json("PATCH", `/history/v1.0${workspacePath}/experiments/batch/runs/batch`, {});
    const path = mlflow("runs/log-batch");
    const metrics = (n: number) =>
      Array.from({ length: n }, (_, i) => ({ key: `m${i}`, value: i, timestamp: 1, step: 0 }));
    const pairs = (n: number) => Array.from({ length: n }, (_, i) => ({ key: `k${i}`, value: "v" }));
    for (const body of [
      { metrics: metrics(1001) },
      { params: pairs(101) },
      { tags: pairs(101) },
      { metrics: metrics(901), params: pairs(50), tags: pairs(50) },
    ])
      refused(path, await json("POST", path, { run_id: "batch", ...body }), 400, /INVALID_PARAMETER_VALUE/);
    const run = JSON.parse((await ask(service, "GET", `${mlflow("runs/get")}?run_id=batch`)).text);
    assert.deepEqual([run.run.data.metrics ?? [], run.run.data.params ?? []], [[], []]);
    assert.equal((await json("POST", path, { run_id: "batch", metrics: metrics(1000) })).status, 200);
  });

  it("leaves the service quick", async (t) => {
    t.diagnostic(await watch.end());
  });
});

const mlflow = (call: string) => `/mlflow/v1.0${workspacePath}/api/2.0/mlflow/${call}`;
