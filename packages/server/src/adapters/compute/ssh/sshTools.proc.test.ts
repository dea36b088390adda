// Tools for environments that an ssh target names: used on its machine, with a real ssh server.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Handle, LaunchKey, LaunchPlan } from "@malachite/core";
import { type SshDrivers, sshDriversOn } from "../../../../conformance/sshDriverOn.ts";
import {
  type SshServerUnderTest,
  startSshServer,
  withoutSshServer,
} from "../../../../conformance/sshServer.ts";
import type { SshDriver } from "./sshDriver.ts";

const UV = `#!/bin/sh
case "$1" in
  --version) echo "uv 1" ;;
  venv) exec "$3" -m venv --without-pip "$4" ;;
  pip) echo "from $UV_DEFAULT_INDEX" ;;
esac
`;

describe("environment tools of an ssh target", { skip: withoutSshServer() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-ssh-tools-"));
  const { signal } = new AbortController();
  let server: SshServerUnderTest;
  let drivers: SshDrivers;
  let driver: SshDriver;
  before(async () => {
    server = await startSshServer();
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin", "uv"), UV);
    chmodSync(join(folder, "bin", "uv"), 0o755);
    writeFileSync(
      join(folder, "setup it.sh"),
      "echo loaded; WORD='two words'; export WORD; LD_LIBRARY_PATH=/opt/x; export LD_LIBRARY_PATH\n",
    );
    writeFileSync(join(folder, "broken.sh"), "echo no module cuda >&2; exit 3\n");
    drivers = sshDriversOn(folder, "tools", folder);
    driver = drivers.make();
  });
  after(async () => {
    await driver?.[Symbol.asyncDispose]();
    await drivers?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const targetWith = (more: Record<string, unknown>) => {
    const { host, port, user, key, fingerprint } = server;
    const options = {
      host,
      port,
      user,
      key,
      fingerprint,
      slots: 9,
      python: "/usr/bin/python3",
      folder: join(folder, "far"),
      ...more,
    };
    return { name: "lab", kind: "ssh", pool: "lab", options: options as LaunchPlan["target"]["options"] };
  };
  async function ended(name: string, options: Record<string, unknown>) {
    const away = { recipe: { build: { python: [], pip: ["six"] } as never }, home: [], folders: [] };
    const plan: LaunchPlan = {
      ...{
        key: name as LaunchKey,
        target: targetWith(options),
        environment: {},
        folders: ["outputs"],
        nodes: 1,
        away,
      },
      argv: ["sh", "-c", 'echo "$WORD, $LD_LIBRARY_PATH, $UV_DEFAULT_INDEX."'],
    };
    const handle = await driver.launch({ plan, secrets: {} }, signal);
    for (const until = Date.now() + 60_000; Date.now() < until; await pause(20)) {
      const sighting = (await driver.observe([handle], signal)).get(handle.key);
      if (sighting?.at === "ended") return { sighting, handle };
    }
    return assert.fail(`${name} does not end`);
  }
  const fileOf = ({ key }: Handle, path: string) =>
    readFileSync(join(folder, "far", "runs", "tools", key, path), "utf8");

  it("are those of the folders, the index and the setup file that it names; what the file sets, the run has", async () => {
    const { sighting, handle } = await ended("good", {
      setup: join(folder, "setup it.sh"),
      toolPath: [join(folder, "bin")],
      packageIndex: "https://packages.example/simple",
    });
    assert.equal(sighting.code, 0, JSON.stringify(sighting));
    assert.equal(fileOf(handle, "user_logs/std_log.txt"), "two words, /opt/x, .\n");
    assert.match(
      fileOf(handle, "azureml-logs/20_image_build_log.txt"),
      /from https:\/\/packages\.example\/simple/,
    );
    await driver.release(handle, signal);
  });

  it("tell environments apart that have another index or another uv", async () => {
    const toolPath = [join(folder, "bin")];
    const log = "azureml-logs/20_image_build_log.txt";
    const isMade = async (name: string, options: Record<string, unknown>) => {
      const { handle } = await ended(name, options);
      const made = existsSync(join(folder, "far", "runs", "tools", handle.key, log));
      await driver.release(handle, signal);
      return made;
    };
    const [one, two] = ["https://one.example/simple", "https://two.example/simple"];
    assert.equal(await isMade("one", { toolPath, packageIndex: one }), true);
    assert.equal(await isMade("one-again", { toolPath, packageIndex: one }), false);
    assert.equal(await isMade("two", { toolPath, packageIndex: two }), true);
    writeFileSync(join(folder, "bin", "uv"), UV.replace("uv 1", "uv 2"));
    assert.equal(await isMade("newer", { toolPath, packageIndex: two }), true);
  });

  it("have package caches of their own, which go when no run has used them for a month, also when no tools are named any more", async () => {
    const cache = join(folder, "far", "cache");
    const isOwn = (name: string) => /^(uv|pip)-/.test(name);
    const ofOwn = () => readdirSync(cache).filter(isOwn).sort();
    for (const name of ofOwn()) rmSync(join(cache, name), { recursive: true });
    const run = async (name: string, options: Record<string, unknown>) =>
      driver.release((await ended(name, options)).handle, signal);
    const age = (days: number, names: readonly string[]) => {
      const at = new Date(Date.now() - days * 24 * 3600_000);
      for (const name of names) utimesSync(join(cache, name), at, at);
    };
    const toolPath = [join(folder, "bin")];
    await run("used", { toolPath });
    const used = ofOwn();
    assert.equal(used.length, 2);
    const [old, young] = ["uv-0123456789abcdef", "pip-0123456789abcdef"] as const;
    for (const name of [old, young, "uv-of-somebody"])
      mkdirSync(join(cache, name, "wheels"), { recursive: true });
    age(40, [...used, old, "uv-of-somebody"]);
    age(20, [young]);
    await run("used-again", { toolPath });
    assert.deepEqual(ofOwn(), [...used, young, "uv-of-somebody"].sort());
    age(40, used);
    await run("without", {});
    assert.deepEqual(ofOwn(), [young, "uv-of-somebody"].sort());
  });

  it("fail a run in the setup file's own words", async () => {
    const { sighting, handle } = await ended("bad", { setup: join(folder, "broken.sh") });
    assert.match(sighting.failure ?? "", /broken\.sh failed: no module cuda$/);
    await driver.release(handle, signal);
  });

  it("must be there", async () => {
    const check = async (more: Record<string, unknown>) => {
      const health = await driver.check(targetWith(more), signal);
      return health.usable ? "usable" : health.reason;
    };
    assert.equal(
      await check({ setup: join(folder, "setup it.sh"), toolPath: [join(folder, "bin")] }),
      "usable",
    );
    assert.match(await check({ setup: join(folder, "none") }), /no file .+none there, which setup names/);
    assert.match(
      await check({ toolPath: [join(folder, "none")] }),
      /no folder .+none there, which toolPath names/,
    );
    assert.match(await check({ toolPath: [folder] }), /no uv, .+ is in .+ there, which toolPath names/);
    assert.match(await check({ setup: join(folder, "broken.sh") }), /broken\.sh failed: no module cuda\.$/);
  });
});
