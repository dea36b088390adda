// The content service at the edge: the form of older clients, answers in the shape that clients read, links.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { codeOf, DEV, JSON_DEV, type TestEdge, testEdge } from "../testing/edge.ts";
import { chunks, WORKSPACE } from "../testing/flow.ts";

const ID = "33333333-3333-4333-8333-333333333333";
const PARENT = "44444444-4444-4444-8444-444444444444";
const NOTHING = "00000000-0000-0000-0000-000000000000";
const v1 = `/content/v1.0${WORKSPACE}/snapshots`;
const v2 = `/content/v2.0${WORKSPACE}/snapshots`;

type Part = { readonly head: string; readonly body: string };
const file = (name: string, body: string): Part => ({ head: `name="files"; filename="${name}"`, body });
const tree: Part = {
  head: `name="files"; filename="dirTreeRootFile"\r\nContent-Type: application/json\r\ndirTreeRootFile: true`,
  body: `{"name":""}`,
};
const properties: Part = { head: `name="properties"`, body: `{"p":"q"}` };

const post = (edge: TestEdge, url: string, parts: readonly Part[]) =>
  edge.app.inject({
    method: "POST",
    url,
    headers: { ...DEV, "content-type": "multipart/form-data; boundary=b" },
    payload: `${parts.map(({ head, body }) => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`).join("")}--b--\r\n`,
  });
type Kept = { files: { name: string }[]; tree: string; partial: boolean; about: object };
const kept = (edge: TestEdge): [scope: unknown, upload: Kept] => {
  const call =
    edge.flow.calls.find(({ name }) => name === "snapshots.keep") ?? assert.fail("Nothing was kept.");
  return call.args as [unknown, Kept];
};
const get = (edge: TestEdge, url: string) => edge.app.inject({ method: "GET", url, headers: DEV });

describe("the form of a snapshot", () => {
  it("is files by their paths, a tree and properties; nothing of it is left", async () => {
    await using edge = await testEdge();
    const parts = [
      file("pkg/ü a.py", "a"),
      file("dirTreeRootFile", "a file of the project"),
      file("x%22y.txt", ""),
      tree,
      properties,
    ];
    const answer = await post(edge, `${v1}/${ID}?parentSnapshotId=${PARENT.toUpperCase()}`, parts);
    assert.equal(answer.statusCode, 200, answer.body);
    assert.deepEqual(answer.json(), { id: ID });
    const [, upload] = kept(edge);
    assert.deepEqual(
      { ...upload, files: upload.files.map((one) => one.name), tree: "" },
      {
        id: ID,
        about: { properties: { p: "q" }, parentId: PARENT },
        tree: "",
        files: ["pkg/ü a.py", "dirTreeRootFile", "x%22y.txt"],
        partial: false,
      },
    );
    await assert.rejects(readFile(upload.tree));
    assert.deepEqual(await edge.left(), []);
  });

  it("of hundreds of files is a part", async () => {
    await using edge = await testEdge();
    const files = Array.from({ length: 500 }, (_, i) => file(`f${i}`, `${i}`));
    const answer = await post(edge, `${v1}/${ID}?parentSnapshotId=${NOTHING}`, [...files, tree]);
    assert.equal(answer.statusCode, 200, answer.body);
    const [, upload] = kept(edge);
    assert.deepEqual([upload.files.length, upload.partial, upload.about], [500, true, {}]);
  });

  it("that is broken is refused and leaves nothing", async () => {
    await using edge = await testEdge();
    const cases: [Part[], string][] = [
      [[file("a", "a")], "BadMultipart"],
      [[tree, tree], "BadMultipart"],
      [[tree, { head: `name="other"; filename="x"`, body: "" }], "BadMultipart"],
      [[tree, properties, properties], "BadMultipart"],
      [[tree, { ...properties, body: "{" }], "BadJson"],
    ];
    for (const [parts, code] of cases) {
      const answer = await post(edge, `${v1}/${ID}`, parts);
      assert.deepEqual([answer.statusCode, codeOf(answer.body)], [400, code]);
    }
    const parent = await post(edge, `${v1}/${ID}?parentSnapshotId=x`, [tree]);
    assert.deepEqual([parent.statusCode, codeOf(parent.body)], [400, "InvalidRequest"]);
    const json = await edge.app.inject({ method: "POST", url: `${v1}/${ID}`, headers: DEV, payload: {} });
    assert.deepEqual([json.statusCode, codeOf(json.body)], [415, "UnsupportedMediaType"]);
    assert.equal((await post(edge, `${v1}/no-uuid`, [tree])).statusCode, 400);
    assert.deepEqual(await edge.left(), []);
  });
});

describe("files sent as blobs", () => {
  const json = (edge: TestEdge, url: string, payload: object) =>
    edge.app.inject({ method: "POST", url, headers: JSON_DEV, payload });

  it("each have a link, https and for writing, in the order asked", async () => {
    await using edge = await testEdge();
    const names = [
      "train.py",
      "a b/ü#%.py",
      "pkg\\win.py",
      ...Array.from({ length: 450 }, (_, i) => `f${i}`),
    ];
    const answer = await json(edge, `${v2}/getblob`, { FileNames: names });
    assert.equal(answer.statusCode, 200, answer.body);
    const { fileNodes } = answer.json() as { fileNodes: { fullName: string; blobUri: string }[] };
    assert.deepEqual(
      fileNodes.map((node) => node.fullName),
      names,
    );
    const first = fileNodes[0]?.blobUri ?? "";
    assert.match(
      first,
      /^https:\/\/malachite-service\.blob\.x@[^/]+\/azureml-snapshots\/folder\/name\?.*sp=rcw/,
    );
    assert.deepEqual((await json(edge, `${v2}/getblob`, { FileNames: [] })).json(), { fileNodes: [] });
    assert.equal((await json(edge, `${v2}/getblob`, {})).statusCode, 400);
  });

  it("become a snapshot by their links, and by no others", async () => {
    await using edge = await testEdge();
    const [node] = (await json(edge, `${v2}/getblob`, { FileNames: ["a.py"] })).json().fileNodes;
    const create = (link: string) => {
      const readBody = async () => ({
        about: { parentId: PARENT },
        sent: [{ name: "a.py", link, sizeBytes: 3 }],
      });
      edge.flow.on("snapshots", { ...edge.flow.snapshots, readBody });
      return json(edge, `${v2}/${ID}`, { DirTreeNode: {} });
    };
    const answer = await create(node.blobUri);
    assert.equal(answer.statusCode, 200, answer.body);
    assert.deepEqual(answer.json(), { id: ID });
    const [, sent] = edge.flow.calls.find(({ name }) => name === "snapshots.keepSent")?.args ?? [];
    const { body, ...told } = sent as { body: string };
    assert.deepEqual(told, {
      id: ID,
      about: { parentId: PARENT },
      sent: [{ name: "a.py", blob: "folder/name", sizeBytes: 3 }],
    });
    await assert.rejects(readFile(body));
    const others = [
      "",
      "https://elsewhere/x",
      node.blobUri.replace("folder/name", "folder/other"),
      node.blobUri.replace(/sig=./, "sig=!"),
      edge.auth.blobs.link("http://h", { container: "other", blob: "x", permissions: "r" }),
    ];
    for (const other of others) {
      const refused = await create(other);
      assert.deepEqual([refused.statusCode, codeOf(refused.body)], [400, "ContentMismatch"], other);
      assert.match(refused.body, /a\.py/);
    }
    assert.deepEqual(await edge.left(), []);
  });
});

describe("what clients read of snapshots", () => {
  it("is an empty root where there is none", async () => {
    await using edge = await testEdge();
    const answer = await get(edge, `${v1}/latest/metadata`);
    assert.equal(answer.statusCode, 200);
    assert.deepEqual(answer.json(), { id: NOTHING, root: {} });
    const latestMetadata = async () => chunks(`{"id":"${ID}",`, `"root":{}}`);
    edge.flow.on("snapshots", { ...edge.flow.snapshots, latestMetadata });
    assert.deepEqual((await get(edge, `${v2}/latest/metadata`)).json(), { id: ID, root: {} });
  });

  it("is the tree of a snapshot, by either version", async () => {
    await using edge = await testEdge();
    for (const base of [v1, v2]) {
      const answer = await get(edge, `${base}/${ID}/metadata`);
      assert.match(String(answer.headers["content-type"]), /^application\/json/);
      assert.equal(answer.json().id, ID);
    }
  });

  it("is a link to the zip that needs no token, for that snapshot and for a time", async () => {
    await using edge = await testEdge();
    const answer = await edge.app.inject({ method: "POST", url: `${v2}/${ID}/zip`, headers: DEV });
    assert.equal(answer.statusCode, 200);
    const { pathname, search } = new URL(answer.json().zipSasUri);
    const old = (await get(edge, `${v1}/${ID}`)).json();
    assert.equal(new URL(old).pathname, pathname);
    const fetched = (url: string) => edge.app.inject({ method: "GET", url });
    assert.equal((await fetched(pathname + search)).body, "PK zip");
    const others = [
      pathname.replace(ID, PARENT) + search,
      `${pathname}${search}x`,
      `${pathname}?se=9999999999&sig=x`,
    ];
    for (const other of others) assert.equal((await fetched(other)).statusCode, 403, other);
    edge.clock.at += 25 * 3600_000;
    assert.equal((await fetched(pathname + search)).statusCode, 403);
  });

  it("is found by the hash of its files", async () => {
    await using edge = await testEdge();
    const hash = "ab".repeat(32);
    const answer = await get(edge, `${v2}/getByHash?hash=${hash.toUpperCase()}&hashVersion=202208`);
    assert.equal(answer.json().version, "1");
    assert.equal(edge.flow.calls.at(-1)?.args[1], hash);
  });
});
