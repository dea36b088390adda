// What `check` says of machines that are not as they should be, with a real ssh server.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  isMalachiteError,
  type JsonObject,
  type LaunchKey,
  type TargetHealth,
  type TargetSettings,
} from "@malachite/core";
import { openDoor } from "../../../../conformance/door.ts";
import { sshDriversOn } from "../../../../conformance/sshDriverOn.ts";
import {
  type SshServerUnderTest,
  startSshServer,
  withoutSshServer,
} from "../../../../conformance/sshServer.ts";
import { ENTRIES } from "../../../entries.ts";
import { systemClock } from "../../system/clock.ts";
import { createSshDriver } from "./sshDriver.ts";
import { partsOf, readHandle } from "./sshHandle.ts";

describe("check of an ssh target", { skip: withoutSshServer() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-ssh-check-"));
  let server: SshServerUnderTest;
  before(async () => {
    server = await startSshServer();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const makeDriver = () =>
    createSshDriver({
      folder: join(folder, "home"),
      service: "check",
      login: { agentSocket: undefined, home: folder },
      clock: systemClock,
      files: ENTRIES.far,
      courier: undefined as never,
    });
  function targetWith(more: Record<string, unknown>): TargetSettings {
    const { host, port, user, key, knownHosts } = server;
    const options = { host, port, user, key, knownHosts, folder: join(folder, "far"), ...more };
    return { name: "lab", kind: "ssh", pool: "lab", options: options as JsonObject };
  }
  const wordsOf = (health: TargetHealth): string =>
    health.usable ? (health.warning ?? "usable") : health.reason;
  async function check(more: Record<string, unknown> = {}): Promise<string> {
    await using driver = makeDriver();
    return wordsOf(await driver.check(targetWith(more), new AbortController().signal));
  }

  it("is good where all is well, by known hosts and by fingerprint", async () => {
    assert.equal(await check(), "usable");
    assert.equal(
      await check({ knownHosts: join(folder, "none"), fingerprint: server.fingerprint }),
      "usable",
    );
  });

  it("says what to add for a machine that is not known, and refuses another key than the pinned one", async () => {
    const unknown = await check({ knownHosts: join(folder, "none") });
    assert.match(
      unknown,
      /is not known: SHA256:.+add this line to .+none: \[127\.0\.0\.1\]:\d+ ssh-ed25519 AAAA/,
    );
    assert.match(await check({ fingerprint: `SHA256:${"A".repeat(43)}` }), /the target pins SHA256:AAAA/);
  });

  it("of a pool is good where one machine is, and says which are not and why", async () => {
    const { host, port, fingerprint } = server;
    const good = { host, port, fingerprint };
    const away = { host, port: 1, fingerprint };
    const pool = (...hosts: readonly object[]) =>
      check({ host: undefined, port: undefined, fingerprint: undefined, hosts });
    assert.equal(await pool(good, { ...good, host: "localhost" }), "usable");
    assert.match(
      await pool(good, away),
      /^1 of its 2 machines takes no runs: \S+@127\.0\.0\.1:1: it takes no connections/,
    );
    assert.match(
      await pool(away, good, { ...away, host: "localhost" }),
      /^2 of its 3 machines take no runs: .*takes no connections.* .*takes no connections/,
    );
    assert.match(await pool(away, { ...away, host: "localhost" }), /takes no connections/);
  });

  it("of a pool waits for no machine that says nothing, and an end of the service for none", async () => {
    const { host, port, fingerprint } = server;
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const away = { host, port: (silent.address() as AddressInfo).port, fingerprint };
    const own = { host: undefined, port: undefined, fingerprint: undefined };
    const { signal } = new AbortController();
    try {
      await using driver = makeDriver();
      assert.match(
        wordsOf(
          await driver.check(targetWith({ ...own, hosts: [{ host, port, fingerprint }, away] }), signal),
        ),
        /^1 of its 2 machines takes no runs: .* has not answered within 7 s\.$/,
      );
      const ending = makeDriver();
      const asked = ending.check(targetWith(away), signal);
      await once(silent, "connection");
      await ending[Symbol.asyncDispose]();
      assert.match(wordsOf(await asked), /the service is ending/);
    } finally {
      silent.close();
    }
  });

  it("says what is wrong with the key, the user, the port, the python and the folder", async () => {
    assert.match(await check({ key: join(folder, "no-key") }), /the key .+no-key cannot be read/);
    const strange = join(folder, "strange");
    writeFileSync(strange, "no key at all");
    assert.match(await check({ key: strange }), /strange cannot be used/);
    assert.match(await check({ user: "nobody-at-all" }), /the login of nobody-at-all was refused/);
    assert.match(await check({ key: undefined }), /no key to log in with/);
    assert.match(await check({ port: 1 }), /takes no connections/);
    assert.match(await check({ python: "python9" }), /there is no python9/);
    const old = join(folder, "old-python");
    writeFileSync(old, "#!/bin/sh\necho 'it is 2.7.18, and 3.6 or newer is needed' >&2; exit 1\n");
    chmodSync(old, 0o755);
    assert.match(await check({ python: old }), /ended \(1\).+2\.7\.18, and 3\.6 or newer/);
    assert.match(await check({ folder: "/proc/none" }), /the folder \/proc\/none there cannot be used/);
  });
});

describe("a launch over ssh that got no further than looking for a machine", {
  skip: withoutSshServer() ?? false,
}, () => {
  it("leaves nothing here once it is looked for", async () => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-ssh-placing-"));
    await using server = await startSshServer();
    await using drivers = sshDriversOn(folder, "placing");
    await using driver = drivers.make();
    const { host, port, user, key, fingerprint } = server;
    const options = { host, port, user, key, fingerprint, folder: join(folder, "far"), slots: 1 };
    const target = { name: "lab", kind: "ssh", pool: "lab", options };
    const { signal } = new AbortController();
    const launch = (name: string) =>
      driver.launch(
        {
          plan: {
            ...{ key: name as LaunchKey, target, environment: {}, folders: [], nodes: 1 },
            argv: ["sleep", "1000"],
          },
          secrets: {},
        },
        signal,
      );
    const first = await launch("first-1-0");
    await assert.rejects(launch("second-1-0"), /slots/);
    const home = join(folder, "home");
    assert.ok(readdirSync(home).includes("second-1-0"));
    assert.equal(await driver.find(target, "second-1-0" as LaunchKey, signal), undefined);
    await driver.release(first, signal);
    assert.deepEqual(
      readdirSync(home).filter((name) => !name.startsWith(".")),
      [],
    );
    rmSync(folder, { recursive: true });
  });
});

describe("the places of runs on a pool of ssh machines", { skip: withoutSshServer() ?? false }, () => {
  it("are where the most slots are free, and apart for the nodes of a run", async () => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-ssh-room-"));
    await using small = await startSshServer();
    await using large = await startSshServer();
    await large.trust(small);
    const hosts = [small, large].map(({ host, port, user, fingerprint }, index) => ({
      ...{ host, port, user, fingerprint, slots: index === 0 ? 4 : 9, address: `127.0.0.${index + 1}` },
    }));
    const options = { hosts, key: small.key, folder: join(folder, "far") };
    const target = { name: "lab", kind: "ssh", pool: "lab", options };
    const { signal } = new AbortController();
    await using drivers = sshDriversOn(folder, "room");
    await using driver = drivers.make();
    const common = { target, environment: {}, folders: [], argv: ["sleep", "1000"] };
    const processes = [0, 1].map((node) => ({
      ...{ name: `rank ${node}`, node, argv: common.argv, environment: {}, log: `user_logs/${node}.txt` },
    }));
    const group = { starter: "direct" as const, ports: [], environment: {}, graceMs: 1, processes };
    const alone = { ...common, key: "alone-1-0" as LaunchKey, nodes: 1 };
    const both = { ...common, key: "both-1-0" as LaunchKey, nodes: 2, group };
    const machines: string[][] = [];
    for (const plan of [alone, { ...both, away: { home: [], folders: [] } }]) {
      const handle = await driver.launch({ plan, secrets: {} }, signal);
      const ports = partsOf(plan.key, readHandle(handle)).map(({ way }) => way.host.port);
      machines.push(ports.map((one) => (one === large.port ? "large" : "small")));
    }
    assert.deepEqual(machines, [["large"], ["large", "small"]]);
    for (const { key } of [alone, both]) {
      const handle = await driver.find(target, key, signal);
      if (handle !== undefined) await driver.release(handle, signal);
    }
    rmSync(folder, { recursive: true });
  });
});

