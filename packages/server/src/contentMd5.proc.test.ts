// Bytes that are sent under an MD5, over a real service: taken if they are its own, else refused, and all is as it was.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Answer,
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

describe("an MD5 that is sent", () => {
  it("refuses a blob or block of other bytes, and a header that is no MD5", async () => {
    const url = await link("md5/blob");
    const put = (headers: Record<string, string>, text = "hello") =>
      send("PUT", url, { ...BLOCK, ...headers }, text);
    const names = ["content-md5", "x-ms-blob-content-md5"] as const;
    const bad = ["x", `${md5("hello").slice(0, -3)}!==`, md5("hello").slice(0, -2), `${md5("hello")}AAAA`];
    const refusals = async () => {
      for (const name of names) {
        assert.equal(codeOf(await put({ [name]: md5("other") })), "400 Md5Mismatch", name);
        for (const text of bad)
          assert.equal(codeOf(await put({ [name]: text })), "400 InvalidMd5", `${name}: ${text}`);
      }
      const [plain, ofBlob] = names;
      const both = (a: string, b: string) => put({ [plain]: md5(a), [ofBlob]: md5(b) });
      assert.equal(codeOf(await both("hello", "other")), "400 Md5Mismatch");
      assert.equal(codeOf(await both("other", "hello")), "400 Md5Mismatch");
    };
    await refusals();
    assert.equal(codeOf(await send("GET", url)), "404 BlobNotFound");
    assert.equal((await put({ "x-ms-meta-a": "b" }, "old")).status, 201);
    const { etag } = (await send("HEAD", url)).headers;
    await refusals();
    const there = await send("GET", url);
    assert.deepEqual(
      [there.body.toString(), there.headers.etag, there.headers["x-ms-meta-a"]],
      ["old", etag, "b"],
    );
    for (const name of names) {
      assert.equal((await put({ [name]: md5("hello") })).headers["content-md5"], md5("hello"));
      assert.equal((await send("GET", url)).headers["content-md5"], md5("hello"));
    }
    const block = `${url}&comp=block&blockid=${id("1")}`;
    assert.equal(codeOf(await send("PUT", block, { "content-md5": "x" }, "a")), "400 InvalidMd5");
    assert.equal(codeOf(await send("PUT", block, { "content-md5": md5("b") }, "a")), "400 Md5Mismatch");
    const blocks = await send("GET", `${url}&comp=blocklist&blocklisttype=uncommitted`);
    assert.doesNotMatch(blocks.body.toString(), /<Name>/);
    const list = "<BlockList></BlockList>";
    const commit = (headers: Record<string, string>) => send("PUT", `${url}&comp=blocklist`, headers, list);
    assert.equal(codeOf(await commit({ "x-ms-blob-content-md5": "x" })), "400 InvalidMd5");
    assert.equal(codeOf(await commit({ "content-md5": md5("x") })), "400 Md5Mismatch");
    assert.equal((await send("GET", url)).body.toString(), "hello");
    // Of the blob that the list makes; the list itself has another.
    const of = { "content-md5": md5(list), "x-ms-blob-content-md5": md5("") };
    assert.equal((await commit(of)).status, 201);
    assert.equal((await send("HEAD", url)).headers["content-md5"], md5(""));
  });

  it("is computed of a whole blob that comes without, as on Azure, and of none that comes in blocks", async () => {
    const url = await link("md5/none");
    const told = async () => (await send("HEAD", url)).headers["content-md5"];
    assert.equal((await send("PUT", url, BLOCK, "hello")).headers["content-md5"], md5("hello"));
    assert.equal(await told(), md5("hello"));
    const got = await send("GET", url, { range: "bytes=0-1" });
    assert.deepEqual(
      [got.headers["x-ms-blob-content-md5"], got.headers["content-md5"]],
      [md5("hello"), undefined],
    );
    await send("PUT", `${url}&comp=properties`, { "x-ms-blob-content-type": "text/x" });
    assert.equal(await told(), undefined);
    assert.equal((await send("PUT", url, BLOCK, "other")).status, 201);
    assert.equal(await told(), md5("other"));
    await send("PUT", `${url}&comp=block&blockid=${id("1")}`, {}, "a");
    const list = `<BlockList><Latest>${decodeURIComponent(id("1"))}</Latest></BlockList>`;
    assert.equal((await send("PUT", `${url}&comp=blocklist`, {}, list)).status, 201);
    assert.equal(await told(), undefined);
  });

  it("tells no MD5 of an append blob that was said before its last piece came", async () => {
    const url = await link("md5/log");
    const create = { "x-ms-blob-type": "AppendBlob" };
    const wrong = await send("PUT", url, { ...create, "content-md5": md5("x") });
    assert.equal(codeOf(wrong), "400 Md5Mismatch");
    assert.equal(codeOf(await send("GET", url)), "404 BlobNotFound");
    assert.equal((await send("PUT", url, { ...create, "content-md5": md5("") })).status, 201);
    const append = (text: string, headers = {}) => send("PUT", `${url}&comp=appendblock`, headers, text);
    assert.equal(codeOf(await append("one", { "content-md5": md5("two") })), "400 Md5Mismatch");
    assert.equal((await append("one", { "content-md5": md5("one") })).headers["content-md5"], md5("one"));
    assert.equal((await send("HEAD", url)).headers["content-md5"], undefined);
    await send("PUT", `${url}&comp=properties`, { "x-ms-blob-content-md5": md5("one") });
    assert.equal((await send("HEAD", url)).headers["content-md5"], md5("one"));
    await append("two");
    const got = await send("GET", url);
    assert.deepEqual([got.body.toString(), got.headers["content-md5"]], ["onetwo", undefined]);
    await send("PUT", `${url}&comp=properties`, { "x-ms-blob-content-md5": md5("onetwo") });
    const artifact = `${served.base}${artifacts}/ExperimentRun/dcid.surface/content?path=md5/log&append=true`;
    assert.equal((await send("POST", artifact, { authorization: "Bearer dev" }, "3")).status, 200);
    assert.equal((await send("HEAD", url)).headers["content-md5"], undefined);
  });

  it("takes artifacts under their MD5 too, whole and in pieces, over each of their addresses", async () => {
    await json("PATCH", `/history/v1.0${WORKSPACE}/experiments/e/runs/md5`, {});
    const container = `${artifacts}/ExperimentRun/dcid.md5/content`;
    const auth = { authorization: "Bearer dev", "content-type": "application/octet-stream" };
    const upload = (query: string, text: string, sum: string) =>
      send("POST", `${served.base}${container}${query}`, { ...auth, "content-md5": sum }, text);
    const read = (path: string) => send("GET", `${served.base}${container}?path=${path}`, auth);
    const refused = (answer: Answer, words: RegExp) => {
      assert.equal(answer.status, 400, answer.body.toString());
      assert.match(answer.body.toString(), words);
    };
    const large = "0123456789".repeat(300_000);
    for (const text of ["hello", large]) {
      refused(await upload("?path=a", text, md5("other")), /ContentMismatch/);
      refused(
        await upload("?path=a", text, "no md5"),
        /InvalidRequest.*Content-MD5|Content-MD5.*InvalidRequest/s,
      );
      assert.equal((await read("a")).status, 404);
    }
    assert.equal((await upload("?path=a", large, md5(large))).status, 200);
    refused(await upload("?path=a&allowOverwrite=true", "new", md5("other")), /ContentMismatch/);
    refused(await upload("?path=a&append=true", "more", md5("other")), /ContentMismatch/);
    assert.equal((await read("a")).body.toString(), large);
    refused(await upload("?path=log&append=true&index=0", "ab", md5("other")), /ContentMismatch/);
    assert.equal((await read("log")).status, 404);
    assert.equal((await upload("?path=log&append=true&index=0", "ab", md5("ab"))).status, 200);
    assert.equal((await upload("?path=log&append=true&index=2", "cd", md5("cd"))).status, 200);
    assert.equal((await read("log")).body.toString(), "abcd");
    const byPath = `${served.base}${artifacts}/content/ExperimentRun/dcid.md5/by/path`;
    refused(await send("POST", byPath, { ...auth, "content-md5": md5("other") }, "x"), /ContentMismatch/);
    const proxied = `${served.base}/mlflow/v1.0${WORKSPACE}/api/2.0/mlflow-artifacts/artifacts/dcid.md5/p`;
    refused(await send("PUT", proxied, { ...auth, "content-md5": md5("other") }, "x"), /MD5/);
    const list = await json("GET", `${artifacts}/ExperimentRun/dcid.md5`);
    assert.deepEqual(
      list.value.map((one: { path: string }) => one.path),
      ["a", "log"],
    );
  });
});
