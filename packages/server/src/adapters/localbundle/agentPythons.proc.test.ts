// The bundle with every Python that is on this machine, and what the zip is to other readers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLocalBundler } from "./localBundler.ts";
import { storedZip } from "./storedZip.ts";
import { BundleFolder, job, realPython } from "./testing/bundleRun.ts";
import { StubService } from "./testing/stubService.ts";

const pyenv = join(homedir(), ".pyenv", "versions");
const pythons = [
  realPython,
  ...(existsSync(pyenv) ? readdirSync(pyenv).sort() : []).map((name) => join(pyenv, name, "bin", "python3")),
].filter(existsSync);

for (const python of pythons) {
  test(`a run with ${python}`, async () => {
    await using stub = new StubService();
    using folder = new BundleFolder({ python });
    folder.file(
      "train.py",
      "import sys\nopen(b'outputs/\\xc3\\xbc', 'w').write(sys.argv[1])\nprint('done')\nsys.exit(7)\n",
    );
    await folder.unpack(job(await stub.listen(), { arguments: ["plain"] }));
    // Without a locale the oldest of them know ASCII only.
    const { code, stderr } = await folder.start({ LC_ALL: "C" }).ended;
    assert.equal(code, 7, stderr);
    assert.equal(stub.text("user_logs/std_log.txt"), "done\n");
    assert.equal(stub.text("outputs/ü"), "plain");
    assert.deepEqual(stub.story(), ["Start", "Error", "Failed"]);
  });
}

test("the definition's interpreter runs the script, whichever runs the agent", async () => {
  const other = pythons.at(-1) ?? realPython;
  await using stub = new StubService();
  using folder = new BundleFolder();
  folder.file("train.py", "import sys\nprint(sys.executable)\n");
  await folder.unpack(job(await stub.listen(), { interpreterPath: other }));
  assert.equal((await folder.start().ended).code, 0);
  assert.equal(stub.text("user_logs/std_log.txt"), `${other}\n`);
});

test("the zip is sound to another reader, and the job is readable by its owner alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-zip-"));
  try {
    const blocks: Uint8Array[] = [];
    const bundler = createLocalBundler({ writeZip: storedZip, certificateAuthority: "PEM" });
    for await (const block of bundler.pack(job("http://127.0.0.1:1"))) blocks.push(block);
    const zip = join(folder, "bundle.zip");
    writeFileSync(zip, Buffer.concat(blocks));
    const program =
      "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None\n" +
      "for i in z.infolist(): print('%o' % (i.external_attr >> 16), i.filename)";
    const told = execFileSync(realPython, ["-c", program, zip], { encoding: "utf8" }).trim().split("\n");
    assert.ok(told.includes("100755 azureml-setup/Invocation.sh"), told.join("\n"));
    assert.ok(told.includes("100644 azureml-setup/Invocation.bat"));
    assert.ok(told.includes("100644 azureml-setup/agent.py"));
    assert.ok(told.includes("100600 azureml-setup/job.json"));
    assert.ok(told.includes("100644 azureml-setup/ca.pem"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
