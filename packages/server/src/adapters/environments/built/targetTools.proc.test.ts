// Environments that are really built with what a target says of the tools: an index of its own, a uv of its own, a setup file.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type EnvironmentAsk, type EnvironmentTools, isMalachiteError } from "@malachite/core";
import { BuilderBench } from "./testing/builder.ts";
import { type PackageIndex, putSource, putWheel, servePackages } from "./testing/packages.ts";

const never = new AbortController().signal;

describe("environments with the tools of a target", () => {
  const bench = new BuilderBench();
  const indexes: PackageIndex[] = [];
  let uv = "";
  before(async () => {
    for (const version of ["1.0", "2.0"]) {
      const folder = join(bench.path, `index-${version}`);
      putWheel(folder, "alpha", version);
      indexes.push(await servePackages(folder));
    }
    putWheel(bench.wheels, "alpha", "1.0");
    await bench.builder().prepare(bench.ask("alpha"), async () => {}, never);
    const own = join(bench.folder, "tools", "uv", "bin", "uv");
    uv = existsSync(own) ? own : execFileSync("sh", ["-c", "command -v uv"], { encoding: "utf8" }).trim();
  });
  after(async () => {
    for (const index of indexes) await index[Symbol.asyncDispose]();
    bench[Symbol.dispose]();
  });

  const ask = (tools: EnvironmentTools | undefined, ...pip: readonly string[]): EnvironmentAsk => ({
    environment: {
      python: {
        userManagedDependencies: false,
        condaDependencies: { dependencies: ["python>=3.8", { pip: [...pip] }] },
      },
    },
    container: false,
    ...(tools === undefined ? {} : { tools }),
  });
  async function made(asked: EnvironmentAsk) {
    let said = "";
    const hear = async (text: string) => {
      said += text;
    };
    const builder = bench.builder({ uv, packageIndex: indexes[0]?.url });
    const environment = await builder.prepare(asked, hear, never);
    return { ...environment, said };
  }
  const alphaIn = (python: string): string =>
    execFileSync(python, ["-c", "import alpha; print(alpha.VERSION)"], { encoding: "utf8" }).trim();

  it("have the packages of its index, and are others than those of another index", async () => {
    const usual = await made(ask(undefined, "alpha"));
    assert.equal(alphaIn(usual.python), "1.0");
    const other = await made(ask({ packageIndex: indexes[1]?.url ?? "" }, "alpha"));
    assert.equal(alphaIn(other.python), "2.0");
    assert.notEqual(other.id, usual.id);
    // The same index, whoever says it.
    const same = await made(ask({ packageIndex: indexes[0]?.url ?? "" }, "alpha"));
    assert.deepEqual([same.id, same.said], [usual.id, ""]);
    const again = await made(ask({ packageIndex: indexes[1]?.url ?? "" }, "alpha"));
    assert.deepEqual([again.id, again.said], [other.id, ""]);
  });

  it("are made by its uv, and anew when that is another version", async () => {
    const folder = join(bench.path, "bin");
    mkdirSync(folder);
    const put = (version: string) => {
      const file = join(folder, "uv");
      writeFileSync(
        file,
        `#!/bin/sh\n[ "$1" = --version ] && { echo "uv ${version}"; exit; }\necho used >>"${bench.path}/used"\nexec ${uv} "$@"\n`,
      );
      chmodSync(file, 0o755);
    };
    put("1");
    const tools = { toolPath: [folder] };
    const first = await made(ask(tools, "alpha"));
    assert.ok(readFileSync(join(bench.path, "used"), "utf8").startsWith("used"));
    assert.match(first.said, new RegExp(`packages by ${folder}/uv`));
    // Its python goes before a newer one of the machine that fits too.
    const venv = join(bench.path, "venv");
    execFileSync(uv, ["venv", "-q", "--python", first.python, venv]);
    const other = await made(ask({ toolPath: [join(venv, "bin")] }, "alpha"));
    const real = (python: string) =>
      execFileSync(python, ["-c", "import sys; print(sys._base_executable)"], { encoding: "utf8" });
    assert.equal(real(other.python), real(join(venv, "bin", "python")));
    assert.equal((await made(ask(tools, "alpha"))).said, "");
    put("22");
    assert.notEqual((await made(ask(tools, "alpha"))).id, first.id);
  });

  it("see what the setup file sets, are others once it has changed, and fail in its words", async () => {
    const setup = join(bench.path, "set up.sh");
    putSource(
      join(bench.path, "sources"),
      "asks",
      "1.0",
      `import os\ndef before():\n    open(${JSON.stringify(join(bench.path, "seen"))}, "w").write(os.environ.get("CUDA_HOME", "none"))\n`,
    );
    const links = [`--find-links ${join(bench.path, "sources")}`, "--no-index", "asks"];
    writeFileSync(setup, "export CUDA_HOME=/opt/cuda-12\n");
    const first = await made(ask({ setup }, ...links));
    assert.equal(readFileSync(join(bench.path, "seen"), "utf8"), "/opt/cuda-12");
    writeFileSync(setup, "export CUDA_HOME=/opt/cuda-13\n");
    const second = await made(ask({ setup }, ...links));
    assert.equal(readFileSync(join(bench.path, "seen"), "utf8"), "/opt/cuda-13");
    assert.notEqual(second.id, first.id);
    writeFileSync(setup, "echo no module cuda >&2; exit 1\n");
    await assert.rejects(
      made(ask({ setup }, ...links)),
      (error) => isMalachiteError(error) && /set up\.sh failed: no module cuda\./.test(error.message),
    );
  });
});
