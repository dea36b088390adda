// The folder of a run that a hostile program has filled: what is listed and read, and that all of it can be freed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import { type Bench, collect, readAll } from "./computeDriver.ts";

export function driverFiles(bench: Bench): void {
  const { signal } = bench;
  const { filesComeHome = false } = bench.options;
  // With nothing in it, and all of that comes home.
  const sparseBytes = filesComeHome ? 2 ** 20 : 100 * 2 ** 30;
  const python = bench.options.python ?? "/usr/bin/python3";
  const isMissing = (error: unknown): boolean => isMalachiteError(error) && error.code === "ArtifactNotFound";

  describe("files of a run", () => {
    it("are its regular files with their sizes, links never followed", async () => {
      const script = `
import os, socket
os.chdir('outputs')
os.makedirs('deep/er'); open('deep/er/a b.txt', 'w').write('hello'); open('naïve 😀.txt', 'w').write('x'); open('empty', 'w')
open('.hidden', 'w').write('1'); open('back\\\\slash', 'w').write('2')
os.symlink('/etc/passwd', 'passwd'); os.symlink('/etc', 'etc'); os.symlink('.', 'loop'); os.symlink('deep/er/a b.txt', 'inner')
os.mkfifo('fifo'); s = socket.socket(socket.AF_UNIX); s.bind('socket')
open(b'not-utf8-\\xff', 'w').write('3')
with open('sparse', 'wb') as f: f.truncate(${sparseBytes})`;
      const handle = await bench.launch("files", [python, "-c", script]);
      assert.equal((await bench.ended(handle)).code, 0);
      const folder = bench.driver.folder(handle);
      const files = await collect(folder.list("project/outputs"));
      const expected = new Map<string, number>([
        ["project/outputs/deep/er/a b.txt", 5],
        ["project/outputs/naïve 😀.txt", 1],
        ["project/outputs/empty", 0],
        ["project/outputs/.hidden", 1],
        ["project/outputs/back\\slash", 1],
        ["project/outputs/sparse", sparseBytes],
      ]);
      assert.deepEqual(new Map(files.map(({ path, sizeBytes }) => [path, sizeBytes])), expected);
      assert.equal((await readAll(folder, "project/outputs/deep/er/a b.txt")).toString(), "hello");
      for (const name of ["passwd", "etc/passwd", "loop/empty", "inner", "fifo", "socket", "deep", "etc"]) {
        assert.equal(await folder.size(`project/outputs/${name}`), undefined, name);
        await assert.rejects(readAll(folder, `project/outputs/${name}`), isMissing, name);
        assert.equal(folder.localPath?.(`project/outputs/${name}`), undefined, name);
        assert.deepEqual(
          (await collect(folder.list(`project/outputs/${name}/`))).map(({ path }) => path),
          name === "deep" ? ["project/outputs/deep/er/a b.txt"] : [],
          name,
        );
      }
      await bench.driver.release(handle, signal);
    });

    it("are reached by no path that leads elsewhere", async () => {
      const handle = await bench.launch("paths", bench.payloads.exit(0));
      await bench.ended(handle);
      const folder = bench.driver.folder(handle);
      const paths = [
        "../../etc/passwd",
        "project/../../x",
        "/etc/passwd",
        "",
        ".",
        "..",
        "project//x",
        "a\0b",
        "project/.",
      ];
      for (const path of [...paths, "x/".repeat(3000), "y".repeat(300)]) {
        assert.equal(await folder.size(path), undefined, path);
        await assert.rejects(readAll(folder, path), isMissing, path);
        if (path !== "" && path !== "x/".repeat(3000)) {
          assert.deepEqual(await collect(folder.list(path)), [], path);
        }
        assert.equal(folder.localPath?.(path), undefined, path);
      }
    });

    it("are not exchanged for others while they are looked for", {
      skip: filesComeHome && "the run cannot write to what is looked at",
    }, async () => {
      // The program keeps swapping a folder for a link to outside; whatever is read must be its own.
      const script = `
import os
os.mkdir('outputs/dir'); open('outputs/dir/passwd', 'w').write('own')
os.symlink('/etc', 'outputs/link'); print('ready', flush=True)
while True:
    for a, b in (('dir', 'keep'), ('link', 'dir'), ('dir', 'link'), ('keep', 'dir')): os.rename('outputs/' + a, 'outputs/' + b)`;
      const handle = await bench.launch("swap", [python, "-c", script]);
      await bench.logWith(handle, "ready");
      const folder = bench.driver.folder(handle);
      let own = 0;
      const deadline = performance.now() + 1000;
      while (performance.now() < deadline) {
        const text = await readAll(folder, "project/outputs/dir/passwd").catch((error) => {
          if (!isMissing(error)) throw error;
          return undefined;
        });
        if (text !== undefined) assert.equal(text.toString(), "own");
        if (text !== undefined) own++;
        for await (const { path } of folder.list("project/outputs"))
          assert.match(path, /^project\/outputs\/\w+\/passwd$/);
      }
      assert.ok(own > 0);
      await bench.driver.stop(handle, 0, signal);
    });

    it("do not disturb the exit record when the program puts something else in its place", async () => {
      const script =
        "cd ..; rm -rf exit.json; mkdir exit.json; ln -s /etc/passwd pids2; mv pids2 pids; echo '{\"code\":0' >exit.json/x";
      const handle = await bench.launch("forge", ["sh", "-c", `${script}; rm -rf exit.json; exit 9`]);
      assert.equal((await bench.ended(handle)).code, 9);
    });
  });

  describe("release frees whatever lies there", () => {
    const cases: Record<string, string> = {
      "read-only folders":
        "mkdir -p a/b/c; touch a/x a/b/y a/b/c/z; chmod 000 a/b/c; chmod 500 a/b a; chmod 500 . ..",
      "names that are no text": `${python} -c "import os
for i in range(1, 256):
    if i != 47: os.makedirs(b'outputs/d' + bytes([i]) + b'/' + bytes([255, i])); open(b'outputs/f' + bytes([i]), 'w')"`,
      "a very deep tree": `${python} -c "import os
for i in range(1000): os.mkdir('0123456789'); os.chdir('0123456789'); open('f', 'w')"`,
      "many files": `${python} -c "import os
for i in range(5000): os.close(os.open('outputs/%d' % i, os.O_CREAT))"`,
      "links to outside": "ln -s /etc outputs/etc; ln -s / root; ln -s . loop",
      "nothing at all": 'rm -rf "$(dirname "$PWD")"',
    };
    for (const [what, script] of Object.entries(cases)) {
      it(what, async () => {
        const handle = await bench.launch("litter", ["sh", "-c", `${script}\necho done >&2`]);
        await bench.until("the end", async () => ["ended", "gone"].includes((await bench.sight(handle)).at));
        await bench.driver.release(handle, signal);
        assert.equal(await bench.driver.find(bench.subject.target, handle.key, signal), undefined);
        assert.deepEqual(await collect(bench.driver.folder(handle).list("")), []);
      });
    }
  });
}
