// Ranges, validators and file names; uploads in pieces.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRange } from "./content.ts";
import { disposition } from "./harmless.ts";
import { codeOf, DEV, type TestEdge, testEdge } from "./testing/edge.ts";
import { WORKSPACE } from "./testing/flow.ts";

describe("parseRange", () => {
  const cases: readonly [string, number, ReturnType<typeof parseRange>][] = [
    ["bytes=0-0", 10, { from: 0, to: 1 }],
    ["bytes=0-", 10, { from: 0, to: 10 }],
    ["bytes=9-", 10, { from: 9, to: 10 }],
    ["bytes=2-4", 10, { from: 2, to: 5 }],
    ["bytes=2-99999999999999999999", 10, { from: 2, to: 10 }],
    ["bytes=-3", 10, { from: 7, to: 10 }],
    ["bytes=-99", 10, { from: 0, to: 10 }],
    ["BYTES = 1-2", 10, { from: 1, to: 3 }],
    ["bytes=10-", 10, "outside"],
    ["bytes=10-20", 10, "outside"],
    ["bytes=-0", 10, "outside"],
    ["bytes=0-", 0, "outside"],
    ["bytes=-1", 0, "outside"],
    ["bytes=5-2", 10, undefined],
    ["bytes=-", 10, undefined],
    ["bytes=a-b", 10, undefined],
    ["bytes=0-1,3-4", 10, undefined],
    ["lines=1-2", 10, undefined],
    ["", 10, undefined],
  ];
  for (const [header, size, expected] of cases) {
    it(`'${header}' of ${size}`, () => assert.deepEqual(parseRange(header, size), expected));
  }
});

describe("disposition", () => {
  it("offers a download under the file's own name, whatever is in it", () => {
    assert.equal(disposition("logs/a.txt"), "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt");
    assert.equal(
      disposition('x/"a"\r\n;é.txt'),
      "attachment; filename=\"_a_____.txt\"; filename*=UTF-8''%22a%22%0D%0A%3B%C3%A9.txt",
    );
    assert.match(disposition("\ud800"), /^attachment; filename="_"/);
    assert.match(disposition("x/"), /filename="file"/);
  });
});

describe("an artifact's content", () => {
  const url = `/artifact/v2.0${WORKSPACE}/artifacts/ExperimentRun/dcid.a/content?path=f.bin`;
  const get = async (
    headers: Record<string, string> = {},
    method: "GET" | "HEAD" = "GET",
    text = "0123456789",
  ) => {
    await using edge = await testEdge();
    edge.flow.files.set("dcid.a/f.bin", Buffer.from(text));
    return await edge.app.inject({ method, url, headers: { ...DEV, ...headers } });
  };
  it("is sent whole, as bytes that no browser runs", async () => {
    const answer = await get();
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.body, "0123456789");
    assert.equal(answer.headers["content-length"], "10");
    assert.equal(answer.headers["accept-ranges"], "bytes");
    assert.equal(answer.headers["content-type"], "application/octet-stream");
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.match(String(answer.headers["content-security-policy"]), /sandbox/);
  });
  it("is sent in part", async () => {
    const ways: Record<string, string>[] = [
      { range: "bytes=2-4" },
      { "x-ms-range": "bytes=2-4" },
      { range: "bytes=2-4", "if-range": '"e10"' },
    ];
    for (const headers of ways) {
      const answer = await get(headers);
      assert.equal(answer.statusCode, 206);
      assert.equal(answer.body, "234");
      assert.equal(answer.headers["content-range"], "bytes 2-4/10");
      assert.equal(answer.headers["content-length"], "3");
    }
  });
  it("is sent whole when the part is of another version", async () => {
    assert.equal((await get({ range: "bytes=2-4", "if-range": '"old"' })).statusCode, 200);
  });
  it("has no part outside, and says how long it is", async () => {
    const answer = await get({ range: "bytes=10-" });
    assert.equal(answer.statusCode, 416);
    assert.equal(answer.headers["content-range"], "bytes */10");
    assert.equal(codeOf(answer.body), "BadRange");
    assert.match(String(answer.headers["content-type"]), /json/);
    assert.equal(answer.headers.etag, undefined, "an error is no version of the file");
  });
  it("is not sent again to who has it", async () => {
    const { etag } = (await get()).headers;
    for (const header of [String(etag), `"x", W/${etag}`, "*"]) {
      const answer = await get({ "if-none-match": header });
      assert.equal(answer.statusCode, 304);
      assert.equal(answer.body, "");
    }
    assert.equal((await get({ "if-none-match": '"other"' })).statusCode, 200);
  });
  it("is described by HEAD", async () => {
    const answer = await get({}, "HEAD");
    assert.equal(answer.headers["content-length"], "10");
    assert.equal(answer.body, "");
    assert.equal((await get({ range: "bytes=2-4" }, "HEAD")).headers["content-length"], "3");
  });
  it("of an empty file is empty", async () => {
    const answer = await get({}, "GET", "");
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers["content-length"], "0");
  });
  it("is told to be missing", async () => {
    await using edge = await testEdge();
    for (const address of [url, url.replace("ExperimentRun", "LocalUpload")]) {
      const answer = await edge.app.inject({ url: address, headers: DEV });
      assert.equal(answer.statusCode, 404);
      assert.equal(codeOf(answer.body), "ArtifactNotFound");
    }
  });
});

