// uv, where the machine has none.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Toolbox } from "./toolbox.ts";
import { toolEnvironment } from "./toolEnvironment.ts";

const never = new AbortController().signal;

describe("uv, where the machine has none", () => {
  const path = mkdtempSync(join(tmpdir(), "malachite-toolbox-"));
  after(() => rmSync(path, { recursive: true, force: true }));

  /** A python that cannot do one thing that others can. */
  function without(module: string): string {
    const file = join(path, `python-without-${module}`);
    const real = execFileSync("python3", ["-c", "import sys; print(sys.executable, end='')"], {
      encoding: "utf8",
    });
    writeFileSync(
      file,
      `#!/bin/sh\n[ "$2" = ${module} ] && { echo "No module named ${module}" >&2; exit 1; }\nexec ${real} "$@"\n`,
    );
    chmodSync(file, 0o755);
    return file;
  }

  const toolbox = (folder: string, python: string, more = {}) =>
    new Toolbox({
      folder: join(path, folder),
      path: "/nowhere",
      uv: undefined,
      conda: undefined,
      packageIndex: undefined,
      environment: toolEnvironment(process.env),
      pythons: { list: async () => [{ path: python, version: "3.11.0" }] },
      ...more,
    });

  it("is installed once for all who ask, also with a python that has no pip of its own", async () => {
    const said: string[] = [];
    const box = toolbox("own", without("pip"));
    const both = await Promise.all([1, 2].map(() => box.uv((line) => said.push(line), never)));
    assert.deepEqual(both, Array(2).fill(join(path, "own", "uv", "bin", "uv")));
    assert.match(execFileSync(both[0] ?? "", ["--version"], { encoding: "utf8" }), /^uv \d/);
    assert.equal(said.filter((line) => line.startsWith("uv is not on the PATH")).length, 1);
    // It is there now.
    assert.equal(await toolbox("own", "/no/such/python").uv(() => {}, never), both[0]);
  });

  it("stays as it is when another server has installed it at the same time", async () => {
    const inodes: number[] = [];
    const servers = [1, 2].map(() => toolbox("shared", without("pip"), { shared: true }));
    const both = await Promise.all(
      servers.map(async (server) => {
        const uv = await server.uv(() => {}, never);
        inodes.push(statSync(uv).ino);
        return uv;
      }),
    );
    assert.deepEqual(both, Array(2).fill(join(path, "shared", "uv", "bin", "uv")));
    assert.deepEqual(inodes, Array(2).fill(statSync(both[0] ?? "").ino));
    assert.deepEqual(readdirSync(join(path, "shared")), ["uv"]);
  });

  it("that cannot be had is told with all that was tried", async () => {
    const python = without("pip");
    await assert.rejects(
      toolbox("none", python, {
        packageIndex: "http://127.0.0.1:9/simple",
        environment: { PATH: "/usr/bin:/bin", PIP_RETRIES: "0" },
      }).uv(() => {}, never),
      /uv is not on this machine and could not be installed with any python: .*No module named pip; .*No matching distribution found for uv/,
    );
    await assert.rejects(
      toolbox("given", python, { uv: "/no/such/uv" }).uv(() => {}, never),
      /'\/no\/such\/uv' of the setting uv is not there/,
    );
  });
});
