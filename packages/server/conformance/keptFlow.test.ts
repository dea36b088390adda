// Quotas of kept bytes with all stores and a scripted engine: who is refused, what is not, and what is right after a death.
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { isMalachiteError } from "@malachite/core";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

const RUN_BYTES = 1011;
const start = () =>
  ScriptedService.start((script) => ({
    runForMs: script === "long.py" ? "forever" : 100,
    log: "some words\n",
    files: { "project/outputs/model": "x".repeat(1000) },
  }));

const at = (id: string) => ({ scope: SCOPE, container: `dcid.${id}` });
const blob = (id: string, path: string) => ({ bucket: { kind: "artifacts" as const, ...at(id) }, path });
const refused = (pattern: RegExp) => (error: unknown) =>
  isMalachiteError(error) && error.code === "KeptBytesExceeded" && pattern.test(error.message);
async function* bytes(count: number) {
  yield new Uint8Array(count);
}
const put = ({ flow }: ScriptedService, id: string, path: string, count: number) =>
  flow.putFile(at(id), path, bytes(count), { append: false, overwrite: true });
const kept = async ({ flow }: ScriptedService) => {
  await flow.countKept(new AbortController().signal);
  return (await flow.quotas(SCOPE, {}, { limit: 9 })).workspace.keptBytes;
};

describe("quotas of kept bytes", () => {
  it("refuse new runs and uploads, never what a run at work leaves; and there is room when files are gone", async () => {
    await using service = await start();
    const { flow, quotas } = service;
    const long = (await service.submit("long.py", {}, "long")).id;
    await service.reached(long, "Running");
    quotas.user = { keptBytes: 1500 };
    for (const id of ["r1", "r2"]) {
      await service.submit("a.py", {}, id);
    }
    for (const id of ["r1", "r2"]) await service.reached(id, "Completed");
    assert.equal(await kept(service), 2 * RUN_BYTES, "both came home");
    assert.equal((await flow.listFiles(at("r2"), { limit: 9 })).values.length, 2);

    await assert.rejects(service.submit("a.py", {}, "r3"), refused(/keeps 2022 bytes .* may keep 1500/));
    await assert.rejects(put(service, "r1", "late", 1), refused(/no more files/));
    const ask = { headers: {}, metadata: {}, writer: "w", digests: {}, check: () => {} };
    await assert.rejects(flow.blobs.put(blob("r1", "late"), bytes(1), ask), refused(/no more files/));
    await assert.rejects(
      flow.blobs.stage(blob("r1", "late"), "AAAA", bytes(1), { writer: "w", digests: {} }),
      refused(/no more files/),
    );
    await put(service, long, "outputs/mine", 500);
    assert.equal(await kept(service), 2 * RUN_BYTES + 500, "a run at work loses nothing");

    await flow.removeFile(at("r1"), "outputs/model");
    await flow.removeFile(at("r2"), "outputs/model");
    assert.equal(await kept(service), 522);
    await assert.rejects(put(service, "r1", "large", 1000), refused(/too large for what is left/));
    assert.equal((await flow.listFiles(at("r1"), { limit: 9 })).values.length, 1, "nothing of it is kept");
    await put(service, "r1", "small", 100);
    await service.submit("a.py", {}, "r3");
    await service.reached("r3", "Completed");
    assert.equal(await kept(service), 622 + RUN_BYTES);
    await assert.rejects(service.submit("a.py", {}, "r4"), refused(/keptBytes/));

    await service.until("the release", async () => (await service.ports?.runs.census())?.length === 1);
    service.retention = [
      { workspace: "*", experiment: "*", keepBytes: 0, unlessTag: [], onlyTag: [], remove: "files" },
    ];
    await flow.collectGarbage({ dryRun: false, limit: 100 });
    await service.submit("a.py", {}, "r4");
    assert.equal(
      (await flow.quotas(SCOPE, { user: ADA.objectId }, { limit: 9 })).users[0]?.used.keptBytes,
      500,
    );
  });

  it("tell of many writes into one container at once, and of each failed one nothing", async () => {
    await using service = await start();
    const { flow, quotas } = service;
    await service.submit("a.py", {}, "r1");
    await service.reached("r1", "Completed");
    assert.equal(await kept(service), RUN_BYTES);
    const port = service.ports?.kept as NonNullable<typeof service.ports>["kept"];
    const begins = mock.method(port, "begins");
    const ends = mock.method(port, "ends");
    quotas.user = { keptBytes: RUN_BYTES + 1000 };
    const puts = Array.from({ length: 9 }, (_, i) => put(service, "r1", `small/${i}`, 100));
    await Promise.all(puts);
    assert.deepEqual([begins.mock.callCount(), ends.mock.callCount()], [1, 0]);
    await assert.rejects(put(service, "r1", "large", 200), refused(/too large for what is left/));
    await put(service, "r1", "small/9", 100);
    await assert.rejects(put(service, "r1", "one more", 1), refused(/no more files|too large/));
    assert.equal(await kept(service), RUN_BYTES + 1000);
    assert.equal(begins.mock.callCount(), ends.mock.callCount());
    assert.equal((await flow.listFiles(at("r1"), { limit: 99 })).values.length, 12);
  });

  it("are right after a death in the middle of an upload, whatever of it was kept", async () => {
    for (const isKept of [true, false]) {
      await using service = await start();
      await service.submit("a.py", {}, "r1");
      await service.reached("r1", "Completed");
      assert.equal(await kept(service), RUN_BYTES);
      const { kept: port, artifacts } = service.ports as NonNullable<typeof service.ports>;
      // What was written when the server died, and nobody was told of it.
      await port.begins(SCOPE, "dcid.r1", { id: `upload ${isKept}`, owner: "a server that is dead" });
      if (isKept) await artifacts.put(SCOPE, "dcid.r1", "late", { stream: bytes(300) }, { overwrite: true });
      await service.restart();
      assert.equal(await kept(service), RUN_BYTES + (isKept ? 300 : 0));
    }
  });
});
