import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { isMalachiteError, type LaunchPlan } from "@malachite/core";
import { syncedIn } from "../../../../conformance/syncedIn.ts";
import { listingPath, makeParcel, openParcel, type ParcelSources } from "./parcel.ts";

const never = new AbortController().signal;
const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("a parcel", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "malachite-parcel-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const sourcesOf = (project: Readonly<Record<string, string>>): ParcelSources => ({
    placer: {
      placeFiles: async (_files, into) => {
        mkdirSync(join(into, "outputs"), { recursive: true });
        writeFileSync(join(into, "outputs/kept.txt"), "of an earlier attempt");
      },
    },
    snapshots: {
      async *files() {
        for (const [path, text] of Object.entries(project))
          yield { path, sizeBytes: Buffer.byteLength(text), sha256: hash(text) };
      },
      async *read({ path }, from = 0, to = Number.POSITIVE_INFINITY) {
        yield Buffer.from(project[path.replace("project/", "")] ?? "").subarray(from, to);
      },
    },
  });
  const plan = (more: Partial<LaunchPlan> = {}): LaunchPlan => ({
    key: "run-1-abc" as LaunchPlan["key"],
    target: { name: "t", kind: "far", pool: "p", options: {} },
    tree: "tree",
    argv: ["\0python\0", "../start.py", "train.py"],
    environment: { VALUE: "in \0folder\0" },
    folders: ["outputs", "logs"],
    nodes: 1,
    away: { recipe: { interpreter: "python" }, home: ["user_logs"], folders: [] },
    ...more,
  });
  type Line = { path: string; bytes: number; sha256?: string; end?: true };
  const lines = (): Line[] =>
    readFileSync(listingPath(folder), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
  const bytes = async (sources: ParcelSources, from: number, to: number): Promise<string> => {
    const parts: Uint8Array[] = [];
    for await (const part of (await openParcel(folder, sources))?.read(from, to) ?? []) parts.push(part);
    return Buffer.concat(parts).toString("utf8");
  };

  it("is durable with its own files before its listing has the name that says that it is whole", async () => {
    const launch = {
      plan: plan({
        restored: {
          scope: { subscriptionId: "s", resourceGroup: "r", workspace: "w" },
          container: "c",
          folder: "outputs",
        },
      }),
      secrets: {},
    };
    const synced = await syncedIn(
      folder,
      () => makeParcel(folder, launch, sourcesOf({}), never),
      () => existsSync(listingPath(folder)),
    );
    const own = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
      statSync(join(folder, path)).isFile(),
    );
    assert.ok(own.includes("own/files/job.json") && own.includes("own/restored/outputs/kept.txt"));
    const before = synced.filter(({ saw }) => !saw).map(({ path }) => path.replace(/\.new$/, ""));
    for (const path of [...own, "own/files", "own/restored/outputs"])
      assert.ok(before.includes(path), `${path} among ${before}`);
    assert.deepEqual(synced.at(-1), { path: "", saw: true });
  });

  it("holds what the run is made of, each content where its listing says, in any range", async () => {
    const project = Object.fromEntries(
      Array.from({ length: 1500 }, (_, i) => [`d/${i} \u2028ü.txt`, `content ${i}\n`.repeat(i % 5)]),
    );
    const data = join(folder, "data");
    mkdirSync(join(data, "in"), { recursive: true });
    writeFileSync(join(data, "in/a.csv"), "1,2");
    const sources = sourcesOf(project);
    await makeParcel(
      folder,
      {
        plan: plan({
          restored: {
            scope: { subscriptionId: "s", resourceGroup: "r", workspace: "w" },
            container: "c",
            folder: "outputs",
          },
          mounts: [{ source: data, at: "data", readOnly: true }],
        }),
        secrets: { TOKEN: "secret" },
      },
      sources,
      never,
    );
    const all = lines();
    const end = all.pop();
    const total = all.reduce((sum, one) => sum + one.bytes, 0);
    assert.deepEqual(end, { end: true, files: all.length, bytes: total });
    assert.equal((await openParcel(folder, sources))?.sizeBytes, total);
    const whole = await bytes(sources, 0, total);
    let offset = 0;
    const found = new Map<string, string>();
    for (const { path, bytes: length } of all) {
      found.set(
        path,
        Buffer.from(whole)
          .subarray(offset, offset + length)
          .toString("utf8"),
      );
      offset += length;
    }
    for (const [path, text] of Object.entries(project))
      assert.equal(found.get(`project/${path}`), text, path);
    assert.equal(found.get("project/outputs/kept.txt"), "of an earlier attempt");
    assert.equal(found.get(".data/0/in/a.csv"), "1,2");
    assert.ok(found.has("start.sh") && found.has("start.py"));
    assert.ok(!whole.includes("secret"));
    for (const [from, to] of [
      [0, 1],
      [total - 1, total],
      [offset >> 1, (offset >> 1) + 1000],
      [12_345, 12_345],
    ] as const)
      assert.equal(await bytes(sources, from, to), Buffer.from(whole).subarray(from, to).toString("utf8"));
  });

  it("is made once, and does not change", async () => {
    await makeParcel(folder, { plan: plan(), secrets: {} }, sourcesOf({ "train.py": "a" }), never);
    const before = readFileSync(listingPath(folder));
    await makeParcel(folder, { plan: plan(), secrets: {} }, sourcesOf({ "train.py": "other" }), never);
    assert.deepEqual(readFileSync(listingPath(folder)), before);
  });

  it("is made whole by the next try, wherever the one before was cut off", async () => {
    const project = { "a.py": "a", "b.py": "b", "c.py": "c" };
    const whole = sourcesOf(project);
    const restored = {
      scope: { subscriptionId: "s", resourceGroup: "r", workspace: "w" },
      ...{ container: "c", folder: "outputs" },
    };
    const launch = { plan: plan({ restored }), secrets: {} };
    for (let reads = 0; reads < 4; reads += 1) {
      rmSync(folder, { recursive: true, force: true });
      // What a kill leaves: files that are half written, half a listing beside the place where the whole one is to be.
      mkdirSync(join(folder, "own/files"), { recursive: true });
      mkdirSync(join(folder, "own/restored/outputs"), { recursive: true });
      writeFileSync(join(folder, "own/files/job.json"), '{"half');
      writeFileSync(join(folder, "own/restored/outputs/kept.txt"), "of an");
      writeFileSync(`${listingPath(folder)}.new`, "x".repeat(5000));
      const cut: ParcelSources = {
        ...whole,
        snapshots: {
          ...whole.snapshots,
          async *files(tree) {
            let left = reads;
            for await (const file of whole.snapshots.files(tree)) {
              if (left === 0) throw new Error("cut off");
              left -= 1;
              yield file;
            }
            throw new Error("cut off");
          },
        },
      };
      await assert.rejects(makeParcel(folder, launch, cut, never), /cut off/);
      assert.equal(await openParcel(folder, whole), undefined);
      await makeParcel(folder, launch, whole, never);
      const end = lines().at(-1);
      assert.deepEqual(
        lines()
          .map(({ path }) => path)
          .filter((path) => path?.startsWith("project/")),
        ["project/a.py", "project/b.py", "project/c.py", "project/outputs/kept.txt"],
      );
      const all = await bytes(whole, 0, end?.bytes ?? 0);
      assert.match(all, /abcof an earlier attempt$/);
      assert.ok(!all.includes('{"half'));
    }
  });

  it("is made anew over a listing without its end, as a machine leaves it that lost its power", async () => {
    const sources = sourcesOf({ "train.py": "a" });
    await makeParcel(folder, { plan: plan(), secrets: {} }, sources, never);
    const whole = readFileSync(listingPath(folder));
    for (const length of [0, 10, whole.length - 5]) {
      writeFileSync(listingPath(folder), Buffer.concat([whole.subarray(0, length), Buffer.alloc(5)]));
      await makeParcel(folder, { plan: plan(), secrets: {} }, sources, never);
      assert.equal(lines().at(-1)?.end, true);
      assert.equal((await openParcel(folder, sources))?.sizeBytes, lines().at(-1)?.bytes);
    }
  });

  it("of a key that was forgotten and made again is told as it is now", async () => {
    const size = async (text: string): Promise<number | undefined> => {
      const sources = sourcesOf({ "train.py": text });
      await makeParcel(folder, { plan: plan(), secrets: {} }, sources, never);
      return (await openParcel(folder, sources))?.sizeBytes;
    };
    const before = (await size("a")) ?? 0;
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    assert.equal(await size("a".repeat(101)), before + 100);
  });

  it("has no NUL in its job, and marks that nobody can guess", async () => {
    await makeParcel(folder, { plan: plan(), secrets: {} }, sourcesOf({}), never);
    const job = JSON.parse(readFileSync(join(folder, "own/files/job.json"), "utf8")) as {
      marks: Record<string, string>;
      argv: string[];
      environment: Record<string, string>;
    };
    assert.equal(job.argv[0], job.marks.python);
    assert.equal(job.environment.VALUE, `in ${job.marks.folder}`);
    assert.match(job.marks.folder ?? "", /^<folder [0-9a-f]{24}>$/);
  });

  it("says so when a content is not whole any more", async () => {
    const sources = sourcesOf({ "train.py": "whole" });
    await makeParcel(folder, { plan: plan(), secrets: {} }, sources, never);
    const damaged: ParcelSources = { ...sources, snapshots: { ...sources.snapshots, async *read() {} } };
    const total = lines().at(-1)?.bytes ?? 0;
    await assert.rejects(
      bytes(damaged, 0, total),
      (error) => isMalachiteError(error) && error.code === "StorageFailed",
    );
  });
});
