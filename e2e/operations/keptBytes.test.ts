// Kept bytes with a real service: at the quota nothing more comes in, and when the settings let files go, there is room.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { linksTo } from "../blob/links.ts";
import { Home } from "../support/cli.ts";
import { ended, fileOf, submit } from "../support/runs.ts";
import { Service, SOURCE, until, workspacePath } from "../support/service.ts";

const HURRIED = [...SOURCE, fileURLToPath(new URL("../support/hurriedService.ts", import.meta.url))];
const SCRIPT = 'open("outputs/model.bin", "w").write("x" * 5000)\n';
const QUOTA = "quota: [workspace.keptBytes=8kB]\n";

describe("kept bytes", () => {
  it("are held to the quota, and the service's own turn makes room by policies that were set meanwhile", async () => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-kept-"));
    const settings = join(folder, "malachite.yaml");
    writeFileSync(settings, QUOTA);
    try {
      await using service = await Service.start({ program: HURRIED, flags: ["--settings", settings] });
      const run = async (runId: string) => {
        await submit(service, { files: { "main.py": SCRIPT }, runId, experimentName: "scratch" });
        assert.equal((await ended(service, runId)).status, "Completed");
      };
      const kept = async () =>
        (
          await service.json<{ workspace: { keptBytes: number } }>(
            "GET",
            `/malachite/v1.0${workspacePath}/quotas`,
          )
        ).workspace.keptBytes;
      await run("a");
      await until("the files of the first run to be counted", async () => (await kept()) >= 5000);
      const links = await linksTo(service, "dcid.a", ["late.bin"]);
      await run("b");
      await until("those of both to be counted", async () => (await kept()) >= 10_000);
      assert.equal((await fileOf(service, "b", "outputs/model.bin")).length, 5000, "nothing of it is lost");

      await assert.rejects(run("c"), /startrun → 400 .*quota workspace\.keptBytes.*KeptBytesExceeded/s);
      const upload = await fetch(links[0] ?? "", {
        method: "PUT",
        body: "x",
        headers: { "x-ms-blob-type": "BlockBlob" },
      });
      assert.equal(upload.status, 400);
      assert.match(await upload.text(), /InvalidInput.*quota workspace\.keptBytes/);
      await using home = new Home();
      const told = await home.run("quota", "--endpoint", service.url);
      assert.equal(told.code, 0, told.stderr);
      assert.match(told.stdout, /the workspace +workspace\.keptBytes +10\d\d\d +8000/);

      writeFileSync(settings, `${QUOTA}retention:\n  - {experiment: scratch, keepDays: 0}\n`);
      await until("the turn that removes the files", async () => (await kept()) === 0);
      await run("c");
      const audit = await service.json<{ values: { who: { name: string } }[] }>(
        "GET",
        "/malachite/v1.0/service/audit?operation=Malachite_CollectGarbage",
      );
      assert.deepEqual([...new Set(audit.values.map(({ who }) => who.name))], ["malachite"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
