// Logs, zip, snapshot files and definition of a run on real stores, while it runs and after it has ended.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import { SCOPE, ScriptedService } from "./scriptedService.ts";

const never = new AbortController().signal;
const LINES = { line: 1, count: 100, clip: 100 };
const code = (wanted: string) => (error: unknown) => isMalachiteError(error) && error.code === wanted;

describe("a run", () => {
  it("shows its logs while it runs and after, its files as a zip, and what it was", async () => {
    await using service = await ScriptedService.start(() => ({
      runForMs: 5_000,
      log: [
        { atMs: 0, text: "one\n" },
        { atMs: 4_000, text: "two\n" },
      ],
      files: { "project/outputs/a.txt": "kept" },
    }));
    const run = await service.submit("train.py", { arguments: ["--lr", "1"] });
    const address = { scope: SCOPE, runId: run.id };
    const { logs } = service.flow;
    await assert.rejects(logs.lines({ ...address, runId: "none" }, LINES, never), code("RunNotFound"));
    await assert.rejects(logs.lines(address, { ...LINES, path: "nope" }, never), code("ArtifactNotFound"));
    await service.reached(run.id, "Running");
    await service.until("a first line", async () =>
      (await logs.list(address)).some((log) => log.sizeBytes > 0),
    );
    const growing = await logs.index(address, {}, never);
    assert.deepEqual([growing.live, growing.lines], [true, 1]);
    const ended = await service.reached(run.id, "Completed");
    const { values, place } = await logs.lines(address, LINES, never);
    assert.deepEqual(
      values.map(({ text }) => text),
      ["one", "two"],
    );
    assert.match(place, /^8~/);
    const [first] = await logs.list(address);
    assert.deepEqual([first?.path, first?.main, first?.live], ["user_logs/std_log.txt", true, false]);

    const at = { scope: SCOPE, container: ended.dataContainerId };
    const zip: Uint8Array[] = [];
    for await (const piece of service.flow.zipFiles(at, {})) zip.push(piece);
    const bytes = Buffer.concat(zip);
    for (const path of ["user_logs/std_log.txt", "outputs/a.txt"]) assert.ok(bytes.includes(path), path);
    const { snapshotId, sent, resolved, launch } = await service.flow.definitionOf(address);
    assert.deepEqual(sent?.configuration, { script: "train.py", arguments: ["--lr", "1"] });
    assert.match(JSON.stringify(resolved?.configuration), /"target":"local"/);
    assert.deepEqual(launch?.argv.slice(1), ["train.py", "--lr", "1"]);
    const files = await service.flow.snapshots.files(SCOPE, snapshotId ?? "", { limit: 10 });
    assert.deepEqual(
      files.values.map(({ path, sizeBytes }) => [path, sizeBytes]),
      [["train.py", 0]],
    );
    await assert.rejects(
      service.flow.snapshots.file(SCOPE, snapshotId ?? "", "no.py"),
      code("ArtifactNotFound"),
    );
  });
});
