// A real service whose files are in a real object storage: everything is as with plain files, whoever is killed and whatever is away.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BLOCK, crashWriters, put } from "../blob/crashWriters.ts";
import { linksTo } from "../blob/links.ts";
import { ended, fileOf, getRun, reached, submit } from "../support/runs.ts";
import { type Service, SOURCE, until, workspacePath } from "../support/service.ts";
import { type Storage, type StorageName, serviceOn, startStorage } from "./storage.ts";

const AGED = [...SOURCE, fileURLToPath(new URL("../support/agedService.ts", import.meta.url))];

const LARGE = 20_000_000;
/** Logs, a log of its own, small files, a large one, an empty one, an odd name. */
const SCRIPT = `
import os, sys
os.makedirs("logs", exist_ok=True)
os.makedirs("outputs/deep/er", exist_ok=True)
print("begun", flush=True)
open("logs/own.txt", "w").write("own log\\n")
open("outputs/empty", "w").close()
open("outputs/deep/er/\\u00fc b~!.txt", "w").write("odd")
for i in range(40): open(f"outputs/f{i:03}.txt", "w").write(f"file {i}")
block = bytes(range(256)) * 4096
with open("outputs/large.bin", "wb") as f:
    left = ${LARGE}
    while left: left -= f.write(block[:left])
if len(sys.argv) > 1:
    import time
    while not os.path.exists(sys.argv[1]): time.sleep(0.05)
print("done", flush=True)
`;
const large = Buffer.alloc(LARGE, Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function assertKept(service: Service, runId: string): Promise<void> {
  assert.equal(String(await fileOf(service, runId)), "begun\ndone\n");
  assert.equal(String(await fileOf(service, runId, "logs/own.txt")), "own log\n");
  assert.equal((await fileOf(service, runId, "outputs/empty")).length, 0);
  assert.equal(String(await fileOf(service, runId, "outputs/deep/er/ü b~!.txt")), "odd");
  for (const i of [0, 17, 39])
    assert.equal(
      String(await fileOf(service, runId, `outputs/f${String(i).padStart(3, "0")}.txt`)),
      `file ${i}`,
    );
  assert.equal(sha(await fileOf(service, runId, "outputs/large.bin")), sha(large));
  const page = await service.json<{ value: { path: string }[] }>(
    "GET",
    `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/dcid.${runId}`,
  );
  const paths = page.value.map(({ path }) => path).filter((path) => !path.startsWith("azureml-logs/"));
  assert.equal(paths.length, 45, paths.join(" "));
}

for (const name of ["Azurite", "moto"] as const satisfies readonly StorageName[])
  describe(`files in ${name}`, { timeout: 600_000 }, () => {
    let storage: Storage | undefined;
    let why = "";
    before(async () => {
      storage = await startStorage(name).catch((error: Error) => {
        why = `${name} cannot be had: ${error.message.slice(0, 200)}`;
        return undefined;
      });
    });
    after(() => storage?.[Symbol.asyncDispose]());

    it("a run's project, logs and outputs are there, also for a service that has only the records", async (t) => {
      if (!storage) return t.skip(why);
      await using service = await serviceOn(storage, { flags: ["--log-level", "info"] });
      const files = { "main.py": SCRIPT, "pkg/__init__.py": "", "data.bin": "x".repeat(300_000) };
      const runId = await submit(service, { files });
      assert.equal((await ended(service, runId)).status, "Completed");
      await assertKept(service, runId);
      const blobs = join(service.data, "blobs");
      assert.ok(!existsSync(join(blobs, "artifacts")) && !existsSync(join(blobs, "contents")));
      const { snapshotId } = await service.json<{ snapshotId: string }>(
        "GET",
        `/malachite/v1.0${workspacePath}/runs/${runId}/definition`,
      );
      const said = service.output;
      await service.kill();
      rmSync(join(blobs, "objects"), { recursive: true });
      await service.start();
      await assertKept(service, runId);
      const zip = await service.call("GET", `/malachite/v1.0${workspacePath}/snapshots/${snapshotId}/zip`);
      assert.equal(zip.status, 200, await zip.clone().text());
      assert.ok((await zip.arrayBuffer()).byteLength > 500);
      // The same project again: nothing of it is sent, all is fetched.
      const again = await submit(service, { files });
      assert.equal((await ended(service, again)).status, "Completed");
      for (const secret of storage.secrets) assert.ok(!(said + service.output).includes(secret));
      await service.kill();
      await service.start({ flags: [] });
      assert.match(service.output, /kept in (azure|s3):\/\/.*Give --blobs/);
    });

    it("kill -9 while files are collected loses and doubles nothing", async (t) => {
      if (!storage) return t.skip(why);
      await using service = await serviceOn(storage);
      const ids: string[] = [];
      for (let n = 0; n < 3; n += 1) ids.push(await submit(service, { files: { "main.py": SCRIPT } }));
      for (const id of ids) {
        await until("collecting", async () =>
          /Finalizing|Completed/.test((await getRun(service, id)).status),
        );
        await service.kill();
        await service.start();
      }
      for (const id of ids) {
        assert.equal((await ended(service, id)).status, "Completed");
        await assertKept(service, id);
      }
    });

    it("what retention lets go is gone from the storage, and nothing else", async (t) => {
      if (!storage) return t.skip(why);
      const { objects } = storage;
      const env = {
        MALACHITE_RETENTION: JSON.stringify([{ experiment: "old", keepDays: 0, remove: "run" }]),
      };
      await using service = await serviceOn(storage, { env });
      const run = async (runId: string, experimentName: string) => {
        const files = { "main.py": 'open("outputs/a b~.bin", "w").write("x" * 300_000)\n' };
        await submit(service, { files, runId, experimentName });
        assert.equal((await ended(service, runId)).status, "Completed");
        assert.ok((await objects(`dcid.${runId}/`)).length >= 3, "records, and the bytes of the large one");
      };
      await run("old-run", "old");
      await run("new-run", "new");
      const before = await objects("dcid.new-run/");
      await until("the run to be freed and gone", async () => {
        await service.json("POST", "/malachite/v1.0/service/gc", {});
        return (await service.call("GET", `/malachite/v1.0${workspacePath}/runs/old-run/why`)).status === 404;
      });
      assert.deepEqual(
        (await objects("dcid.old-run")).filter((name) => name.includes("/files/")),
        [],
        "no record of them",
      );
      // Readers that had begun may go on for an hour; the next sweep, as after a start, takes the bytes.
      await service.kill();
      const blobs = join(service.data, "blobs");
      for (const entry of readdirSync(blobs, { recursive: true, withFileTypes: true }))
        if (entry.name.endsWith(".json")) utimesSync(join(entry.parentPath, entry.name), 1, 1);
      await service.start();
      await until("its bytes to be gone", async () => (await objects("dcid.old-run")).length === 0);
      assert.deepEqual(await objects("dcid.new-run/"), before);
    });

    it("projects that no run names go from the storage with their last content, and can be sent again", async (t) => {
      if (!storage) return t.skip(why);
      const { objects } = storage;
      const env = {
        MALACHITE_RETENTION: JSON.stringify([{ experiment: "old", keepDays: 0, remove: "run" }]),
        MALACHITE_RETENTION_PROJECT_DAYS: "2",
      };
      await using service = await serviceOn(storage, { env, program: AGED });
      const shared = `# ${name}: of both\n`;
      const run = async (experimentName: string, runId: string) => {
        const files = { "main.py": `print("${experimentName}", "${name}")\n`, "shared.py": shared };
        await submit(service, { files, runId, experimentName });
        assert.equal((await ended(service, runId)).status, "Completed");
        return String(await fileOf(service, runId));
      };
      const isThere = async (text: string) =>
        (await objects(`/contents/${sha(Buffer.from(text)).slice(0, 2)}/${sha(Buffer.from(text)).slice(2)}`))
          .length;
      const own = (experimentName: string) => `print("${experimentName}", "${name}")\n`;
      await run("old", "old-project");
      await run("new", "new-project");
      assert.deepEqual(await Promise.all([own("old"), own("new"), shared].map(isThere)), [1, 1, 1]);
      const trees = (await objects("/trees/")).length;
      const told: { swept?: { projects: number } }[] = [];
      await until("the project to be gone", async () => {
        told.push(await service.json("POST", "/malachite/v1.0/service/gc", {}));
        return (await isThere(own("old"))) === 0;
      });
      assert.ok(told.some(({ swept }) => (swept?.projects ?? 0) >= 1));
      assert.deepEqual(await Promise.all([own("old"), own("new"), shared].map(isThere)), [0, 1, 1]);
      assert.ok((await objects("/trees/")).length < trees);
      // This server knows that it has sent the content, and must not rely on that.
      assert.equal(await run("old", "old-again"), `old ${name}\n`);
      assert.equal(await isThere(own("old")), 1);
      await service.kill();
      rmSync(join(service.data, "blobs", "objects", "cache"), { recursive: true });
      await service.start();
      assert.equal(await run("new", "new-again"), `new ${name}\n`);
      assert.equal(await run("old", "old-anew"), `old ${name}\n`);
    });

    it("a storage that is away is waited for, and told to clients as that", async (t) => {
      if (!storage) return t.skip(why);
      await using service = await serviceOn(storage);
      const go = join(service.data, "..", "go");
      const configuration = { arguments: [go] };
      const runId = await submit(service, { files: { "main.py": SCRIPT }, configuration });
      await reached(service, runId, "Running");
      const [link = ""] = await linksTo(service, `dcid.${runId}`, ["sent.txt"]);
      storage.cut(true);
      try {
        writeFileSync(go, "");
        await until("the collection", async () => (await getRun(service, runId)).status === "Finalizing");
        const answer = await fetch(link, { method: "PUT", headers: BLOCK, body: "while it is away" });
        assert.equal(answer.status, 503, await answer.text());
        assert.ok(answer.headers.has("retry-after"));
        await sleep(1000);
        assert.equal((await getRun(service, runId)).status, "Finalizing");
        await service.kill();
        await service.start();
        assert.equal((await getRun(service, runId)).status, "Finalizing");
      } finally {
        storage.cut(false);
      }
      const run = await ended(service, runId);
      assert.deepEqual([run.status, (run as { warnings?: unknown[] }).warnings ?? []], ["Completed", []]);
      await assertKept(service, runId);
      assert.equal(await put(link, "now", BLOCK), 201);
    });

    it("kill -9 loses nothing of blobs that was acknowledged", async (t) => {
      if (!storage) return t.skip(why);
      await using service = await serviceOn(storage);
      const blobs = await crashWriters(service, "dcid.crash");
      for (let round = 0; round < 3; round += 1) {
        const writing = blobs.write();
        await writing.gotOn();
        await sleep(300 * round);
        await service.kill();
        await writing.over;
        await service.start();
        await blobs.check();
      }
      await blobs.commit();
      assert.deepEqual(
        readdirSync(join(service.data, "incoming")).filter((one) => one.startsWith("object-")),
        [],
        "nothing is left on this machine",
      );
    });

    it("readers are sent on to the storage where that is set, and get the same bytes", async (t) => {
      if (!storage) return t.skip(why);
      await using service = await serviceOn(storage, { flags: ["--blob-links", "direct"] });
      const runId = await submit(service, { files: { "main.py": SCRIPT } });
      assert.equal((await ended(service, runId)).status, "Completed");
      await assertKept(service, runId);
      const signed = await service.json<{ uri: string }>(
        "GET",
        `/malachite/v1.0${workspacePath}/runs/${runId}/files/link?path=outputs/large.bin`,
      );
      const sent = await fetch(signed.uri, { redirect: "manual" });
      const to = new URL(sent.headers.get("location") ?? "http://none");
      assert.equal(sent.status, 307);
      assert.equal(to.origin, new URL(storage.flags[3] ?? "").origin);
      const answer = await fetch(to);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get("content-disposition") ?? "", /attachment.*large\.bin/);
      assert.equal(sha(Buffer.from(await answer.arrayBuffer())), sha(large));
      const part = await fetch(to, { headers: { range: "bytes=10-19" } });
      assert.deepEqual([part.status, (await part.arrayBuffer()).byteLength], [206, 10]);
      // A page reads by script, which the storage would have to allow; Azure's own clients speak to the service.
      const byScript = await fetch(signed.uri, {
        redirect: "manual",
        headers: { "sec-fetch-site": "same-origin" },
      });
      assert.equal(byScript.status, 200);
      assert.equal(sha(Buffer.from(await byScript.arrayBuffer())), sha(large));
    });
  });
