// The blob surface over a real service: what Azure's storage clients send, byte by byte, and what they must be told.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import {
  artifacts,
  BLOCK,
  blobsUnderTest,
  codeOf,
  id,
  md5,
  send,
  WORKSPACE,
} from "../conformance/blobsUnderTest.ts";

const served = blobsUnderTest();
const { json, link } = served;

describe("the blob surface", () => {
  it("keeps a blob and tells of it", async () => {
    const url = await link("outputs/a b#%2F;ä.txt");
    const facts = { "x-ms-blob-content-type": "text/x", "x-ms-meta-Key": "v", "content-md5": md5("hello") };
    const put = await send("PUT", url, { ...BLOCK, ...facts, "x-ms-version": "2019-12-12" }, "hello");
    assert.equal(put.status, 201, put.body.toString());
    assert.equal(put.headers["x-ms-version"], "2019-12-12");
    assert.equal(put.headers["content-md5"], md5("hello"));
    assert.ok(put.headers.etag && put.headers["last-modified"] && put.headers["x-ms-request-id"]);
    const head = await send("HEAD", url);
    assert.equal(head.status, 200);
    for (const [name, value] of Object.entries({
      "content-length": "5",
      "content-type": "text/x",
      "x-ms-blob-type": "BlockBlob",
      "x-ms-meta-key": "v",
      "content-md5": md5("hello"),
      etag: put.headers.etag,
    })) {
      assert.equal(head.headers[name], value, name);
    }
    const got = await send("GET", url, { authorization: "Basic bWFsYWNoaXRl" });
    assert.equal(got.body.toString(), "hello");
    const part = await send("GET", url, { "x-ms-range": "bytes=1-2", "x-ms-range-get-content-md5": "true" });
    assert.deepEqual([part.status, part.body.toString()], [206, "el"]);
    assert.equal(part.headers["content-range"], "bytes 1-2/5");
    assert.equal(part.headers["content-md5"], md5("el"));
    assert.equal(part.headers["x-ms-blob-content-md5"], md5("hello"));
    assert.equal(codeOf(await send("GET", url, { range: "bytes=9-" })), "416 InvalidRange");
    const list = await json("GET", `${artifacts}/ExperimentRun/dcid.surface`);
    assert.deepEqual(
      list.value.map((one: { path: string }) => one.path),
      ["outputs/a b#%2F;ä.txt"],
    );
  });

  it("holds conditions", async () => {
    const url = await link("conditions");
    const put = (headers: Record<string, string>) => send("PUT", url, { ...BLOCK, ...headers }, "x");
    assert.equal(codeOf(await put({ "if-match": "*" })), "412 ConditionNotMet");
    const first = await put({ "if-none-match": "*" });
    assert.equal(first.status, 201);
    assert.equal(codeOf(await put({ "if-none-match": "*" })), "409 BlobAlreadyExists");
    const etag = first.headers.etag ?? "";
    assert.equal((await send("GET", url, { "if-none-match": etag })).status, 304);
    assert.equal((await send("GET", url, { "if-match": '"other"' })).status, 412);
    const old = "Mon, 01 Jan 2001 00:00:00 GMT";
    assert.equal((await send("GET", url, { "if-unmodified-since": old })).status, 412);
    const since = first.headers["last-modified"] ?? "";
    assert.equal((await send("GET", url, { "if-modified-since": since })).status, 304);
    assert.equal((await put({ "if-match": etag })).status, 201);
    assert.equal(codeOf(await put({ "if-match": etag })), "412 ConditionNotMet");
  });

  it("puts blocks together", async () => {
    const url = await link("blocks");
    const stage = (name: string, text: string, headers = {}) =>
      send("PUT", `${url}&comp=block&blockid=${id(name)}`, headers, text);
    const list = (xml: string) => send("PUT", `${url}&comp=blocklist`, {}, xml);
    const of = (...names: string[]) =>
      `<?xml version="1.0" encoding="utf-8"?>\n<BlockList>${names.map((n) => `<Latest>${decodeURIComponent(id(n))}</Latest>`).join("\n")}</BlockList>`;
    assert.equal((await stage("1", "one", { "content-md5": md5("one") })).status, 201);
    assert.equal((await stage("2", "two")).status, 201);
    assert.equal(codeOf(await stage("3", "x", { "content-md5": md5("y") })), "400 Md5Mismatch");
    assert.equal(codeOf(await send("GET", url)), "404 BlobNotFound");
    const staged = await send("GET", `${url}&comp=blocklist&blocklisttype=all`);
    assert.match(
      staged.body.toString(),
      /<UncommittedBlocks><Block><Name>MQ==<\/Name><Size>3<\/Size><\/Block>/,
    );
    assert.equal(codeOf(await list(of("9"))), "400 InvalidBlockList");
    assert.equal(codeOf(await list("<BlockList><Latest>MQ==")), "400 InvalidXmlDocument");
    assert.equal((await list(of("2", "1", "2"))).status, 201);
    assert.equal((await send("GET", url)).body.toString(), "twoonetwo");
  });

  it("adds pieces to a log", async () => {
    const url = await link("logs/log.txt");
    assert.equal((await send("PUT", url, { "x-ms-blob-type": "AppendBlob" })).status, 201);
    const append = (text: string, headers = {}) => send("PUT", `${url}&comp=appendblock`, headers, text);
    const first = await append("one\n");
    assert.deepEqual(
      [
        first.status,
        first.headers["x-ms-blob-append-offset"],
        first.headers["x-ms-blob-committed-block-count"],
      ],
      [201, "0", "1"],
    );
    const position = { "x-ms-blob-condition-appendpos": "0" };
    assert.equal(codeOf(await append("x", position)), "412 AppendPositionConditionNotMet");
    const size = { "x-ms-blob-condition-maxsize": "5" };
    assert.equal(codeOf(await append("two\n", size)), "412 MaxBlobSizeConditionNotMet");
    assert.equal((await append("two\n")).headers["x-ms-blob-append-offset"], "4");
    assert.equal((await send("GET", url)).body.toString(), "one\ntwo\n");
    const block = await link("no-log");
    await send("PUT", block, BLOCK, "x");
    assert.equal(codeOf(await send("PUT", `${block}&comp=appendblock`, {}, "y")), "409 InvalidBlobType");
  });

  it("copies a blob with what is known of it, from a link of its own and from nowhere else", async () => {
    const from = await link("copies/a ä.txt");
    const facts = { "x-ms-blob-content-type": "text/x", "x-ms-meta-Key": "v" };
    await send("PUT", from, { ...BLOCK, ...facts }, "hello");
    const to = await link("copies/b");
    const copy = (source: string, headers = {}) =>
      send("PUT", to, { "x-ms-copy-source": source, ...headers });
    const copied = await copy(from);
    assert.deepEqual([copied.status, copied.headers["x-ms-copy-status"]], [202, "success"]);
    const there = await send("GET", to);
    assert.equal(there.headers.etag, copied.headers.etag);
    const { "content-type": type, "x-ms-meta-key": meta } = there.headers;
    assert.deepEqual([there.body.toString(), type, meta], ["hello", "text/x", "v"]);
    assert.equal((await copy(to, { "x-ms-meta-other": "w" })).status, 202);
    assert.equal((await send("HEAD", to)).headers["x-ms-meta-key"], undefined);
    assert.equal(codeOf(await copy(from, { "if-none-match": "*" })), "409 BlobAlreadyExists");
    assert.equal(codeOf(await copy(await link("copies/none"))), "404 BlobNotFound");
    assert.equal(codeOf(await copy(from.split("?")[0] ?? "")), "403 AuthenticationFailed");
    assert.equal(codeOf(await copy("nowhere")), "400 InvalidHeaderValue");
    assert.equal((await send("GET", to)).body.toString(), "hello");
  });

  it("takes the account in front of the path too, as clients write it for an address that is a number", async () => {
    const url = await link("account/a");
    const at = url.replace("/azureml/", "/malachite-service/azureml/");
    assert.equal((await send("PUT", at, BLOCK, "hello")).status, 201);
    assert.equal((await send("GET", url)).body.toString(), "hello");
    assert.equal(codeOf(await send("GET", at.replace(/sig=./, "sig=!"))), "403 AuthenticationFailed");
    assert.equal((await send("PUT", await link("account/b"), { "x-ms-copy-source": at })).status, 202);
  });

  it("takes nothing without the right link, and writes no link to its log", async () => {
    const url = await link("secret");
    await send("PUT", url, BLOCK, "x");
    const signature = new URL(url).searchParams.get("sig") ?? "";
    const letter = signature.startsWith("A") ? "B" : "A";
    const changed = url.replace(signature, letter + signature.slice(1));
    assert.equal(codeOf(await send("GET", changed)), "403 AuthenticationFailed");
    assert.equal(
      codeOf(await send("GET", url.split("?")[0] ?? "", { authorization: "Bearer dev" })),
      "403 AuthenticationFailed",
    );
    assert.equal(codeOf(await send("DELETE", url)), "403 AuthorizationPermissionMismatch");
    assert.equal(codeOf(await send("PUT", url, { "x-ms-blob-type": "PageBlob" })), "400 InvalidHeaderValue");
    assert.equal(codeOf(await send("PUT", url)), "400 MissingRequiredHeader");
    assert.equal(codeOf(await send("PUT", `${url}&comp=lease`)), "400 UnsupportedQueryParameter");
    for (const headers of [BLOCK, { "x-ms-source-if-match": "*" }] as Record<string, string>[])
      assert.equal(
        codeOf(await send("PUT", url, { ...headers, "x-ms-copy-source": url })),
        "400 UnsupportedHeader",
      );
    const head = await send("HEAD", changed);
    assert.deepEqual([head.status, head.body.length], [403, 0]);
    assert.equal(head.headers["x-ms-error-code"], "AuthenticationFailed");
    assert.ok(
      !served.lines.some((line) => line.includes("sig=") || line.includes(signature)),
      "a link is in the log",
    );
  });

  it("leaves the old blob whole when an upload is cut at any byte, and takes it when it is sent again", async () => {
    const url = new URL(await link("cut"));
    await send("PUT", url.href, BLOCK, "old");
    const text = "new content";
    const whole = `PUT ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nx-ms-blob-type: BlockBlob\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
    for (const cut of [10, whole.length - text.length, whole.length - 5, whole.length - 1]) {
      const socket = connect(Number(url.port), url.hostname);
      await new Promise<void>((resolve) => socket.write(whole.slice(0, cut), () => resolve()));
      socket.destroy();
      assert.equal((await send("GET", url.href)).body.toString(), "old", `cut at ${cut}`);
    }
    assert.equal((await send("PUT", url.href, BLOCK, text)).status, 201);
    assert.equal((await send("GET", url.href)).body.toString(), text);
  });

  it("answers each path of a batch as it was sent, with a reason where there is none", async () => {
    const paths = ["ok.txt", "../up", "a//b", "%2e%2e/x", "ends. ", "__proto__", "x".repeat(1000)];
    const made = await json("POST", `${artifacts}/ExperimentRun/dcid.batch/batch/metadata`, {
      paths: paths.map((path) => ({ path })),
    });
    const good = ["ok.txt", "%2e%2e/x", "ends. ", "__proto__"];
    assert.deepEqual(Object.keys(made.artifactContentInformation).sort(), good.sort());
    assert.deepEqual(Object.keys(made.errors).sort(), ["../up", "a//b", "x".repeat(1000)].sort());
    assert.equal(made.errors["../up"].error.innerError.innerError.code, "BadPath");
    const dotted = await json("POST", `${artifacts}/batch/metadata/ExperimentRun/dcid.dots`, {
      paths: [{ path: "./outputs/./r.txt" }, { path: "/etc/passwd" }],
    });
    assert.equal(dotted.artifacts["./outputs/./r.txt"].path, "outputs/r.txt");
    assert.deepEqual(Object.keys(dotted.errors), ["/etc/passwd"]);
    for (const path of good) {
      const url = await link(path, "dcid.batch");
      await send("PUT", url, BLOCK, path);
      const info = await json(
        "GET",
        `${artifacts}/contentinfo/ExperimentRun/dcid.batch/${encodeURIComponent(path)}`,
      );
      assert.match(info.contentUri, /^http:\/\/127/);
      assert.equal((await send("GET", info.contentUri)).body.toString(), path);
    }
  });

  it("lists a container as XML, in pages and by folder", async () => {
    const store = await json("GET", `/datastore/v1.0${WORKSPACE}/default`);
    const { containerName, sasToken } = store.azureStorageSection;
    const token = String(sasToken).replace(/^\?/, "");
    const names = ["d/a & <b>.txt", "d/sub/1", "d/sub/2", "d/z"];
    const at = (name: string) =>
      `${served.base}/${containerName}/${name.split("/").map(encodeURIComponent).join("/")}?${token}`;
    for (const name of names) await send("PUT", at(name), { ...BLOCK, "x-ms-meta-n": "1" }, name);
    const list = async (query: string) => {
      const answer = await send(
        "GET",
        `${served.base}/${containerName}?restype=container&comp=list&${query}&${token}`,
      );
      assert.equal(answer.status, 200, answer.body.toString());
      const xml = answer.body.toString();
      return {
        xml,
        blobs: [...xml.matchAll(/<Blob><Name>(.*?)<\/Name>/g)].map((match) => match[1]),
        folders: [...xml.matchAll(/<BlobPrefix><Name>(.*?)<\/Name>/g)].map((match) => match[1]),
        next: /<NextMarker>(.*?)<\/NextMarker>/.exec(xml)?.[1],
      };
    };
    const all = await list("prefix=d/&include=metadata");
    assert.deepEqual(all.blobs, ["d/a &amp; &lt;b&gt;.txt", ...names.slice(1)]);
    assert.match(all.xml, /<Metadata><n>1<\/n><\/Metadata>/);
    const folders = await list("prefix=d/&delimiter=/");
    assert.deepEqual([folders.folders, folders.blobs.length], [["d/sub/"], 2]);
    const first = await list("prefix=d/&maxresults=3");
    const second = await list(`prefix=d/&maxresults=3&marker=${first.next}`);
    assert.deepEqual([...first.blobs, ...second.blobs], all.blobs);
    assert.equal(second.next, "");
    assert.equal(
      (await send("HEAD", `${served.base}/${containerName}?restype=container&${token}`)).status,
      200,
    );
    const again = await send("PUT", `${served.base}/${containerName}?restype=container&${token}`);
    assert.equal(codeOf(again), "409 ContainerAlreadyExists");
    assert.equal((await send("DELETE", at("d/z"))).status, 202);
    assert.equal(codeOf(await send("DELETE", at("d/z"))), "404 BlobNotFound");
  });
});
