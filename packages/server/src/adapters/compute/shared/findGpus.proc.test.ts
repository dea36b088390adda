// With a tool of that name that the test writes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { findGpus } from "./findGpus.ts";

describe("findGpus", { skip: process.platform === "win32" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-gpus-"));
  after(() => rmSync(folder, { recursive: true }));
  const asked = (script: string, visible?: string) => {
    writeFileSync(join(folder, "nvidia-smi"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return findGpus(`${folder}:/usr/bin:/bin`, visible);
  };

  it("answers the numbers that nvidia-smi tells", async () => {
    assert.deepEqual(
      await asked('[ "$*" = "--query-gpu=index --format=csv,noheader" ] && printf "1\\n0\\n"'),
      {
        gpus: [0, 1],
      },
    );
    assert.deepEqual(await asked("exit 0"), { gpus: [] });
  });

  it("finds none where the tool is not there", async () => {
    assert.deepEqual(await findGpus("/nowhere"), { gpus: [] });
  });

  it("takes no GPU that the service itself may not use", async () => {
    assert.deepEqual(await asked('printf "0\\n1\\n2\\n"', "2, 0"), { gpus: [0, 2] });
    assert.deepEqual(await asked('printf "0\\n1\\n"', ""), { gpus: [] });
    assert.match((await asked('printf "0\\n"', "GPU-5f1b")).fault ?? "", /otherwise than by number/);
  });

  it("says why a sick tool told nothing, and fails nothing", async () => {
    const failed = await asked('echo "NVIDIA-SMI has failed because it couldn\'t communicate"; exit 9');
    assert.deepEqual(failed.gpus, []);
    assert.match(failed.fault ?? "", /communicate/);
    const odd = await asked('echo "No devices were found"');
    assert.deepEqual(odd.gpus, []);
    assert.match(odd.fault ?? "", /No devices were found/);
    writeFileSync(join(folder, "nvidia-smi"), "not a program", { mode: 0o755 });
    assert.deepEqual((await findGpus(folder)).gpus, []);
  });
});
