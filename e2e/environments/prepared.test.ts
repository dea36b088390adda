// Environments that are made before any run needs them: of the definition alone, and of a project that comes with it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { experiment, fileOf, python3, reached, zipOf } from "../support/runs.ts";
import { Service } from "../support/service.ts";

const LOCK = "azureml-logs/environment-lock.txt";
const SOURCE_PACKAGE = fileURLToPath(new URL("./sourcePackage.py", import.meta.url));
const MINOR = execFileSync(python3(), ["-c", "import sys; print('%d.%d' % sys.version_info[:2], end='')"], {
  encoding: "utf8",
});

const environmentOf = (dependencies: readonly unknown[]) => ({
  environment: { python: { userManagedDependencies: false, condaDependencies: { dependencies } } },
});

describe("an environment", { timeout: 600_000 }, () => {
  let service: Service;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "malachite-prepared-"));
    service = await Service.start();
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A package whose build waits for nothing. */
  function packageOf(name: string): string[] {
    const at = join(folder, name);
    mkdirSync(at);
    execFileSync(python3(), [SOURCE_PACKAGE, at, name, "1.0"]);
    writeFileSync(join(at, "go"), "");
    return ["--no-index", `--find-links ${at}`, name];
  }
  const lockOf = async (runId: string) => String(await fileOf(service, runId, LOCK));

  it("can be prepared without a run, and asked for", async () => {
    const definition = { configuration: environmentOf([`python=${MINOR}`, { pip: packageOf("early") }]) };
    const ask = (what: string) =>
      service.json<Record<string, unknown>>("POST", `/execution/v1.0${experiment()}/${what}`, definition);
    assert.deepEqual(await ask("snapshotcheckprepare"), { environmentPrepared: false });
    const { runId } = (await ask("snapshotprepare")) as { runId: string };
    await reached(service, runId, "Completed");
    assert.deepEqual(await ask("snapshotcheckprepare"), { environmentPrepared: true });
    assert.match(await lockOf(runId), /early==1\.0/);
  });

  it("can be prepared of a project that comes in the form, whose files the pip section names", async () => {
    const pip = packageOf("listed");
    const definition = {
      configuration: {
        script: "main.py",
        ...environmentOf([`python=${MINOR}`, { pip: ["-r req/all.txt"] }]),
      },
    };
    const ask = async (what: string, files: Record<string, string>) => {
      const form = new FormData();
      form.append("files", new Blob([JSON.stringify(definition)]), "definition.json");
      form.append("files", new Blob([zipOf(files)]), "project.zip");
      const answer = await fetch(`${service.url}/execution/v1.0${experiment()}/${what}`, {
        method: "POST",
        body: form,
        headers: { authorization: "Bearer dev" },
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const files = { "main.py": "", "req/all.txt": pip.join("\n") };
    assert.deepEqual((await ask("checkprepare", files)).body, { environmentPrepared: false });
    const { body } = await ask("prepare", files);
    await reached(service, String(body.runId), "Completed");
    assert.match(await lockOf(String(body.runId)), /listed==1\.0/);
    assert.deepEqual((await ask("checkprepare", files)).body, { environmentPrepared: true });
    const without = await ask("prepare", { "main.py": "" });
    assert.equal(without.status, 400);
    assert.match(JSON.stringify(without.body), /reads 'req\/all\.txt', which is no file of the project/);
  });
});
