// The scanner on real files and threads: files that grow, are rotated, cut and rewritten; expressions that never end; askers who leave.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isMalachiteError, type OpenFile, parseLogPlace, type ScannedLog } from "@malachite/core";
import { ENTRIES } from "../../entries.ts";
import { openFileOf } from "../../files/index.ts";
import { createLogScanner } from "./logScanner.ts";

const folder = mkdtempSync(join(tmpdir(), "malachite-logs-"));
const scanner = createLogScanner({ entry: ENTRIES.logs, stalledAfterMs: 1000 });
const signal = new AbortController().signal;
after(async () => {
  await scanner[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;
function newFile(content: string | Buffer): string {
  files += 1;
  const path = join(folder, `${files}.txt`);
  writeFileSync(path, content);
  return path;
}
const openLog = async (path: string): Promise<OpenFile> => openFileOf(await open(path, "r"));
/** As a file that is not of this machine: its bytes come through the service. */
const elsewhere = ({ descriptor: _, ...file }: OpenFile): OpenFile => file;
const LINES = { line: 1, count: 2000, clip: 4096 };
const SEARCH = { regex: false, ignoreCase: false, backward: false, limit: 10, count: false };
const code = (wanted: string) => (error: unknown) => isMalachiteError(error) && error.code === wanted;

describe("a log", () => {
  it("is told by its lines, whether its file is of this machine or not", async () => {
    await using file = await openLog(newFile("one\r\ntwo\n\nfour"));
    for (const log of [{ file }, { file: elsewhere(file) }]) {
      const { values, lines } = await scanner.lines(log, LINES, signal);
      assert.equal(lines, 4);
      assert.deepEqual(
        values.map(({ offset, sizeBytes, text }) => [offset, sizeBytes, text]),
        [
          [0, 3, "one"],
          [5, 3, "two"],
          [9, 0, ""],
          [10, 4, "four"],
        ],
      );
      const last = await scanner.lines(log, { ...LINES, line: -2, count: 1 }, signal);
      assert.deepEqual([last.first, last.values[0]?.offset], [3, 9]);
      const { first, values: none } = await scanner.lines(log, { ...LINES, line: 9 }, signal);
      assert.deepEqual([first, none], [9, []]);
    }
  });

  it("that is empty has no lines", async () => {
    await using file = await openLog(newFile(""));
    const { lines, ended, sizeBytes, marks } = await scanner.index({ file }, signal);
    assert.deepEqual([lines, ended, sizeBytes, marks], [0, true, 0, { lines: [1], offsets: [0] }]);
    const found = await scanner.search({ file }, { ...SEARCH, text: "a" }, signal);
    assert.deepEqual([found.matches, found.next], [[], undefined]);
    const { left, ...same } = await scanner.compare({ file }, { file }, { ignore: [], context: 5 }, signal);
    assert.deepEqual([same.same, same.line, same.before, left.values], [true, 1, [], []]);
  });

  it("goes on where it ended when it has grown, and is the same as one that was read in one go", async () => {
    const path = newFile("");
    await using file = await openLog(path);
    let since: ScannedLog["since"];
    for (let i = 0; i < 50; i += 1) {
      appendFileSync(path, `${"x".repeat(i * 997)}${i % 3 === 0 ? "" : "\n"}`);
      const index = await scanner.index({ file, since }, signal);
      since = parseLogPlace(index.place);
      const fresh = createLogScanner({ entry: ENTRIES.logs });
      if (i === 49) assert.deepEqual(index, await fresh.index({ file }, signal));
      await fresh[Symbol.asyncDispose]();
    }
  });

  it("is told to be another one when it was replaced, cut or rewritten, and only then", async () => {
    const path = newFile("the first log\n".repeat(100));
    await using file = await openLog(path);
    const since = parseLogPlace((await scanner.index({ file }, signal)).place);
    appendFileSync(path, "more\n");
    assert.equal((await scanner.index({ file, since }, signal)).lines, 101);
    writeFileSync(path, "the other log\n".repeat(100));
    await assert.rejects(scanner.index({ file, since }, signal), code("FileChanged"));
    assert.equal((await scanner.lines({ file }, LINES, signal)).values[0]?.text, "the other log");
    truncateSync(path, 14);
    await assert.rejects(scanner.lines({ file, since }, LINES, signal), code("FileChanged"));
    assert.equal((await scanner.index({ file }, signal)).lines, 1);
    renameSync(newFile("the first log\n".repeat(200)), path);
    await using other = await openLog(path);
    await assert.rejects(
      scanner.search({ file: other, since }, { ...SEARCH, text: "x" }, signal),
      code("FileChanged"),
    );
  });

  it("that is cut while it is read is read once more", async () => {
    const path = newFile("a line\n".repeat(1000));
    await using real = await openLog(path);
    let cuts = 1;
    const file: OpenFile = {
      ...elsewhere(real),
      async *read(from, to) {
        if (from === 0 && cuts > 0) {
          cuts -= 1;
          truncateSync(path, 70);
        }
        yield* real.read(from, to);
      },
    };
    const index = await scanner.index({ file }, signal);
    assert.deepEqual([index.lines, index.sizeBytes], [10, 70]);
  });

  it("has its last trouble told", async () => {
    const trouble = 'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: bad\n';
    await using file = await openLog(newFile(`${"fine\n".repeat(10_000)}${trouble}`));
    const { error } = await scanner.findError({ file }, signal);
    assert.deepEqual([error?.line, error?.message, error?.messageLine], [10_001, "ValueError: bad", 10_003]);
  });

  it("is compared with another one, with the lines around", async () => {
    const common = Array.from({ length: 5000 }, (_, i) => `line ${i + 1}\n`).join("");
    await using one = await openLog(newFile(`${common}left\nend\n`));
    await using other = await openLog(newFile(`${common}right\nend\n`));
    const found = await scanner.compare({ file: one }, { file: other }, { ignore: [], context: 2 }, signal);
    assert.equal(found.line, 5001);
    const texts = (lines: readonly { readonly text: string }[]) => lines.map(({ text }) => text);
    assert.deepEqual(texts(found.before), ["line 4999", "line 5000"]);
    assert.deepEqual(
      [texts(found.left.values), texts(found.right.values)],
      [
        ["left", "end"],
        ["right", "end"],
      ],
    );
    assert.deepEqual([found.left.offset, found.right.offset], [common.length, common.length]);
  });
});

describe("a search", () => {
  it("by an expression that would never end is refused, by the line, and the next one works", async () => {
    await using file = await openLog(newFile(`fine\n${"a".repeat(50)}!\n`));
    const hostile = { ...SEARCH, text: "^(a+)+$", regex: true };
    const refused = scanner.search({ file }, hostile, signal);
    await assert.rejects(refused, (error) => code("BadPattern")(error) && /line 2/.test(String(error)));
    const found = await scanner.search({ file }, { ...SEARCH, text: "a!" }, signal);
    assert.deepEqual(
      found.matches.map(({ line }) => line),
      [2],
    );
  });
  it("that nobody waits for ends, also in the middle of a line", async () => {
    await using file = await openLog(newFile(`${"a".repeat(50)}!\n`));
    const gone = new AbortController();
    const search = scanner.search({ file }, { ...SEARCH, text: "^(a+)+$", regex: true }, gone.signal);
    setTimeout(() => gone.abort(), 50);
    await assert.rejects(search, { name: "AbortError" });
    assert.equal((await scanner.search({ file }, { ...SEARCH, text: "!" }, signal)).count, 1);
  });
  it("by a broken expression is refused in words", async () => {
    await using file = await openLog(newFile("a\n"));
    await assert.rejects(
      scanner.search({ file }, { ...SEARCH, text: "(", regex: true }, signal),
      code("BadPattern"),
    );
  });
  it("waits for no other one to get its turn for lines", async () => {
    await using file = await openLog(newFile(`${"a".repeat(50)}!\n`));
    const slow = [1, 2, 3].map(() =>
      scanner.search({ file }, { ...SEARCH, text: "^(a+)+$", regex: true }, signal).catch((error) => error),
    );
    const first = await Promise.race([scanner.lines({ file }, LINES, signal), ...slow]);
    assert.ok("values" in first);
    await Promise.all(slow);
  });
});

it("what reading the file throws is what is told", async () => {
  await using real = await openLog(newFile("a\n".repeat(100_000)));
  const broken: OpenFile = {
    ...elsewhere(real),
    async *read(from) {
      if (from === 0) throw new Error("the disk is gone");
      yield* real.read(from, 200_000);
    },
  };
  await assert.rejects(scanner.index({ file: broken }, signal), /the disk is gone/);
  assert.equal((await scanner.index({ file: real }, signal)).lines, 100_000);
});
