import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import { syncedIn } from "../../../../conformance/syncedIn.ts";
import { createMirror } from "./mirror.ts";

type Head = {
  readonly path: string;
  readonly from?: number;
  readonly anew?: boolean;
  readonly gone?: boolean;
};

describe("the folder of a run at home", () => {
  let root = "";
  const mirror = createMirror();
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "malachite-mirror-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const piece = (head: Head, text = ""): Buffer =>
    Buffer.from(`${JSON.stringify({ ...head, bytes: Buffer.byteLength(text) })}\n${text}`);
  const take = (...pieces: Buffer[]) =>
    mirror.take(
      root,
      (async function* () {
        yield* pieces;
      })(),
    );
  const read = (path: string): string => readFileSync(join(root, path), "utf8");
  const refused = (code: string) => (error: unknown) => isMalachiteError(error) && error.code === code;

  it("grows files where they end, and tells where that is when a piece does not fit", async () => {
    const path = "user_logs/std_log.txt";
    assert.deepEqual(await take(piece({ path }, "one "), piece({ path, from: 4 }, "two")), [
      { path, sizeBytes: 4, taken: true },
      { path, sizeBytes: 7, taken: true },
    ]);
    assert.deepEqual(await take(piece({ path, from: 4 }, "two")), [{ path, sizeBytes: 7, taken: false }]);
    assert.deepEqual(await take(piece({ path, from: 9 }, "x")), [{ path, sizeBytes: 7, taken: false }]);
    assert.equal(read(path), "one two");
  });

  it("gives the claim to one start of a job, as often as that asks, and to none once the launch was given up", async () => {
    const claim = (name: string) => take(piece({ path: "claim", anew: true }, name));
    const taken = await Promise.all(["5.0", "6.0", "5.0", "7.0"].map(claim));
    const winner = read("claim");
    for (const [index, name] of ["5.0", "6.0", "5.0", "7.0"].entries())
      assert.equal(taken[index]?.[0]?.taken, name === winner, name);
    assert.equal((await claim(winner))[0]?.taken, true);
    rmSync(join(root, "claim"));
    symlinkSync("given-up", join(root, "claim"));
    assert.equal((await claim("8.0"))[0]?.taken, false);
    assert.deepEqual(readdirSync(join(root, ".incoming")), []);
  });

  it("is durable before the exit record is there, after which the run's files are thrown away over there", async () => {
    await take(piece({ path: "user_logs/std_log.txt" }, "a line"), piece({ path: "project/outputs/x" }, "x"));
    const synced = await syncedIn(
      root,
      () => take(piece({ path: "exit.json", anew: true }, "{}")),
      () => existsSync(join(root, "exit.json")),
    );
    const before = synced.filter(({ saw }) => !saw).map(({ path }) => path);
    for (const path of [
      "user_logs/std_log.txt",
      "user_logs",
      "project/outputs/x",
      "project/outputs",
      "project",
    ])
      assert.ok(before.includes(path), `${path} among ${before}`);
    assert.ok(
      before.some((path) => path.startsWith(".incoming/")),
      "the record itself",
    );
    assert.deepEqual(synced.at(-1), { path: "", saw: true });
  });

  it("keeps what has come of a piece that is cut", async () => {
    const path = "user_logs/std_log.txt";
    const whole = piece({ path }, "abcdef");
    await assert.rejects(take(whole.subarray(0, whole.length - 2)), refused("InvalidRequest"));
    assert.equal(read(path), "abcd");
    assert.deepEqual(await take(piece({ path, from: 4 }, "ef")), [{ path, sizeBytes: 6, taken: true }]);
  });

  it("puts a file that begins anew in the place of the other one, whole or not at all", async () => {
    const path = "project/outputs/a b/ü\n.txt";
    await take(piece({ path }, "the first"));
    const again = piece({ path, anew: true }, "second");
    await assert.rejects(take(again.subarray(0, again.length - 1)));
    assert.equal(read(path), "the first");
    await take(again);
    assert.equal(read(path), "second");
    await take(piece({ path, gone: true }));
    await take(piece({ path, gone: true }));
    assert.ok(!existsSync(join(root, path)));
  });

  it("takes of two who send the same at the same time each byte once", async () => {
    const path = "project/logs/l";
    const data = "0123456789".repeat(1000);
    const slowly = async function* () {
      const bytes = piece({ path }, data);
      for (let at = 0; at < bytes.length; at += 500) {
        yield bytes.subarray(at, at + 500);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all([mirror.take(root, slowly()), mirror.take(root, slowly())]);
    assert.ok(data.startsWith(read(path)));
    await take(piece({ path, from: read(path).length }, data.slice(read(path).length)));
    assert.equal(read(path), data);
  });

  it("lets a file become a folder, and a folder a file", async () => {
    await take(piece({ path: "project/outputs/x" }, "file"), piece({ path: "project/outputs/x/y" }, "below"));
    assert.equal(read("project/outputs/x/y"), "below");
    await take(piece({ path: "project/outputs/x" }, "file"));
    assert.equal(read("project/outputs/x"), "file");
    await take(piece({ path: "project/outputs/x/y" }, "below"));
    await take(piece({ path: "project/outputs/x", anew: true }, "file"));
    assert.equal(read("project/outputs/x"), "file");
  });

  it("takes nothing after the exit record but that again", async () => {
    const exit = piece({ path: "exit.json", anew: true }, '{"code":0}');
    await take(exit);
    assert.deepEqual(await take(exit), [{ path: "exit.json", sizeBytes: 10, taken: true }]);
    await assert.rejects(take(piece({ path: "user_logs/x" }, "late")), refused("LaunchEnded"));
    assert.ok(!existsSync(join(root, "user_logs/x")));
  });

  it("takes no path that leads elsewhere, and nothing that is not the run's to write", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "malachite-elsewhere-"));
    for (const path of [
      "",
      "/etc/passwd",
      "..",
      "project/../../x",
      "project//x",
      "project/./x",
      "project/\0",
      "launch.json",
      ".incoming/x",
      ".held/x",
      "nodes/1/project/x",
      `project/${"d/".repeat(300)}x`,
      `project/${"x".repeat(5000)}`,
    ])
      await assert.rejects(take(piece({ path }, "x")), refused("BadPath"), path);
    // Nobody but the service writes there; a link is not followed all the same.
    mkdirSync(join(root, "project"));
    symlinkSync(elsewhere, join(root, "project/link"));
    writeFileSync(join(elsewhere, "kept"), "kept");
    await take(piece({ path: "project/link/kept" }, "mine"));
    assert.equal(readFileSync(join(elsewhere, "kept"), "utf8"), "kept");
    symlinkSync(join(elsewhere, "kept"), join(root, "project/file"));
    await take(piece({ path: "project/file" }, "mine"));
    assert.equal(readFileSync(join(elsewhere, "kept"), "utf8"), "kept");
    rmSync(elsewhere, { recursive: true });
  });

  it("lists what is at home, to the last line", async () => {
    await take(piece({ path: "user_logs/a" }, "12"), piece({ path: "pids", anew: true }, "{}"));
    writeFileSync(join(root, "launch.json"), "{}");
    let text = "";
    for await (const part of mirror.files(root)) text += Buffer.from(part).toString("utf8");
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    assert.deepEqual(lines, [
      { path: "pids", sizeBytes: 2 },
      { path: "user_logs/a", sizeBytes: 2 },
      { end: true },
    ]);
  });
});
