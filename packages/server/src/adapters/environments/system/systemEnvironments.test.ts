import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createMachineTools } from "../../shared/machineTools.ts";
import { createSystemEnvironments } from "./systemEnvironments.ts";

const signal = new AbortController().signal;

describe("environments of this machine", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "malachite-env-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const put = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o755);
    return join(folder, name);
  };
  const make = (path: string) => {
    const now = () => 0;
    return createSystemEnvironments({ path, tools: createMachineTools({ path, env: {}, now }), now });
  };
  const find = (interpreterPath?: string, path = folder) =>
    make(path).prepare(
      { environment: { python: { interpreterPath, userManagedDependencies: true } }, container: false },
      async () => {},
      signal,
    );

  it("take python3 where python does not exist, and keep a link such as a virtual environment has", async () => {
    symlinkSync(process.execPath, join(folder, "python3"));
    assert.equal((await find()).python, join(folder, "python3"));
    assert.equal((await find("python")).python, join(folder, "python3"));
  });

  it("take the python3 of the target before any python of the PATH", async () => {
    const own = join(folder, "own");
    mkdirSync(own);
    for (const name of ["python", "own/python3"]) symlinkSync(process.execPath, join(folder, name));
    const ask = { environment: {}, container: false, tools: { toolPath: [own] } };
    const { python } = await make(folder).prepare(ask, async () => {}, signal);
    assert.equal(python, join(own, "python3"));
  });

  it("ask a shim for the real binary, once for all", async () => {
    const shim = put(
      "python",
      `#!/bin/sh\necho x >>"${join(folder, "asked")}"\nprintf %s /real/bin/python3.11\n`,
    );
    const environments = make(folder);
    const made = await Promise.all(
      [1, 2, 3].map(() =>
        environments.prepare(
          { environment: { python: { interpreterPath: shim } }, container: false },
          async () => {},
          signal,
        ),
      ),
    );
    assert.deepEqual(
      made.map((m) => m.python),
      Array(3).fill("/real/bin/python3.11"),
    );
    assert.equal(readFileSync(join(folder, "asked"), "utf8"), "x\n");
  });

  it("tell what was looked for and where", async () => {
    await assert.rejects(find("python9"), /'python9'.*PATH/);
    await assert.rejects(find("/no/such/python"), /not an executable file/);
    await assert.rejects(find("bin/python"), /relative path/);
    put("broken", "#!/bin/sh\necho no >&2; exit 3\n");
    await assert.rejects(find("broken"), /does not answer as a python/);
  });
});
