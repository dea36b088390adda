// A backup of a service that is at work, and the service that is made of it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ended, fileOf, getRun, submit } from "../support/runs.ts";
import { MALACHITE, Service, SOURCE, workspacePath } from "../support/service.ts";

const SCRIPT = `import os,sys\nos.makedirs("outputs",exist_ok=True)\nopen("outputs/told.txt","w").write(sys.argv[1]*1000)\nprint(sys.argv[1])\n`;

const cli = (service: Service, ...args: string[]): string =>
  execFileSync(process.execPath, [...SOURCE, MALACHITE, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: join(service.data, "..") },
  });

/** A file of a container that is no run's, with a type of its own. */
async function putFile(service: Service, name: string, text: string): Promise<void> {
  const path = `/artifact/v2.0${workspacePath}/artifacts/LocalUpload/box/content?path=${name}`;
  const answer = await fetch(service.url + path, {
    method: "POST",
    headers: { authorization: "Bearer dev", "content-type": "application/octet-stream" },
    body: text,
  });
  assert.ok(answer.ok, await answer.text());
}

describe("a backup", { timeout: 600_000 }, () => {
  it("taken under load has every run and file that was acknowledged before, copies only what is new, and is refused when damaged", async () => {
    await using service = await Service.start({ flags: ["--runs-at-once", "2"] });
    const before: string[] = [];
    const run = async (id: string) =>
      submit(service, {
        files: { "main.py": SCRIPT, "data.txt": `of ${id}\n` },
        configuration: { arguments: [id] },
        runId: id,
      });
    for (let i = 0; i < 3; i += 1) {
      before.push(await run(`early${i}`));
      await putFile(service, `file${i}.txt`, `text ${i}`);
    }
    for (const id of before) await ended(service, id);
    before.push(await run("waiting0"), await run("waiting1"), await run("waiting2"));

    const stop = new AbortController();
    const load = (async () => {
      for (let i = 0; !stop.signal.aborted; i += 1) await run(`load${i}`);
    })();
    const backup = join(service.data, "..", "backup");
    const first = cli(service, "backup", backup, "--data", service.data);
    assert.match(first, /All that was acknowledged by/);
    stop.abort();
    await load;
    const again = cli(service, "backup", backup, "--data", service.data);
    const [, files = 0, copied = 0] = /: (\d+) files, .*; new: (\d+) files/.exec(again)?.map(Number) ?? [];
    assert.ok(copied < files, again);
    await service.kill("SIGKILL");

    const other = await Service.start();
    await using _other = other;
    await other.kill("SIGKILL");
    assert.throws(() => cli(service, "restore", backup, "--data", other.data), /is not empty/);
    rmSync(other.data, { recursive: true });
    assert.match(cli(service, "restore", backup, "--data", other.data), /is as it was at/);
    await other.start();
    for (const id of before) {
      const found = await ended(other, id);
      assert.equal(found.runId, id);
      if (!id.startsWith("early")) continue;
      assert.equal((await getRun(other, id)).status, "Completed");
      assert.equal((await fileOf(other, id, "outputs/told.txt")).toString(), id.repeat(1000));
      assert.match((await fileOf(other, id)).toString(), new RegExp(id));
    }
    for (let i = 0; i < 3; i += 1) {
      const path = `/artifact/v2.0${workspacePath}/artifacts/LocalUpload/box/content?path=file${i}.txt`;
      assert.equal(await (await other.call("GET", path)).text(), `text ${i}`);
    }
    const snapshot = (await getRun(other, "early0")).properties.ContentSnapshotId;
    const zip = await other.call("GET", `/malachite/v1.0${workspacePath}/snapshots/${snapshot}/zip`);
    assert.equal(zip.status, 200);
    await zip.arrayBuffer();

    const contents = join(backup, "blobs", "contents");
    const [folder = ""] = readdirSync(contents).filter((name) => /^[0-9a-f]{2}$/.test(name));
    const [name = ""] = readdirSync(join(contents, folder));
    appendFileSync(join(contents, folder, name), "x");
    const third = join(service.data, "..", "third");
    assert.throws(
      () => cli(service, "restore", backup, "--data", third),
      /1 files of the backup are not as they were/,
    );
    assert.ok(!existsSync(third) && !existsSync(`${third}.restoring`));
    writeFileSync(join(backup, "malachite-backup.json"), JSON.stringify({ format: 9, version: "9.9" }));
    assert.throws(() => cli(service, "restore", backup, "--data", third), /newer program/);
    assert.throws(
      () => cli(service, "backup", third, "--data", join(third, "nothing")),
      /no records\.sqlite/,
    );
  });
});
