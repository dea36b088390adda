// Environments with conda packages, by a stand-in for the programs of conda: which one is taken, what it is asked, and what is
// made of what it says. With a real solver: e2e/environments.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { EnvironmentAsk } from "@malachite/core";
import { BuilderBench } from "./testing/builder.ts";

const never = new AbortController().signal;
const quiet = async (): Promise<void> => {};

/** Makes a prefix of this machine's python, writes down how it was called, and has one package besides. */
const STAND_IN = `#!/usr/bin/env python3
import hashlib, json, os, subprocess, sys
here = os.path.dirname(os.path.abspath(sys.argv[0]))
args = sys.argv[1:]
with open(os.path.join(here, "asked"), "a") as file:
    file.write(json.dumps([os.path.basename(sys.argv[0])] + args) + "\\n")
if "refused=1" in args:
    sys.exit("PackagesNotFoundError: refused=1 is in no channel")
prefix = args[args.index("--prefix") + 1]
subprocess.check_call([getattr(sys, "_base_executable", sys.executable), "-m", "venv", "--without-pip", prefix])
os.mkdir(os.path.join(prefix, "conda-meta"))
version = "%d.%d.%d" % sys.version_info[:3]
for name, number in (("python", version), ("thing", "1.2")):
    url = "https://me:s3cret@conda.example.org/main/linux-64/%s-%s-h1_0.conda" % (name, number)
    one = {"name": name, "version": number, "build": "h1_0", "url": url, "sha256": hashlib.sha256(name.encode()).hexdigest(), "md5": hashlib.md5(name.encode()).hexdigest()}
    with open(os.path.join(prefix, "conda-meta", "%s-%s-h1_0.json" % (name, number)), "w") as file:
        json.dump(one, file)
`;

const ask = (...dependencies: readonly unknown[]): EnvironmentAsk => ({
  environment: {
    python: { condaDependencies: { channels: ["https://me:s3cret@conda.example.org/main"], dependencies } },
  },
  container: false,
});

describe("the programs of conda", () => {
  it("are asked for what the definition names, and for exactly that again by the lock", async () => {
    using bench = new BuilderBench();
    const bin = join(bench.path, "bin");
    mkdirSync(bin);
    for (const name of ["micromamba", "conda"]) {
      writeFileSync(join(bin, name), STAND_IN);
      chmodSync(join(bin, name), 0o755);
    }
    const path = `${bin}:${process.env.PATH}`;
    const asked = () =>
      readFileSync(join(bin, "asked"), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as string[]);
    const builder = bench.builder({ path });
    let said = "";
    const log = async (text: string): Promise<void> => {
      said += text;
    };
    const made = await builder.prepare(ask("thing=1.2", "pip=24"), log, never);
    const channel = "https://me:s3cret@conda.example.org/main";
    const prefix = join(bench.folder, made.id, "env");
    assert.deepEqual(asked(), [
      [
        "micromamba",
        "create",
        "--yes",
        "--prefix",
        prefix,
        "--override-channels",
        "--channel",
        channel,
        "thing=1.2",
        "pip=24",
      ],
    ]);
    assert.equal(made.variables.CONDA_PREFIX, prefix);
    assert.ok(existsSync(made.python));
    assert.match(
      made.lock ?? "",
      /@EXPLICIT\nhttps:\/\/conda\.example\.org\/main\/linux-64\/python-3\S+-h1_0\.conda#sha256:/,
    );
    assert.doesNotMatch(`${said}${made.lock}`, /s3cret/);

    rmSync(bench.folder, { recursive: true });
    rmSync(join(bin, "asked"));
    const locked = { ...ask("thing=1.2", "pip=24"), lock: made.lock ?? "" };
    const again = await bench.builder({ path, conda: join(bin, "conda") }).prepare(locked, quiet, never);
    const [call = []] = asked();
    assert.deepEqual(call.slice(0, 4), ["conda", "create", "--yes", "--quiet"]);
    assert.equal(call[6], "--file");
    assert.equal(again.lock, made.lock);

    // What comes back is compared with the lock, whatever the program says.
    const other =
      made.lock?.replace(/thing-1\.2-h1_0\.conda#sha256:\w{8}/, "thing-1.2-h1_0.conda#sha256:00000000") ?? "";
    await assert.rejects(
      bench.builder({ path }).prepare({ ...locked, lock: other }, quiet, never),
      /thing-1\.2-h1_0\.conda has another hash than the lock/,
    );
    await assert.rejects(
      bench.builder({ path }).prepare(ask("refused=1"), quiet, never),
      /Solving the conda packages refused=1 with micromamba from https:\/\/conda\.example\.org\/main.*failed:\nPackagesNotFoundError: refused=1/s,
    );
    await assert.rejects(
      bench.builder({ path, conda: "/no/such/conda" }).prepare(ask("thing"), quiet, never),
      /The program '\/no\/such\/conda' of the setting conda is not there/,
    );
  });
});
