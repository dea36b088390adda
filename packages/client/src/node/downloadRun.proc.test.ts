// Bringing a run's files home: over bad lines, past hostile names, and on where an earlier call was cut off.
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { json, type Seen, stubServer, WORKSPACE } from "../../test/stubServer.ts";
import { temporaryFolder } from "../../test/temporaryFolder.ts";
import { MalachiteClient } from "../malachiteClient.ts";
import { DownloadFolder } from "./downloadFolder.ts";
import { type DownloadRunOptions, downloadRun } from "./downloadRun.ts";

type Served = { bytes: Buffer; etag?: string };

/** A server with these files; `cut` says after how many bytes the answer to a request is cut off. */
function serving(
  files: Record<string, Served>,
  cut: (seen: Seen) => number | undefined = () => undefined,
  ranges = true,
) {
  return stubServer(async (seen, response) => {
    if (seen.path.includes("/artifacts/ExperimentRun/")) {
      const file = files[seen.query.path as string];
      if (!file) return void response.writeHead(404).end();
      const wanted = Number(/bytes=(\d+)-/.exec(seen.headers.range ?? "")?.[1] ?? 0);
      const same = !seen.headers["if-range"] || seen.headers["if-range"] === file.etag;
      const from = ranges && same ? wanted : 0;
      const total = file.bytes.length;
      if (from > 0 && from >= total) {
        return void response.writeHead(416, { "content-range": `bytes */${total}` }).end();
      }
      response.writeHead(from > 0 ? 206 : 200, {
        "content-length": total - from,
        ...(file.etag ? { etag: file.etag } : {}),
        ...(from > 0 ? { "content-range": `bytes ${from}-${total - 1}/${total}` } : {}),
      });
      const bytes = file.bytes.subarray(from);
      const after = cut(seen);
      if (after === undefined) return void response.end(bytes);
      await new Promise<void>((resolve) => response.write(bytes.subarray(0, after), () => resolve()));
      response.destroy();
    } else if (seen.path.includes("/artifacts")) {
      const prefix = seen.query.path ?? "";
      const value = Object.entries(files).map(([path, { etag }]) => ({
        origin: "ExperimentRun",
        container: "c",
        path,
        etag,
      }));
      json(response, { value: value.filter(({ path }) => path.startsWith(prefix)) });
    } else json(response, { runId: "r1", dataContainerId: "c" });
  });
}

const download = (url: string, folder: string, options: Partial<DownloadRunOptions> = {}) =>
  downloadRun(
    new MalachiteClient(url, "dev", { retryOptions: { retryDelayInMs: 1 } }).workspace(WORKSPACE).run("r1"),
    { folder, ...options },
  );
const content = (seen: Seen): boolean => seen.path.includes("/content");
const BIG = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));

test("all files arrive as they are, in their folders, and nothing else is left there", async () => {
  using home = temporaryFolder();
  const files: Record<string, Served> = {
    "outputs/ä b/model.bin": { bytes: BIG, etag: '"1"' },
    "logs/empty": { bytes: Buffer.alloc(0) },
  };
  for (let i = 0; i < 30; i += 1) files[`outputs/many/${i}`] = { bytes: Buffer.from(`${i}`), etag: '"x"' };
  await using stub = await serving(files);
  const result = await download(stub.url, join(home.path, "deep/new"));
  assert.deepEqual(result.files.map((file) => file.path).sort(), Object.keys(files).sort());
  for (const [path, { bytes }] of Object.entries(files))
    assert.ok(readFileSync(join(home.path, "deep/new", path)).equals(bytes));
  assert.equal(result.sizeBytes, BIG.length + 50);
  assert.deepEqual(readdirSync(join(home.path, "deep/new")).sort(), ["logs", "outputs"]);
  const some = await download(stub.url, join(home.path, "some"), { prefix: "logs/" });
  assert.deepEqual(some.files, [{ path: "logs/empty", sizeBytes: 0 }]);
});

test("a line that is cut again and again is gone on with at the byte it was cut", async () => {
  using home = temporaryFolder();
  await using stub = await serving({ big: { bytes: BIG, etag: '"1"' } }, () => {
    return stub.seen.filter(content).length < 5 ? 20_001 : undefined;
  });
  await download(stub.url, home.path);
  assert.ok(readFileSync(join(home.path, "big")).equals(BIG));
  assert.deepEqual(
    stub.seen.filter(content).map((seen) => seen.headers.range),
    [undefined, "bytes=20001-", "bytes=40002-", "bytes=60003-", "bytes=80004-"],
  );
  assert.equal(stub.seen.at(-1)?.headers["if-range"], '"1"');
});

test("a file that changes, or that nobody can tell the version of, is begun anew", async () => {
  for (const etags of [
    ['"1"', '"2"'],
    [undefined, undefined],
  ]) {
    using home = temporaryFolder();
    const files: Record<string, Served> = { f: { bytes: BIG, etag: etags[0] } };
    await using stub = await serving(files, () => {
      if (files.f?.bytes !== BIG) return undefined;
      files.f = { bytes: Buffer.from(BIG).fill("n"), etag: etags[1] };
      return 50_000;
    });
    await download(stub.url, home.path);
    assert.ok(readFileSync(join(home.path, "f")).every((byte) => byte === 0x6e));
  }
});

test("a server without ranges sends the file again from its beginning", async () => {
  using home = temporaryFolder();
  let calls = 0;
  await using stub = await serving(
    { f: { bytes: BIG, etag: '"1"' } },
    () => (++calls < 3 ? 60_000 : undefined),
    false,
  );
  await download(stub.url, home.path);
  assert.ok(readFileSync(join(home.path, "f")).equals(BIG));
});

