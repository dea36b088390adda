// What every artifact store must do, as a suite over a factory. Belongs to the port, knows no adapter.
import assert from "node:assert/strict";
import { access, link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { type ArtifactStore, isMalachiteError, type Scope } from "@malachite/core";
import fc from "fast-check";

const scope: Scope = {
  subscriptionId: "11111111-1111-4111-8111-111111111111",
  resourceGroup: "rg",
  workspace: "ws",
};

async function* streamOf(...pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece as string);
}

async function* brokenStream(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("first piece");
  throw new Error("the sender went away");
}

/** `open` makes a store in the folder it is given; two stores of one folder see the same files. `lists`: how many random ones are tried. */
export function artifactStoreConformance(
  name: string,
  open: (folder: string) => Promise<ArtifactStore>,
  { lists = 25 }: { readonly lists?: number } = {},
): void {
  describe(`${name}: artifact store`, () => {
    let home: string;
    let store: ArtifactStore;
    let container: string;
    let numbers = 0;

    before(async () => {
      home = await mkdtemp(join(tmpdir(), "malachite-artifacts-"));
      store = await open(join(home, "data"));
    });
    after(() => rm(home, { recursive: true }));
    beforeEach(() => {
      container = `dcid.Exp_${numbers++}`;
    });

    const put = (path: string, text: string | Uint8Array, overwrite = false) =>
      store.put(scope, container, path, { stream: streamOf(text) }, { overwrite });
    const text = async (path: string, from?: number, to?: number) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of store.read(scope, container, path, from, to)) pieces.push(piece);
      return Buffer.concat(pieces).toString();
    };
    const paths = async (ask: { prefix?: string; after?: string; limit?: number } = {}) =>
      (await store.list(scope, container, { limit: 1_000, ...ask })).values.map((v) => v.path);
    const refused = async (work: Promise<unknown>, code: string, says = /./) => {
      const error = await work.then(
        () => assert.fail(`Not refused with ${code}.`),
        (e: unknown) => e,
      );
      assert.ok(isMalachiteError(error), String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, says);
    };

    test("what is put is there, with its size and a tag that changes with it", async () => {
      const at = Date.now();
      const info = await put("logs/azureml/a.txt", "hello");
      assert.equal(info.container, container);
      assert.equal(info.path, "logs/azureml/a.txt");
      assert.equal(info.sizeBytes, 5);
      assert.ok(info.createdAt >= at - 5_000 && info.createdAt <= Date.now() + 5_000);
      assert.deepEqual(await store.get(scope, container, "logs/azureml/a.txt"), info);
      assert.equal(await text("logs/azureml/a.txt"), "hello");
      assert.equal(await text("logs/azureml/a.txt"), "hello");
      assert.equal((await store.get(scope, container, "logs/azureml/a.txt"))?.etag, info.etag);
      const replaced = await put("logs/azureml/a.txt", "olleh", true);
      assert.notEqual(replaced.etag, info.etag);
      assert.equal(await text("logs/azureml/a.txt"), "olleh");
      assert.equal((await put("empty", "")).sizeBytes, 0);
      assert.equal(await text("empty"), "");
    });

    test("a range is given, also at and beyond the end", async () => {
      await put("f", "0123456789");
      assert.equal(await text("f", 3), "3456789");
      assert.equal(await text("f", 3, 5), "34");
      assert.equal(await text("f", 0, 100), "0123456789");
      assert.equal(await text("f", 10), "");
      assert.equal(await text("f", 50), "");
      assert.equal(await text("f", 5, 5), "");
      const large = Buffer.alloc(1_000_000, "abcdefg");
      await put("large", large);
      assert.equal(await text("large", 262_140, 600_001), large.toString("latin1", 262_140, 600_001));
    });

    test("an existing file is only replaced when that is asked for", async () => {
      await put("f", "first");
      await refused(put("f", "second"), "ArtifactExists", /"f"/);
      assert.equal(await text("f"), "first");
    });

    test("of many puts at once without overwriting, one wins", async () => {
      const results = await Promise.allSettled(
        Array.from({ length: 12 }, (_, i) => put("race", `writer ${i}`)),
      );
      const won = results.flatMap((r, i) => (r.status === "fulfilled" ? [i] : []));
      assert.equal(won.length, 1);
      assert.equal(await text("race"), `writer ${won[0]}`);
      for (const result of results) {
        if (result.status === "rejected") assert.equal(result.reason.code, "ArtifactExists");
      }
    });

    test("of many puts at once with overwriting, one is whole", async () => {
      await Promise.all(
        Array.from({ length: 12 }, (_, i) => put("race", `writer ${i}`.repeat(10_000), true)),
      );
      assert.match(await text("race"), /^(writer \d+)\1{9999}$/);
    });

    test("a stream that breaks leaves nothing, and what was there stays", async () => {
      const broken = { stream: brokenStream() };
      await assert.rejects(store.put(scope, container, "new", broken, { overwrite: false }), /went away/);
      assert.equal(await store.get(scope, container, "new"), undefined);
      assert.deepEqual(await paths(), []);
      await put("old", "old text");
      await assert.rejects(
        store.put(scope, container, "old", { stream: brokenStream() }, { overwrite: true }),
        /went away/,
      );
      await assert.rejects(store.append(scope, container, "old", brokenStream()), /went away/);
      assert.equal(await text("old"), "old text");
    });

    test("a file is not seen before it is whole", async () => {
      const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      async function* slow(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(600_000);
        begin();
        await gate;
        yield Buffer.from("end");
      }
      const putting = store.put(scope, container, "slow", { stream: slow() }, { overwrite: false });
      await begun;
      assert.equal(await store.get(scope, container, "slow"), undefined);
      assert.deepEqual(await paths(), []);
      openGate();
      assert.equal((await putting).sizeBytes, 600_003);
      assert.deepEqual(await paths(), ["slow"]);
    });

    test("appending adds at the end and makes what is missing", async () => {
      const first = await store.append(scope, container, "logs/live.txt", streamOf("one "));
      const second = await store.append(scope, container, "logs/live.txt", streamOf("two ", "three"));
      assert.equal(second.sizeBytes, 13);
      assert.notEqual(second.etag, first.etag);
      assert.equal(await text("logs/live.txt"), "one two three");
      assert.equal((await store.append(scope, container, "logs/live.txt", streamOf())).sizeBytes, 13);
      assert.equal(await text("logs/live.txt", 4), "two three");
    });

    test("pieces appended at once are all there, each in one piece", async () => {
      const pieces = Array.from({ length: 20 }, (_, i) => `<${String(i).repeat(5_000)}>`);
      await Promise.all(pieces.map((piece) => store.append(scope, container, "log", streamOf(piece))));
      const found = (await text("log")).match(/<[^>]*>/g) ?? [];
      assert.deepEqual(found.sort(), pieces.sort());
    });

    test("paths that lead out are refused by every call", async () => {
      for (const path of [
        "../f",
        "/etc/passwd",
        "a/../../f",
        "a\\b",
        "a\0b",
        "",
        "a//b",
        "a/",
        "C:/f",
        ".",
      ]) {
        await refused(put(path, "x"), "BadPath");
        await refused(store.append(scope, container, path, streamOf("x")), "BadPath");
        await refused(store.get(scope, container, path), "BadPath");
        await refused(text(path), "BadPath");
        await refused(store.remove(scope, container, path), "BadPath");
      }
      assert.deepEqual(await paths(), []);
    });

    test("containers are apart, whatever their names are", async () => {
      const odd = [
        "..",
        ".",
        "../x",
        "a/b",
        "a",
        "A",
        "dcid.run",
        "dcid.Run",
        "unfinished",
        "~",
        "",
        "x".repeat(300),
        "日本",
        "a\0",
      ];
      for (const [i, one] of odd.entries()) {
        await store.put(scope, one, "f", { stream: streamOf(`${i}`) }, { overwrite: false });
      }
      for (const [i, one] of odd.entries()) {
        const pieces: Uint8Array[] = [];
        for await (const piece of store.read(scope, one, "f")) pieces.push(piece);
        assert.equal(Buffer.concat(pieces).toString(), `${i}`, one);
        assert.equal((await store.list(scope, one, { limit: 10 })).values.length, 1);
        assert.equal(await store.get({ ...scope, workspace: "another" }, one, "f"), undefined);
        await store.remove(scope, one, "f");
      }
    });

    test("a file and a folder of one name are refused precisely", async () => {
      await put("a", "file");
      await refused(put("a/b", "x"), "BadPath", /"a\/b" cannot be kept: a part of its path is a file/);
      await refused(store.append(scope, container, "a/b/c", streamOf("x")), "BadPath", /is a file/);
      assert.equal(await store.get(scope, container, "a/b"), undefined);
      await refused(text("a/b"), "ArtifactNotFound");
      await put("d/e", "x");
      await refused(put("d", "x", true), "BadPath", /"d" cannot be a file: there are files in a folder/);
      await refused(store.append(scope, container, "d", streamOf("x")), "BadPath");
      assert.equal(await store.get(scope, container, "d"), undefined);
      await store.remove(scope, container, "d");
      assert.deepEqual(await paths(), ["a", "d/e"]);
      await store.remove(scope, container, "d/e");
      await put("d", "now a file");
      assert.equal(await text("d"), "now a file");
    });

    test("what is removed is gone, and removing it again is fine", async () => {
      await put("a/b/c", "x");
      await store.remove(scope, container, "a/b/c");
      await store.remove(scope, container, "a/b/c");
      await store.remove(scope, container, "never/was");
      assert.equal(await store.get(scope, container, "a/b/c"), undefined);
      await refused(text("a/b/c"), "ArtifactNotFound", /"a\/b\/c"/);
      assert.deepEqual(await paths(), []);
    });

    test("putting and removing in one folder at once loses nothing", async () => {
      await Promise.all(
        Array.from({ length: 30 }, async (_, i) => {
          await put(`deep/er/temporary${i}`, "x");
          await Promise.all([
            store.remove(scope, container, `deep/er/temporary${i}`),
            put(`deep/er/kept${i}`, `${i}`),
          ]);
        }),
      );
      assert.equal((await paths()).length, 30);
    });

    test("lists are in order of path, page by page, by prefix", async () => {
      const name = fc.constantFrom("a", "b", "a-b", "a.txt", "B", "é", "日本", "x y", "a0", "😀", "\uffee");
      const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((s) => s.join("/"));
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(path, { maxLength: 14 }),
          fc.integer({ min: 1, max: 5 }),
          path,
          async (all, limit, some) => {
            container = `list${numbers++}`;
            const kept = all.filter((p) => !all.some((q) => q.startsWith(`${p}/`)));
            for (const one of kept) await put(one, one);
            kept.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
            const found: string[] = [];
            for (let more = true, after: string | undefined; more; after = found.at(-1)) {
              const page = await store.list(scope, container, {
                limit,
                ...(after === undefined ? {} : { after }),
              });
              assert.ok(page.values.length <= limit);
              found.push(...page.values.map((v) => v.path));
              more = page.more;
            }
            assert.deepEqual(found, kept);
            for (const prefix of [some, some.slice(0, 1), `${some.slice(0, 1)}/`, ""]) {
              const under = kept.filter((p) => p.startsWith(prefix));
              assert.deepEqual(await paths({ prefix }), under);
              assert.deepEqual(
                await paths({ prefix, after: some }),
                under.filter((p) => p > some),
              );
            }
          },
        ),
        { numRuns: lists },
      );
    });

    test("a container that never was is empty", async () => {
      assert.deepEqual(await store.list(scope, "never", { limit: 5 }), { values: [], more: false });
      assert.deepEqual(await store.list(scope, "never", { prefix: "../../", limit: 5 }), {
        values: [],
        more: false,
      });
    });

    test("a file of this machine is taken, with its bytes and no other rights", async () => {
      const source = join(home, `source-${numbers}`);
      await writeFile(source, "from a run", { mode: 0o4600 });
      const info = await store.put(
        scope,
        container,
        "outputs/model.bin",
        { takeFile: source },
        { overwrite: false },
      );
      assert.equal(info.sizeBytes, 10);
      assert.equal(await text("outputs/model.bin"), "from a run");
      await writeFile(source, "another");
      await refused(
        store.put(scope, container, "outputs/model.bin", { takeFile: source }, { overwrite: false }),
        "ArtifactExists",
      );
      await access(source);
    });

    test("a file with a second name is copied, so that what happens to the other name does not reach it", async () => {
      const source = join(home, `linked-${numbers}`);
      await writeFile(source, "original");
      await link(source, `${source}-2`);
      await store.put(scope, container, "f", { takeFile: source }, { overwrite: false });
      await writeFile(`${source}-2`, "changed!");
      await writeFile(source, "changed!");
      assert.equal(await text("f"), "original");
    });

    test("what is no regular file is not taken", async () => {
      const folder = join(home, `odd-${numbers}`);
      await mkdir(folder);
      await symlink("/etc/passwd", join(folder, "link"));
      for (const odd of ["link", "missing", "."]) {
        const put = store.put(scope, container, "f", { takeFile: join(folder, odd) }, { overwrite: false });
        await refused(put, "ArtifactNotFound");
      }
      assert.deepEqual(await paths(), []);
    });

    test("a store opened later sees what was kept", async () => {
      await put("a/b", "kept");
      store = await open(join(home, "data"));
      assert.equal(await text("a/b"), "kept");
    });
  });
}
