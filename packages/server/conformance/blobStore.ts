// What every blob store must do, as a suite over a factory. Belongs to the port, knows no adapter.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import {
  type BlobAddress,
  type BlobBucket,
  type BlobFacts,
  type BlobStore,
  type BlockChoice,
  Crc64,
  MalachiteError,
} from "@malachite/core";

async function* streamOf(...pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece as string);
}
async function* broken(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("first piece");
  throw new Error("the sender went away");
}
const base64 = (text: string) => Buffer.from(text).toString("base64");
const md5 = (text: string) => createHash("md5").update(text).digest("base64");
const crc64 = (text: string) =>
  Buffer.from(new Crc64().update(Buffer.from(text)).digest()).toString("base64");
const NO_FACTS: BlobFacts = { headers: {}, metadata: {} };
const any = () => {};
const W = { writer: "a" };

/** `open` makes a store in the folder it is given; two stores of one folder see the same blobs. */
export function blobStoreConformance(name: string, open: (folder: string) => Promise<BlobStore>): void {
  describe(`${name}: blob store`, () => {
    let home: string;
    let store: BlobStore;
    let bucket: BlobBucket;
    let numbers = 0;

    before(async () => {
      home = await mkdtemp(join(tmpdir(), "malachite-blobs-"));
      store = await open(join(home, "data"));
    });
    after(() => rm(home, { recursive: true }));
    beforeEach(() => {
      numbers += 1;
      const scope = { subscriptionId: "s", resourceGroup: "rg", workspace: "ws" };
      bucket =
        numbers % 2
          ? { kind: "store", name: `azureml-${numbers}` }
          : { kind: "artifacts", scope, container: `dcid.r${numbers}` };
    });

    const at = (path: string): BlobAddress => ({ bucket, path });
    const put = (path: string, text: string, ask: Partial<Parameters<BlobStore["put"]>[2]> = {}) =>
      store.put(at(path), streamOf(text), { ...NO_FACTS, ...W, digests: {}, check: any, ...ask });
    const stage = (path: string, id: string, text: string, writer = "a") =>
      store.stage(at(path), base64(id), streamOf(text), { writer, digests: {} });
    const commit = (
      path: string,
      ids: readonly string[],
      from: BlockChoice["from"] = "latest",
      writer = "a",
    ) =>
      store.commit(
        at(path),
        ids.map((id) => ({ id: base64(id), from })),
        { ...NO_FACTS, writer, check: any },
      );
    const append = (path: string, text: string) =>
      store.append(at(path), streamOf(text), { digests: {}, check: any });
    const text = async (path: string, from = 0, to?: number, of = store) => {
      await using blob = (await of.open(at(path))) ?? assert.fail(`There is no ${path}.`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of blob.read(from, to ?? blob.info.sizeBytes)) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    };
    const refused = (code: string) => (error: unknown) =>
      error instanceof MalachiteError && error.code === code
        ? true
        : assert.fail(`not ${code}: ${String(error)}`);

    test("a blob is read as it was put, whole and in part", async () => {
      const kept = await put("a/b c/ä.txt", "hello world");
      assert.equal(kept.sizeBytes, 11);
      assert.equal(kept.md5, md5("hello world"));
      assert.equal(await text("a/b c/ä.txt"), "hello world");
      assert.equal(await text("a/b c/ä.txt", 6, 9), "wor");
      const { md5: _, ...info } = kept;
      assert.deepEqual(await store.get(at("a/b c/ä.txt")), info);
      assert.equal(await store.get(at("a/b c")), undefined);
      assert.equal(await store.get(at("none")), undefined);
    });

    test("facts are given back, and belong to one version", async () => {
      const facts = {
        headers: { contentType: "text/x", contentMd5: md5("1"), cacheControl: "no-store" },
        metadata: { Key: "v" },
      };
      const first = await put("f", "1", facts);
      assert.deepEqual({ headers: first.headers, metadata: first.metadata }, facts);
      const other = await open(join(home, "data"));
      assert.deepEqual((await other.get(at("f")))?.metadata, { Key: "v" });
      const second = await put("f", "2");
      assert.deepEqual(second.metadata, {});
      assert.notEqual(second.etag, first.etag);
      assert.deepEqual((await store.get(at("f")))?.headers, {});
    });

    test("the MD5 of the bytes is kept where it is wanted and none is said, and ends with them", async () => {
      const keep = (path: string, text: string, facts: Partial<BlobFacts> = {}) =>
        store.put(at(path), streamOf(text), {
          ...{ ...NO_FACTS, ...facts },
          ...{ ...W, digests: {}, check: any, keepMd5: true },
        });
      const told = async (path: string, of = store) => (await of.get(at(path)))?.headers.contentMd5;
      const { etag, md5: _, ...info } = await keep("m/sum.txt", "one");
      assert.deepEqual(await store.get(at("m/sum.txt")), { etag, ...info });
      assert.equal(await told("m/sum.txt"), md5("one"));
      assert.equal(await told("m/sum.txt", await open(join(home, "data"))), md5("one"));
      await keep("m/sum.txt", "two", { metadata: { k: "v" } });
      assert.equal(await told("m/sum.txt"), md5("two"));
      await store.describe(at("m/sum.txt"), { headers: {} }, { check: any });
      assert.equal(await told("m/sum.txt"), undefined, "whoever sets other headers clears it, as on Azure");
      await keep("m/sum.txt", "three", { headers: { contentType: "text/plain" } });
      const [listed] = (await store.list(at("").bucket, { prefix: "m/", limit: 1 })).values;
      assert.deepEqual(listed && "headers" in listed && listed.headers, {
        contentType: "text/plain",
        contentMd5: md5("three"),
      });
      await put("m/sum.txt", "four");
      assert.equal(await told("m/sum.txt"), undefined, "it was of other bytes");
    });

    test("facts are changed without the bytes", async () => {
      const { etag } = await put("f", "1", { headers: { contentType: "a/b" } });
      const changed = await store.describe(at("f"), { metadata: { x: "y" } }, { check: any });
      assert.notEqual(changed.etag, etag);
      assert.deepEqual([changed.headers.contentType, changed.metadata], ["a/b", { x: "y" }]);
      assert.equal(await text("f"), "1");
      await assert.rejects(store.describe(at("none"), {}, { check: any }), refused("BlobNotFound"));
    });

    test("a cut or wrong upload leaves the old blob whole, and nothing where there was none", async () => {
      await put("old", "old");
      const ask = { ...NO_FACTS, ...W, check: any };
      for (const path of ["old", "new"]) {
        await assert.rejects(store.put(at(path), broken(), { ...ask, digests: {} }), /went away/);
        for (const digests of [{ md5: md5("other") }, { crc64: crc64("other") }]) {
          await assert.rejects(
            store.put(at(path), streamOf("text"), { ...ask, digests }),
            refused("ContentMismatch"),
          );
        }
      }
      assert.equal(await text("old"), "old");
      assert.equal(await store.get(at("new")), undefined);
      await put("old", "text", { digests: { md5: md5("text"), crc64: crc64("text") } });
      assert.equal(await text("old"), "text");
    });

    test("a check refuses a write, and sees what is there", async () => {
      const check = (there: unknown) => {
        if (there) throw new MalachiteError("BlobExists", "there");
      };
      await put("x", "1", { check });
      await assert.rejects(put("x", "2", { check }), refused("BlobExists"));
      assert.equal(await text("x"), "1");
      const outcomes = await Promise.allSettled([..."abcdef"].map((one) => put("race", one, { check })));
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    });

    test("writers at the same time: each reader sees a whole blob", async () => {
      const texts = ["a", "b", "c", "d"].map((letter) => letter.repeat(300_000));
      const writes = texts.map((one) => put("race", one));
      await put("race", texts[0] as string);
      for (let look = 0; look < 20; look += 1) assert.ok(texts.includes(await text("race")));
      await Promise.all(writes);
      assert.ok(texts.includes(await text("race")));
    });

    test("an open blob stays as it was opened", async () => {
      await put("x", "before");
      await using blob = (await store.open(at("x"))) ?? assert.fail();
      await put("x", "after!");
      await store.remove(at("x"), { check: any });
      const chunks: Uint8Array[] = [];
      for await (const chunk of blob.read(0, blob.info.sizeBytes)) chunks.push(chunk);
      assert.equal(Buffer.concat(chunks).toString(), "before");
    });

    test("blocks make a blob in the order of the list, repeated as it says", async () => {
      await stage("b", "1", "one ");
      await stage("b", "2", "two ");
      assert.equal(await store.get(at("b")), undefined);
      await commit("b", ["2", "1", "2"]);
      assert.equal(await text("b"), "two one two ");
      const blocks = await store.blocks(at("b"), W);
      assert.deepEqual(
        blocks?.committed.map(({ id }) => id),
        ["2", "1", "2"].map(base64),
      );
      assert.deepEqual(blocks?.uncommitted, []);
    });

    test("latest, committed and uncommitted blocks are told apart", async () => {
      await stage("b", "1", "old1");
      await stage("b", "2", "old2");
      await commit("b", ["1", "2"]);
      await stage("b", "1", "new1");
      await assert.rejects(commit("b", ["2"], "uncommitted"), refused("BadBlockList"));
      await commit("b", ["1", "2"], "committed");
      assert.equal(await text("b"), "old1old2");
      await stage("b", "1", "new1");
      await commit("b", ["2", "1"], "latest");
      assert.equal(await text("b"), "old2new1");
      await assert.rejects(commit("b", ["3"]), refused("BadBlockList"));
      assert.equal(await text("b"), "old2new1");
    });

    test("blocks of two writers do not mix, and outlast the store", async () => {
      await stage("b", "1", "a1", "a");
      await stage("b", "1", "b1", "b");
      await stage("b", "2", "a2", "a");
      store = await open(join(home, "data"));
      await assert.rejects(commit("b", ["1", "2"], "latest", "b"), refused("BadBlockList"));
      await commit("b", ["1", "2"], "latest", "a");
      assert.equal(await text("b"), "a1a2");
      await commit("b", ["1"], "latest", "b");
      assert.equal(await text("b"), "b1");
    });

    test("an empty list of blocks makes an empty blob; a put drops what was staged", async () => {
      await commit("b", []);
      assert.equal(await text("b"), "");
      await stage("b", "1", "x");
      await put("b", "whole");
      await assert.rejects(commit("b", ["1"]), refused("BadBlockList"));
      for (const id of ["", "x".repeat(65)]) {
        await assert.rejects(stage("b", id, "x"), refused("BadBlockList"));
      }
      await stage("b", "x".repeat(64), "long id");
      await commit("b", ["x".repeat(64)]);
      assert.equal(await text("b"), "long id");
    });

    test("pieces are added at the end, and counted", async () => {
      await assert.rejects(append("log", "x"), refused("BlobNotFound"));
      const made = await store.createAppend(at("log"), { headers: {}, metadata: { a: "b" }, check: any });
      assert.deepEqual([made.kind, made.sizeBytes, made.pieces], ["append", 0, 0]);
      assert.equal((await append("log", "one ")).offset, 0);
      const second = await append("log", "two ");
      assert.deepEqual([second.offset, second.blob.sizeBytes, second.blob.pieces], [4, 8, 2]);
      assert.equal(await text("log"), "one two ");
      assert.deepEqual(await store.get(at("log")), second.blob);
      assert.deepEqual(second.blob.metadata, { a: "b" });
      await store.describe(
        at("log"),
        { headers: { contentType: "text/x", contentMd5: md5("one two ") } },
        { check: any },
      );
      assert.deepEqual(
        (await append("log", "three ")).blob.headers,
        { contentType: "text/x" },
        "of other bytes",
      );
      await Promise.all(Array.from({ length: 20 }, (_, n) => append("log", `${n} `)));
      assert.equal((await store.get(at("log")))?.pieces, 23);
      await put("block", "x");
      await assert.rejects(append("block", "y"), refused("BlobTypeMismatch"));
    });

    test("a piece that is refused or cut adds nothing", async () => {
      await store.createAppend(at("log"), { ...NO_FACTS, check: any });
      await append("log", "kept");
      await assert.rejects(store.append(at("log"), broken(), { digests: {}, check: any }), /went away/);
      await assert.rejects(
        store.append(at("log"), streamOf("x"), {
          digests: {},
          check: () => {
            throw new MalachiteError("AppendPositionMismatch", "no");
          },
        }),
        refused("AppendPositionMismatch"),
      );
      assert.equal(await text("log"), "kept");
      assert.equal((await store.get(at("log")))?.pieces, 1);
    });

    test("a removed blob is gone with its facts", async () => {
      await put("a/b/c", "x", { metadata: { k: "v" } });
      assert.equal(await store.remove(at("a/b/c"), { check: any }), true);
      assert.equal(await store.remove(at("a/b/c"), { check: any }), false);
      await put("a", "a file where a folder was");
      await put("d", "x");
      assert.deepEqual((await store.get(at("d")))?.metadata, {});
    });

    test("a list is in order, in pages, by prefix, and by folder", async () => {
      for (const path of ["b", "a/1", "a/2/x", "a/2/y", "a-z", "c/1"]) await put(path, path);
      const list = async (ask: Partial<Parameters<BlobStore["list"]>[1]> = {}) => {
        const { values, more } = await store.list(bucket, { limit: 100, ...ask });
        return { paths: values.map((v) => ("folder" in v ? v.folder : v.path)), more };
      };
      const all = ["a-z", "a/1", "a/2/x", "a/2/y", "b", "c/1"];
      assert.deepEqual(await list(), { paths: all, more: false });
      assert.deepEqual(await list({ prefix: "a/2" }), { paths: ["a/2/x", "a/2/y"], more: false });
      assert.deepEqual(await list({ folders: true }), { paths: ["a-z", "a/", "b", "c/"], more: false });
      assert.deepEqual(await list({ folders: true, prefix: "a/" }), { paths: ["a/1", "a/2/"], more: false });
      for (const folders of [false, true]) {
        const paths: string[] = [];
        for (let after: string | undefined; ; ) {
          const page = await list({ limit: 2, folders, ...(after === undefined ? {} : { after }) });
          paths.push(...page.paths);
          after = page.paths.at(-1);
          if (!page.more) break;
        }
        assert.deepEqual(paths, (await list({ folders })).paths);
      }
    });

    test("a path that leads out, or can be no file, is refused or is none", async () => {
      const bad = ["../x", "a/../../x", "/x", "a//b", "", "a/.", "a\u0000b", "\\x", "c:/x", "a".repeat(256)];
      for (const path of bad) {
        await assert.rejects(put(path, "x"), refused("BadPath"), path);
        await assert.rejects(stage(path, "1", "x"), refused("BadPath"), path);
      }
      for (const path of ["%2F", "..%2F..", ";", "#", "a b ", "a.", "ends. ", "ä".repeat(100), "%252e"]) {
        await put(path, path);
        assert.equal(await text(path), path);
      }
    });
  });
}