test("after a failure no half file has its name, and the next call asks only for what is missing", async () => {
  using home = temporaryFolder();
  const files = { a: { bytes: Buffer.from("a"), etag: '"a"' }, big: { bytes: BIG, etag: '"1"' } };
  let broken = true;
  await using stub = await serving(files, (seen) => {
    if (!broken || seen.query.path === "a") return undefined;
    return seen.headers.range ? 0 : 70_000;
  });
  await assert.rejects(download(stub.url, home.path, { concurrency: 1 }));
  assert.deepEqual(readdirSync(home.path).sort(), [".malachite-download", "a"]);
  broken = false;
  const before = stub.seen.length;
  const result = await download(stub.url, home.path);
  assert.equal(result.resumed, 1);
  assert.deepEqual(
    stub.seen
      .slice(before)
      .filter(content)
      .map((seen) => [seen.query.path, seen.headers.range]),
    [["big", "bytes=70000-"]],
  );
  assert.ok(readFileSync(join(home.path, "big")).equals(BIG));
  assert.deepEqual(readdirSync(home.path).sort(), ["a", "big"]);
});

test("a file that was changed here since the failed call is brought again", async () => {
  using home = temporaryFolder();
  let broken = true;
  const files = { a: { bytes: Buffer.from("aa"), etag: '"a"' }, b: { bytes: BIG, etag: '"b"' } };
  await using stub = await serving(files, (seen) => (broken && seen.query.path === "b" ? 0 : undefined));
  await assert.rejects(download(stub.url, home.path, { concurrency: 1 }));
  writeFileSync(join(home.path, "a"), "xx");
  broken = false;
  assert.equal((await download(stub.url, home.path)).resumed, 0);
  assert.equal(readFileSync(join(home.path, "a"), "utf8"), "aa");
});

test("no name leads out of the folder, and nothing is written for it", async () => {
  const bad = [
    "../evil",
    "/evil",
    "a/../../evil",
    "a//b",
    ".",
    "evil/",
    "a\0b",
    ".malachite-download/x",
    ".Malachite-Download",
  ];
  for (const path of bad) {
    using home = temporaryFolder();
    mkdirSync(join(home.path, "in"));
    await using stub = await serving({ [path]: { bytes: Buffer.from("evil") } });
    await assert.rejects(
      download(stub.url, join(home.path, "in")),
      { name: "UnsafePathError" },
      JSON.stringify(path),
    );
    assert.deepEqual(readdirSync(home.path), ["in"]);
    assert.deepEqual(readdirSync(join(home.path, "in")), [".malachite-download"]);
    assert.equal(stub.seen.filter(content).length, 0);
  }
});

test("links that lie in the way are not written through", async () => {
  using home = temporaryFolder();
  using outside = temporaryFolder();
  outside.write("target", "mine");
  symlinkSync(outside.path, join(home.path, "outputs"));
  await using through = await serving({ "outputs/x": { bytes: Buffer.from("evil") } });
  await assert.rejects(download(through.url, home.path), { name: "UnsafePathError" });
  assert.deepEqual(readdirSync(outside.path), ["target"]);

  symlinkSync(join(outside.path, "target"), join(home.path, "file"));
  await using onto = await serving({ file: { bytes: Buffer.from("new") } });
  await download(onto.url, home.path);
  assert.equal(readFileSync(join(outside.path, "target"), "utf8"), "mine");
  assert.ok(lstatSync(join(home.path, "file")).isFile());

  using trap = temporaryFolder();
  symlinkSync(outside.path, join(trap.path, ".malachite-download"));
  await assert.rejects(download(onto.url, trap.path), { name: "UnsafePathError" });
  assert.deepEqual(readdirSync(outside.path), ["target"]);
});

test("files replace files; a folder of the name, or a file where a folder must be, is told", async () => {
  using home = temporaryFolder();
  home.write("a", "old");
  home.write("folder/x");
  home.write("plain");
  await using good = await serving({ a: { bytes: Buffer.from("new") } });
  await download(good.url, home.path);
  assert.equal(readFileSync(join(home.path, "a"), "utf8"), "new");
  await using onFolder = await serving({ folder: { bytes: Buffer.from("x") } });
  await assert.rejects(download(onFolder.url, home.path), /there is a folder of that name/);
  await using underFile = await serving({ "plain/x": { bytes: Buffer.from("x") } });
  await assert.rejects(download(underFile.url, home.path), /is not a folder/);
  assert.ok(existsSync(join(home.path, "folder/x")));
});

test("two names that are one file on this disk are refused, and two that are not are both there", async () => {
  using home = temporaryFolder();
  const folding = await DownloadFolder.open(home.path, true);
  await folding.placeFor("outputs/Model", "1");
  await assert.rejects(folding.placeFor("outputs/model", "2"), /same name on this disk/);
  const exact = await DownloadFolder.open(home.path, false);
  await exact.placeFor("outputs/Model", "1");
  await exact.placeFor("outputs/model", "2");
});

test("aborting ends it and keeps what can be gone on with", async () => {
  using home = temporaryFolder();
  const controller = new AbortController();
  await using stub = await serving({ big: { bytes: BIG, etag: '"1"' } });
  const aborted = download(stub.url, home.path, {
    abortSignal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await assert.rejects(aborted, { name: "AbortError" });
  await download(stub.url, home.path);
  assert.ok(readFileSync(join(home.path, "big")).equals(BIG));
});
