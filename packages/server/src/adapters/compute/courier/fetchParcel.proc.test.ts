// How a machine gets its parcel: killed after any step, over what is half there or damaged, it is whole in the end, or says what is not.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
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
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const FILES = fileURLToPath(new URL("./files/", import.meta.url));
const run = promisify(execFile);
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Fetches with a service that gives what lies in two files, in blocks. Each block, and each step that changes the disk for good, is counted
 * and may be the last: the process is killed there. What came of it is its last line.
 */
const FETCH = `
import json, os, shutil, signal, sys
from malachite_courier import cache, parcel
from malachite_courier.folder import Folder, Wrong
place, served, last, block = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
steps, asked = 0, []
def step():
    global steps
    steps += 1
    if steps == last: os.kill(os.getpid(), signal.SIGKILL)
def counted(call):
    def does(*given, **more):
        step(); answer = call(*given, **more); step()
        return answer
    return does
os.replace, os.unlink, shutil.copyfile = counted(os.replace), counted(os.unlink), counted(shutil.copyfile)
class Link:
    def give(self, name, start, end, sink):
        with open(os.path.join(served, name), "rb") as file:
            file.seek(start)
            left = end - start
            while left > 0:
                data = file.read(min(block, left))
                if not data: break
                left -= len(data); sink.write(data); step()
    def listing(self, start, sink): self.give("listing.jsonl", start, 1 << 40, sink)
    def content(self, start, end, sink): asked.append([start, end]); self.give("content", start, end, sink)
try:
    parcel.fetch(Folder(place), Link(), lambda question: question())
    print(json.dumps({"asked": asked, "steps": steps}))
except Wrong as wrong:
    print(json.dumps({"asked": asked, "steps": steps, "wrong": str(wrong)}))
`;
type Told = {
  readonly asked: readonly (readonly [number, number])[];
  readonly steps: number;
  readonly wrong?: string;
};

type File = {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly own?: boolean;
  readonly executable?: true;
};
const text = (path: string, content: string): File => ({ path, bytes: Buffer.from(content) });
const large = (path: string, letter: string, own = false): File => ({
  ...{ path, own },
  bytes: Buffer.alloc(20_000, letter),
});
/** Of each kind: small and large, empty, of the launch alone, to be run, and with names as a download leaves them. */
const PARCEL: readonly File[] = [
  { ...large("job.json", "j"), own: true },
  { ...text("project/run.sh", "#!/bin/sh\n"), executable: true },
  text("project/empty", ""),
  large("project/model.bin", "m"),
  text("project/model.bin.part", ""),
  text("project/weights", "of the whole"),
  text("project/weights.part", "of the part"),
  { ...large(".data/0/a", "d"), own: true },
];

