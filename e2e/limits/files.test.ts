// What a script may leave in outputs/: thousands of files, links in circles, things that are no files.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { MalachiteClient } from "@malachite/client";
import { downloadRun } from "@malachite/client/node";
import { ended, submit } from "../support/runs.ts";
import { Service, WORKSPACE } from "../support/service.ts";

const SCRIPT = `
import os, socket
for i in range(5000):
    folder = f"outputs/many/{i % 50:02}"
    os.makedirs(folder, exist_ok=True)
    open(f"{folder}/{i:04}.txt", "w").write(str(i))
os.makedirs("outputs/odd/deep")
os.symlink("..", "outputs/odd/deep/loop")
os.symlink("self", "outputs/odd/self")
os.symlink("/etc/passwd", "outputs/odd/passwd")
os.symlink("/etc", "outputs/odd/etc")
os.symlink("gone", "outputs/odd/gone")
os.mkfifo("outputs/odd/fifo")
os.chdir("outputs/odd")
socket.socket(socket.AF_UNIX).bind("socket")
open("locked", "w").write("mine")
os.chmod("locked", 0)
open("two\\nlines ü\\\\ %2F", "w").write("named")
open("empty", "w")
os.link("empty", "linked")
open("sparse", "wb").truncate(1 << 20)
print("done", flush=True)
`;

it("keeps 5,000 outputs, and nothing that is no file", { timeout: 600_000 }, async (t) => {
  await using service = await Service.start();
  const folder = mkdtempSync(join(tmpdir(), "malachite-outputs-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await submit(service, { files: { "main.py": SCRIPT }, runId: "outputs" });
  const startedAt = performance.now();
  const run = await ended(service, "outputs");
  t.diagnostic(`ended after ${(performance.now() - startedAt).toFixed(0)} ms`);
  assert.equal(run.status, "Completed", JSON.stringify(run));
  const client = new MalachiteClient(service.url, "dev").workspace(WORKSPACE).run("outputs");
  const odd: string[] = [];
  let many = 0;
  for await (const { path = "" } of client.artifacts.list({ prefix: "outputs/" })) {
    if (path.startsWith("outputs/many/")) many += 1;
    else odd.push(path.slice("outputs/odd/".length));
  }
  assert.equal(many, 5000);
  const kept = ["empty", "linked", "sparse"];
  assert.deepEqual(
    odd.filter((name) => kept.includes(name)).sort(),
    kept,
    "plain files, hard links and sparse files are kept",
  );
  for (const name of ["passwd", "self", "gone", "fifo", "socket", "etc/passwd", "deep/loop"])
    assert.ok(!odd.includes(name) && !odd.some((path) => path.startsWith(`${name}/`)), `${name} was kept`);
  const { warnings = [] } = await client.get();
  assert.ok(
    warnings.some(({ message = "" }) => message.includes("outputs/odd/two")),
    `a plain file whose name cannot be kept is told: ${JSON.stringify(warnings)}`,
  );

  const some = await downloadRun(client, { folder, prefix: "outputs/many/07/" });
  assert.equal(some.files.length, 100);
  assert.equal(readdirSync(join(folder, "outputs/many/07")).length, 100);
});