describe("a launch on two machines of which one refuses and the other is cut off", {
  skip: withoutSshServer() ?? false,
}, () => {
  const key = "cut-1-0" as LaunchKey;
  const { signal } = new AbortController();

  for (const restarted of [false, true])
    it(`leaves nothing there once that answers again${restarted ? ", also under a new service" : ""}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "malachite-ssh-cut-"));
      await using first = await startSshServer();
      await using second = await startSshServer();
      await second.trust(first);
      await using door = await openDoor(second);
      const servers = [first, { ...second, port: door.port }];
      const hosts = servers.map(({ host, port, user, fingerprint }, node) => ({
        ...{ host, port, user, fingerprint, slots: 2, address: `127.0.0.${node + 1}` },
      }));
      const options = { hosts, key: first.key, folder: join(folder, "far") };
      const target = { name: "lab", kind: "ssh", pool: "lab", options };
      // It is asked for the time of the start when everything lies on the machines.
      const cut = { begun: false };
      const clock = {
        ...systemClock,
        now: () => {
          cut.begun = true;
          void door.shut();
          return systemClock.now();
        },
      };
      await using drivers = sshDriversOn(folder, "cut");
      await using driver = drivers.make(clock);
      const processes = [0, 1].map((node) => ({
        ...{
          name: `rank ${node}`,
          node,
          argv: ["sleep", "1000"],
          environment: {},
          log: `user_logs/${node}.txt`,
        },
      }));
      const plan = {
        ...{ key, target, environment: {}, folders: [], nodes: 2, argv: ["true"] },
        group: { starter: "direct" as const, ports: [], environment: {}, graceMs: 1, processes },
        away: { home: [], folders: [] },
      };
      const far = () =>
        readdirSync(join(folder, "far/runs"), { recursive: true })
          .map(String)
          .filter((path) => /\/cut-1-0(\+1)?$/.test(path));
      const home = () => readdirSync(join(folder, "home")).filter((name) => !name.startsWith("."));
      await assert.rejects(
        driver.launch({ plan, secrets: { LONG: "x".repeat(1 << 20) } }, signal),
        (error) => isMalachiteError(error) && error.kind === "invalid",
      );
      assert.ok(cut.begun);
      assert.match(far().join(), /\+1$/);
      assert.deepEqual(home(), [key]);
      // As whoever owes that nothing is left asks for it, again and again.
      await using next = restarted ? drivers.make() : undefined;
      const now = next ?? driver;
      await assert.rejects(
        now.find(target, key, signal),
        (error) => isMalachiteError(error) && error.kind === "unavailable",
      );
      assert.deepEqual(home(), [key]);
      await door.open();
      assert.equal(await foundAgain(() => now.find(target, key, signal)), undefined);
      assert.deepEqual([far(), home()], [[], []]);
      rmSync(folder, { recursive: true });
    });
});

/** A machine that was away is not asked at once again. */
async function foundAgain<T>(find: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + 30_000; ; await pause(100))
    try {
      return await find();
    } catch (error) {
      if (Date.now() > end || !isMalachiteError(error) || error.kind !== "unavailable") throw error;
    }
}