describe("a parcel on its way to a machine", () => {
  let folder = "";
  let served = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "malachite-fetch-"));
    served = join(folder, "served");
    mkdirSync(served);
    serve(PARCEL);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function serve(files: readonly File[], damage: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): void {
    const lines = files.map(({ path, bytes, own, executable }) =>
      JSON.stringify({ path, bytes: bytes.length, ...(own ? {} : { sha256: hash(bytes) }), executable }),
    );
    const all = Buffer.concat(files.map(({ bytes }) => bytes));
    const end = JSON.stringify({ end: true, files: files.length, bytes: all.length });
    writeFileSync(join(served, "listing.jsonl"), `${[...lines, end].join("\n")}\n`);
    writeFileSync(join(served, "content"), damage(all));
  }
  /** Undefined where it was killed. `at`: the place of the run, of which there are several on this machine. */
  async function fetch(at = "run", last = 0, block = 7000): Promise<Told | undefined> {
    const env = { ...process.env, PYTHONPATH: `${FILES}:${AGENT}`, MALACHITE_CACHE: join(folder, "cache") };
    const args = ["-c", FETCH, join(folder, at), served, String(last), String(block)];
    try {
      const { stdout } = await run("python3", args, { env });
      return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Told;
    } catch (error) {
      if ((error as { signal?: string }).signal === "SIGKILL") return undefined;
      throw error;
    }
  }
  const own = (at: string, ...names: readonly string[]) => join(folder, at, ".courier", ...names);
  /** Nothing but what the parcel holds, and all of it. */
  function isWhole(at: string, files: readonly File[] = PARCEL): void {
    const found = readdirSync(join(folder, at), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, at).length + 1))
      .filter((path) => !path.startsWith(".courier/") && path !== "stage.json");
    assert.deepEqual(found.sort(), files.map(({ path }) => path).sort());
    for (const { path, bytes, executable } of files) {
      assert.ok(Buffer.from(bytes).equals(readFileSync(join(folder, at, path))), path);
      assert.equal((statSync(join(folder, at, path)).mode & 0o100) !== 0, executable === true, path);
    }
    assert.deepEqual(existsSync(own(at, "parts")) ? readdirSync(own(at, "parts")) : [], []);
  }
  const put = (path: string, bytes: string | Uint8Array): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  };
  const offsetOf = (path: string): number => {
    const index = PARCEL.findIndex((file) => file.path === path);
    return PARCEL.slice(0, index).reduce((sum, { bytes }) => sum + bytes.length, 0);
  };
  const cached = (file: File): string =>
    join(folder, "cache/contents", hash(file.bytes).slice(0, 2), hash(file.bytes));

  it("is whole after a kill at any of its steps, and is not fetched again from the start", async () => {
    const whole = await fetch("whole");
    isWhole("whole");
    const steps = whole?.steps ?? 0;
    assert.ok(steps > 20, `${steps} steps`);
    const size = PARCEL.reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (let last = 1; last <= steps; last += 1) {
      rmSync(join(folder, "cache"), { recursive: true, force: true });
      const at = `killed-${last}`;
      assert.equal(await fetch(at, last), undefined);
      const told = await fetch(at);
      assert.equal(told?.wrong, undefined);
      isWhole(at);
      const again = told?.asked.reduce((sum, [from, to]) => sum + to - from, 0) ?? 0;
      if (last > steps / 2) assert.ok(again < size, `${again} of ${size} after step ${last}`);
      assert.deepEqual((await fetch(at))?.asked, []);
      rmSync(join(folder, at), { recursive: true });
    }
  });

  it("is whole after a kill where its contents come from the machine's own cache", async () => {
    await fetch("first");
    const steps = (await fetch("second"))?.steps ?? 0;
    for (let last = 1; last <= steps; last += 1) {
      const at = `killed-${last}`;
      await fetch(at, last);
      await fetch(at);
      isWhole(at);
    }
  });

  it("goes on from half a listing, and from one whose end was cut", async () => {
    const listing = readFileSync(join(served, "listing.jsonl"));
    for (const [at, half] of [100, listing.length - 3, 0].entries()) {
      put(own(String(at), "listing.jsonl.part"), listing.subarray(0, half));
      assert.equal((await fetch(String(at)))?.wrong, undefined);
      isWhole(String(at));
    }
  });

  it("mends what is damaged of a file that was half there, with what is longer than it may be", async () => {
    const at = offsetOf("project/model.bin");
    put(own("run", "parts", String(at)), Buffer.alloc(5000, "?"));
    put(own("run", "parts", String(offsetOf(".data/0/a"))), Buffer.alloc(30_000, "?"));
    const told = await fetch();
    assert.equal(told?.wrong, undefined);
    isWhole("run");
    // It was gone on with, found to be damaged, and fetched whole.
    assert.ok(told?.asked.some(([from]) => from === at + 5000));
    assert.ok(told?.asked.some(([from]) => from === at));
  });

  it("mends what is damaged in the machine's cache", async () => {
    const model = PARCEL.find(({ path }) => path === "project/model.bin") as File;
    for (const [at, bytes] of [Buffer.alloc(20_000, "?"), Buffer.alloc(0), Buffer.alloc(7)].entries()) {
      put(cached(model), bytes);
      assert.equal((await fetch(String(at)))?.wrong, undefined);
      isWhole(String(at));
      assert.ok(Buffer.from(model.bytes).equals(readFileSync(cached(model))), `cache ${at}`);
    }
  });

  it("says which file is damaged on the service, and keeps nothing of it", async () => {
    const at = offsetOf("project/model.bin") + 100;
    serve(PARCEL, (bytes) =>
      Buffer.concat([bytes.subarray(0, at), Buffer.from("!"), bytes.subarray(at + 1)]),
    );
    const told = await fetch();
    assert.match(told?.wrong ?? "", /'project\/model.bin' has not come as the service has it/);
    assert.ok(!existsSync(join(folder, "run/project/model.bin")));
    assert.ok(!existsSync(cached(PARCEL.find(({ path }) => path === "project/model.bin") as File)));
    // Nothing is taken for whole: the service has mended it.
    serve(PARCEL);
    assert.equal((await fetch())?.wrong, undefined);
    isWhole("run");
  });

  it("says so when the listing is cut on the service", async () => {
    const listing = readFileSync(join(served, "listing.jsonl"));
    writeFileSync(join(served, "listing.jsonl"), listing.subarray(0, listing.length - 20));
    assert.match((await fetch())?.wrong ?? "", /listing .* is not whole on the service/);
    assert.ok(!existsSync(own("run", "unpacked")));
  });
});

const AGENT = fileURLToPath(new URL("../../localbundle/files/", import.meta.url));
