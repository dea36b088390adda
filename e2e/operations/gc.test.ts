// Retention with a real service: killed with -9 in the middle of it, it leaves no run without its files and no files without a run.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Home } from "../support/cli.ts";
import { ended, experiment, submit } from "../support/runs.ts";
import { Service, SOURCE, until } from "../support/service.ts";

const FAULTY = [...SOURCE, fileURLToPath(new URL("../support/faultyService.ts", import.meta.url))];
const RETENTION = JSON.stringify([{ experiment: "old-*", keepDays: 0, unlessTag: "keep", remove: "run" }]);
const SCRIPT = 'open("outputs/model.bin", "w").write("x" * 5000)\nprint("done")\n';

/** A kill between a file and its folder leaves the folder, which holds nothing. */
const hasFiles = (folder: string): boolean =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).some((entry) => entry.isFile());

/** Folders of containers that hold files. */
function containersOf(service: Service): string[] {
  const root = join(service.data, "blobs", "artifacts");
  const base = existsSync(root) ? root : join(service.data, "artifacts");
  return readdirSync(base)
    .filter((name) => name.includes("~"))
    .flatMap((name) => readdirSync(join(base, name)).filter((one) => hasFiles(join(base, name, one))));
}

describe("malachite gc", { concurrency: 2 }, () => {
  for (const fault of ["after:remove#2", "before:paid#2"]) {
    it(`goes on after kill -9 ${fault}`, async () => {
      const env = { MALACHITE_RETENTION: RETENTION };
      await using service = await Service.start({ program: FAULTY, env: { ...env, FAULT: fault } });
      const old: string[] = [];
      for (const name of ["a", "b", "c"])
        old.push(
          await submit(service, { files: { "main.py": SCRIPT }, runId: name, experimentName: "old-1" }),
        );
      const young = await submit(service, { files: { "main.py": SCRIPT }, experimentName: "new" });
      for (const id of [...old, young]) await ended(service, id);
      await until("the runs to be freed", () =>
        readdirSync(join(service.data, "runs")).every((name) => name.startsWith(".")),
      );
      await service.call("POST", "/malachite/v1.0/service/gc", {}).catch(() => undefined);
      await service.died();
      await service.start({ env });
      // Before the second debt is paid, what is owed may be no more than to say so.
      if (fault.startsWith("after:remove"))
        assert.ok(containersOf(service).length > 1, "files are left to go");

      await using home = new Home();
      const told = await home.run("gc", "--dry-run", "--endpoint", service.url);
      assert.equal(told.code, 0, told.stderr);
      // Removals go side by side: how many were begun is chance, and none of them is told again.
      assert.match(told.stdout, /^Would go: \d runs?, \d+ bytes\.$/m);
      const done = await home.run("gc", "--endpoint", service.url);
      assert.equal(done.code, 0, done.stderr);
      assert.match(done.stdout, /^Gone: \d+ runs?, \d+ bytes\.$/m);
      assert.deepEqual(containersOf(service), [`dcid.${young}`]);
      for (const id of old) {
        const answer = await service.call("GET", `/history/v1.0${experiment("old-1")}/runs/${id}`);
        assert.equal(answer.status, 404);
        const body = (await answer.json()) as { error: { code: string } };
        assert.equal(body.error.code, "UserError");
      }
      await ended(service, young);
      const audit = await service.call(
        "GET",
        "/malachite/v1.0/service/audit?operation=Malachite_CollectGarbage",
      );
      const { values } = (await audit.json()) as { values: { of: { dryRun: string } }[] };
      assert.deepEqual(
        values.slice(0, 2).map(({ of }) => of.dryRun),
        ["false", "true"],
        "the newest first",
      );
    });
  }
});
