// What a storage may do to a download: cut it, change it, lose it, send other bytes, name what cannot be a file.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { download } from "./download.ts";
import { type FileStorage, StorageTrouble, type StoredFile } from "./fileStorage.ts";

const md5 = (text: string) => createHash("md5").update(text).digest("base64");

type Scripted = { readonly text: string; readonly more?: Partial<StoredFile> };

/** `read` may do as it likes with the bytes from an offset on. */
function storageOf(
  files: Record<string, Scripted>,
  read: (path: string, text: string, from: number) => AsyncIterable<Uint8Array> = async function* (
    _,
    text,
    from,
  ) {
    yield Buffer.from(text).subarray(from);
  },
): FileStorage {
  const file = (path: string): StoredFile => {
    const { text, more } = files[path] as Scripted;
    return { path, sizeBytes: Buffer.byteLength(text), changedAt: 1_000_000, version: md5(text), ...more };
  };
  return {
    find: async (path) => (files[path] === undefined ? undefined : file(path)),
    async *list(folder) {
      for (const path of Object.keys(files))
        if (folder === "" || path.startsWith(`${folder}/`)) yield file(path);
    },
    read: (one, from) => read(one.path, files[one.path]?.text ?? "", from),
    write: async () => "sent",
    [Symbol.asyncDispose]: async () => {},
  };
}

describe("download", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "malachite-download-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const told: string[] = [];
  const from = (storage: FileStorage, path = "") =>
    download(
      storage,
      path,
      { folder: join(root, "files"), parts: join(root, "parts") },
      (line) => told.push(line),
      AbortSignal.timeout(30_000),
    );
  const content = (path: string) => readFileSync(join(root, "files", path), "utf8");

  it("goes on where a connection was cut, as often as it comes further", async () => {
    const asked: number[] = [];
    const storage = storageOf(
      { a: { text: "0123456789", more: { md5: md5("0123456789") } } },
      async function* (_, text, at) {
        asked.push(at);
        yield Buffer.from(text).subarray(at, at + 2);
        if (at + 2 < text.length) throw new StorageTrouble("again", "cut");
      },
    );
    await from(storage);
    assert.equal(content("a"), "0123456789");
    assert.deepEqual(asked, [0, 2, 4, 6, 8]);
  });

  it("goes on with what an earlier try has left, and checks all of it", async () => {
    const text = "abcdefghij";
    const cut = storageOf({ a: { text, more: { md5: md5(text) } } }, async function* (_, all, at) {
      yield Buffer.from(all).subarray(at, at + 4);
      throw new StorageTrouble("refused", "the key has ended");
    });
    await assert.rejects(from(cut), /the key has ended/);
    assert.equal(readdirSync(join(root, "parts")).length, 1);
    const asked: number[] = [];
    await from(
      storageOf({ a: { text, more: { md5: md5(text) } } }, async function* (_, all, at) {
        asked.push(at);
        yield Buffer.from(all).subarray(at);
      }),
    );
    assert.deepEqual([content("a"), asked], [text, [4]]);
    assert.ok(!existsSync(join(root, "parts")));
  });

  it("never goes on with bytes of another version", async () => {
    const cut = storageOf({ a: { text: "old-old-old" } }, async function* (_, all, at) {
      yield Buffer.from(all).subarray(at, at + 4);
      throw new StorageTrouble("refused", "no");
    });
    await assert.rejects(from(cut));
    await from(storageOf({ a: { text: "new-new-new" } }));
    assert.equal(content("a"), "new-new-new");
  });

  it("refuses bytes without the MD5 that was told", async () => {
    const storage = storageOf({ a: { text: "right", more: { md5: md5("right") } } }, async function* () {
      yield Buffer.from("wrong");
    });
    await assert.rejects(
      from(storage),
      (error: Error & { code?: string }) =>
        error.code === "DataUnreachable" && /does not have the MD5/.test(error.message),
    );
    assert.ok(!existsSync(join(root, "files/a")));
  });

  it("says which file has vanished, and stops the others", async () => {
    const storage = storageOf({ a: { text: "1" }, b: { text: "2" } }, async function* (path, text) {
      if (path === "b") throw new StorageTrouble("gone", "b is not there any more");
      yield Buffer.from(text);
    });
    await assert.rejects(from(storage), /b is not there any more/);
  });

  it("passes over what cannot be a file, and says so; marks of folders are none", async () => {
    const { files, passedOver } = await from(
      storageOf({
        "ok.txt": { text: "1" },
        "folder/": { text: "" },
        "../out": { text: "2" },
        "a//b": { text: "3" },
        "back\\slash": { text: "4" },
        [`long/${"x".repeat(300)}`]: { text: "5" },
        "line\nfeed": { text: "6" },
        "/absolute": { text: "7" },
      }),
    );
    assert.deepEqual([files, passedOver.length], [1, 6]);
    assert.deepEqual(readdirSync(join(root, "files")), ["ok.txt"]);
    assert.ok(!existsSync(join(root, "out")));
  });

  it("keeps one of a file and a folder of the same name, and says so", async () => {
    const { files, passedOver } = await from(storageOf({ a: { text: "1" }, "a/b": { text: "2" } }));
    assert.equal(files, 1);
    assert.match(passedOver[0] ?? "", /has come already/);
  });

  it("takes what comes without a length", async () => {
    const { file } = await from(
      storageOf({ a: { text: "12345", more: { sizeBytes: undefined, version: undefined } } }),
      "a",
    );
    assert.deepEqual([file, content("a")], ["a", "12345"]);
  });

  it("ends with the signal and leaves nothing under way", async () => {
    const end = new AbortController();
    let open = 0;
    const storage = storageOf(
      { a: { text: "1".repeat(100) }, b: { text: "2".repeat(100) } },
      async function* (_, text, at) {
        open += 1;
        try {
          yield Buffer.from(text).subarray(at, at + 1);
          end.abort();
          yield Buffer.from(text).subarray(at + 1);
        } finally {
          open -= 1;
        }
      },
    );
    const into = { folder: join(root, "files"), parts: join(root, "parts") };
    await assert.rejects(
      download(storage, "", into, () => {}, end.signal),
      { name: "AbortError" },
    );
    assert.equal(open, 0);
  });
});
