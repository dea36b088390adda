// A run that uses more memory than its target allows is killed, told so, and troubles nobody else.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { ended, fileOf, submit } from "../support/runs.ts";
import { Service, workspacePath } from "../support/service.ts";

/** Takes up to 512 MiB, eight at a time, and touches every page. */
const GREEDY = `
held = []
for i in range(64):
    held.append(bytearray(b"x") * (8 << 20))
    print(i, flush=True)
`;
/** The child takes it, the script goes on. */
const GREEDY_CHILD = `
import subprocess, sys
child = subprocess.run([sys.executable, "-c", ${JSON.stringify(GREEDY)}], stdout=subprocess.DEVNULL)
print(child.returncode, flush=True)
`;

it("says out of memory", { timeout: 600_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-settings-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const settings = join(folder, "settings.yaml");
  writeFileSync(settings, "target:\n  small: { kind: process, memoryMiB: 64 }\n");
  await using service = await Service.start({ flags: ["--settings", settings] });
  const { value } = await service.json<{ value: { name: string; usable: boolean; reason?: string }[] }>(
    "GET",
    `/malachite/v1.0${workspacePath}/targets`,
  );
  const small = value.find((target) => target.name === "small");
  if (!small?.usable && process.env.CI !== "true") return t.skip(`no memory limits here: ${small?.reason}`);
  const configuration = { target: "small" };
  await submit(service, { files: { "main.py": GREEDY }, runId: "greedy", configuration });
  const run = await ended(service, "greedy");
  assert.deepEqual([run.status, run.properties["malachite.reason"]], ["Failed", "OutOfMemory"]);
  assert.match(run.error?.error?.message ?? "", /memory/);
  const held = (await fileOf(service, "greedy")).toString().trim().split("\n").length;
  assert.ok(held >= 2 && held <= 8, `it held ${held} pieces of 8 MiB`);

  await submit(service, { files: { "main.py": GREEDY_CHILD }, runId: "child", configuration });
  assert.equal((await ended(service, "child")).status, "Completed", "the script itself was not killed");
  assert.equal((await fileOf(service, "child")).toString(), "-9\n");

  await submit(service, { files: { "main.py": "print('fine')" }, runId: "modest", configuration });
  assert.equal((await ended(service, "modest")).status, "Completed");
});