describe("an upload", () => {
  const url = `/artifact/v2.0${WORKSPACE}/artifacts/experimentrun/dcid.a/content?path=logs/x.txt`;
  const put = (edge: TestEdge, query: string, payload: string, type = "application/octet-stream") =>
    edge.app.inject({
      method: "POST",
      url: url + query,
      headers: { ...DEV, "content-type": type },
      payload,
    });

  it("keeps the bytes whatever their content type", async () => {
    await using edge = await testEdge();
    for (const type of [
      "application/octet-stream",
      "text/plain",
      "application/json",
      "multipart/form-data; boundary=x",
    ]) {
      const answer = await put(edge, "", "{broken", type);
      assert.equal(answer.statusCode, 200, answer.body);
      assert.equal(answer.json().path, "logs/x.txt");
      assert.equal(edge.flow.files.get("dcid.a/logs/x.txt")?.toString(), "{broken");
    }
  });
  it("may be empty", async () => {
    await using edge = await testEdge();
    assert.equal((await put(edge, "", "")).statusCode, 200);
    assert.equal(edge.flow.files.get("dcid.a/logs/x.txt")?.length, 0);
  });
  it("passes on what to do with a file that is there", async () => {
    await using edge = await testEdge();
    await put(edge, "&allowOverwrite=TRUE&append=false", "x");
    assert.deepEqual(edge.flow.calls.at(-1)?.args[3], { append: false, overwrite: true });
  });
  it("adds a piece that begins at the end, and refuses one that was added before", async () => {
    await using edge = await testEdge();
    assert.equal((await put(edge, "&append=true&index=0", "ab")).statusCode, 200);
    assert.equal((await put(edge, "&append=true&index=2", "cd")).statusCode, 200);
    const again = await put(edge, "&append=true&index=2", "cd");
    assert.equal(again.statusCode, 409);
    assert.deepEqual(again.json().error.details, [{ code: "SizeBytes", target: "index", message: "4" }]);
    assert.equal(edge.flow.files.get("dcid.a/logs/x.txt")?.toString(), "abcd");
  });
  it("takes the place of a piece from the header of append blobs too, which wins", async () => {
    await using edge = await testEdge();
    const append = (at: string) =>
      edge.app.inject({
        method: "POST",
        url: `${url}&append=true&index=0`,
        headers: { ...DEV, "x-ms-blob-condition-appendpos": at },
        payload: "ab",
      });
    assert.equal((await append("0")).statusCode, 200);
    assert.equal((await append("2")).statusCode, 200);
    assert.equal((await append("2")).statusCode, 409);
    assert.equal((await append("x")).statusCode, 400);
    assert.equal(edge.flow.files.get("dcid.a/logs/x.txt")?.toString(), "abab");
  });
  it("adds a piece once when it is sent twice at the same time", async () => {
    await using edge = await testEdge();
    const both = await Promise.all([
      put(edge, "&append=true&index=0", "ab"),
      put(edge, "&append=true&index=0", "ab"),
    ]);
    assert.deepEqual(both.map(({ statusCode }) => statusCode).sort(), [200, 409]);
    assert.equal(edge.flow.files.get("dcid.a/logs/x.txt")?.toString(), "ab");
  });
  it("refuses a later piece that is not appended", async () => {
    await using edge = await testEdge();
    assert.equal((await put(edge, "&index=1", "x")).statusCode, 400);
  });
});
