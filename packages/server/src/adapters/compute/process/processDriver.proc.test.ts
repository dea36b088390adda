// Crashes around the process driver: of the service, of the launcher, of the machine, and what they leave behind.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type Handle,
  isMalachiteError,
  type Launch,
  type LaunchKey,
  MalachiteError,
  type Sighting,
} from "@malachite/core";
import { inheritedEnvironment, MARKS } from "../shared/runEnvironment.ts";
import { detectCgroups } from "./cgroups.ts";
import { createLauncher, type Launcher } from "./launcher.ts";
import { createProcessDriver, type ProcessDriver } from "./processDriver.ts";
import { findAlive, hasVariable, listProcesses, readProcess } from "./processTable.ts";

const signal = new AbortController().signal;
const target = { name: "local", kind: "process", pool: "local", options: {} };
const entry = new URL("./launcherMain.js", import.meta.url);
const nodeArgs = ["--conditions=malachite-src"];
const sh = (script: string): readonly string[] => ["sh", "-c", script];

function launchOf(key: string, argv: readonly string[], tree?: string): Launch {
  const plan = { key: key as LaunchKey, target, argv, environment: {}, folders: ["outputs"], nodes: 1, tree };
  return { plan, secrets: {} };
}

async function until<T>(
  what: string,
  fact: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (const begun = performance.now(); ; await pause(5)) {
    const found = await fact();
    if (found !== undefined && found !== false) return found;
    assert.ok(performance.now() - begun < 60_000, `not within a minute: ${what}`);
  }
}

describe("process driver", { skip: process.platform === "win32" && "needs a POSIX system" }, () => {
  let folder = "";
  let driver: ProcessDriver;
  let launcher: Launcher;
  let placed: string[] = [];
  const children = new Set<ChildProcess>();

  function make(place?: (tree: string, into: string) => Promise<void>): void {
    launcher = createLauncher({ entry, nodeArgs, mark: folder });
    driver = createProcessDriver({
      folder,
      launcher,
      placer: {
        place: async (tree, into) => void (place ? await place(tree, into) : placed.push(into)),
        placeFiles: async () => {},
      },
      clock: { now: Date.now, sleep: async () => {} },
      cgroups: detectCgroups(folder),
      inherited: inheritedEnvironment(process.env),
    });
  }
  async function close(): Promise<void> {
    await driver[Symbol.asyncDispose]();
    await launcher[Symbol.asyncDispose]();
  }
  const sight = async (handle: Handle): Promise<Sighting | undefined> =>
    (await driver.observe([handle], signal)).get(handle.key);
  const ended = (handle: Handle) =>
    until(`the end of ${handle.key}`, async () => {
      const seen = await sight(handle);
      assert.notEqual(seen?.at, "gone");
      return seen?.at === "ended" && seen;
    });
  const logOf = (key: string): Promise<string> =>
    readFile(join(folder, key, "user_logs/std_log.txt"), "utf8");

  before(async () => {
    // A name with a blank: nothing may depend on its absence.
    folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite driver-"));
  });
  beforeEach(() => {
    placed = [];
    make();
  });
  afterEach(async () => {
    for (const child of children) child.kill("SIGKILL");
    children.clear();
    for (const key of await readdir(folder)) {
      if (key.startsWith(".")) continue;
      const handle = await driver.find(target, key as LaunchKey, signal);
      if (handle !== undefined) await driver.release(handle, signal);
    }
    await close();
    const left = listProcesses().filter(({ pid }) => hasVariable(pid, MARKS.folder, folder));
    assert.deepEqual(left, []);
  });
  after(async () => {
    detectCgroups(folder).close();
    await rm(folder, { recursive: true });
  });

  /** A service in a process of its own; answers the handles of the launches it is told. */
  async function serverWith(launches: readonly Launch[]) {
    const main = fileURLToPath(new URL("./testServer.ts", import.meta.url));
    const child = spawn(process.execPath, [...nodeArgs, main, folder], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.add(child);
    const answers: { handle: Handle; launcher: number }[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => answers.push(JSON.parse(line)));
    for (const launch of launches) child.stdin.write(`${JSON.stringify(launch)}\n`);
    return { child, answers };
  }

  it("gives its runs the tools of their target, and the definition's variables before them", async () => {
    const setup = join(folder, ".set up.sh");
    await writeFile(setup, "export LOADED=cuda GIVEN=no\n");
    const launch = launchOf("tools", sh('echo "$LOADED $GIVEN $PATH"'));
    const options = { setup, toolPath: ["/opt/tools"] };
    const plan = { ...launch.plan, target: { ...target, options }, environment: { GIVEN: "yes" } };
    await ended(await driver.launch({ ...launch, plan }, signal));
    assert.equal(await logOf("tools"), `cuda yes /opt/tools:${process.env.PATH}\n`);
    await rm(setup);
  });

  it("finds its runs after the service was killed, and they go on", async () => {
    const launch = launchOf(
      "outlive",
      sh("echo one; while [ ! -e go ]; do sleep 0.02; done; echo two; exit 42"),
    );
    const { child, answers } = await serverWith([launch]);
    const answer = await until("the handle", () => answers[0]);
    await until("the first line", async () => (await logOf("outlive")).includes("one"));
    child.kill("SIGKILL");
    await once(child, "exit");
    await until(
      "the launcher to end",
      () => !existsSync(`/proc/${answer.launcher}`) || isZombie(answer.launcher),
    );
    const found = await driver.find(target, launch.plan.key, signal);
    assert.deepEqual(found, answer.handle);
    assert.equal((await sight(answer.handle))?.at, "running");
    await writeFile(join(folder, "outlive/project/go"), "");
    assert.equal((await ended(answer.handle)).code, 42);
    assert.equal(await logOf("outlive"), "one\ntwo\n");
  });

  it("starts each launch once or not at all when the service is killed in the middle of many", async () => {
    for (let round = 0; round < 4; round++) {
      const launches = Array.from({ length: 25 }, (_, index) =>
        launchOf(`crash-${round}-${index}`, sh("echo ran; sleep 0.05; exit 3")),
      );
      const { child, answers } = await serverWith(launches);
      await until("some handles", () => answers.length >= 1 + round * 6);
      child.kill("SIGKILL");
      await once(child, "exit");
      // A new service does as the flow does: looks for the launch, and launches it when there is none.
      make();
      for (const launch of launches) {
        const handle =
          (await driver.find(target, launch.plan.key, signal)) ?? (await driver.launch(launch, signal));
        assert.equal((await ended(handle)).code, 3);
        assert.equal(await logOf(launch.plan.key), "ran\n", launch.plan.key);
      }
      await close();
      make();
    }
  });

  it("starts runs although its launcher is killed again and again", async () => {
    const launches = Array.from({ length: 40 }, (_, index) =>
      launchOf(`launcher-${index}`, sh("echo ran; exit 3")),
    );
    let killing = true;
    const killer = (async () => {
      for (let times = 0; killing && times < 3; times++) {
        await until("a launcher", () => launcher.pid !== undefined || !killing);
        await pause(30);
        if (killing && launcher.pid !== undefined) process.kill(launcher.pid, "SIGKILL");
      }
    })();
    const handles = await Promise.all(launches.map((launch) => driver.launch(launch, signal)));
    killing = false;
    await killer;
    for (const handle of handles) {
      assert.equal((await ended(handle)).code, 3);
      assert.equal(await logOf(handle.key), "ran\n");
    }
  });

  it("begins again with a folder that was half made, and clears one that is not wanted any more", async () => {
    await mkdir(join(folder, "half/project"), { recursive: true });
    await writeFile(join(folder, "half/start.sh"), "exit 1 # half wri");
    const handle = await driver.launch(launchOf("half", sh("exit 5"), "tree"), signal);
    assert.equal((await ended(handle)).code, 5);
    assert.equal(placed.length, 1, "anew, whatever was there");
    assert.match(placed[0] ?? "", /\.making\/half-[^/]+\/project$/);
    assert.equal(existsSync(join(folder, "half/claim")), true);
    await mkdir(join(folder, "unwanted/project"), { recursive: true });
    assert.equal(await driver.find(target, "unwanted" as LaunchKey, signal), undefined);
    assert.equal(existsSync(join(folder, "unwanted")), false);
  });

  it("leaves nothing of a launch whose project cannot be placed", async () => {
    await close();
    make(async () => {
      throw new MalachiteError("StorageFailed", "content abc is damaged");
    });
    await assert.rejects(driver.launch(launchOf("damaged", sh("true"), "tree"), signal), /damaged/);
    assert.equal(existsSync(join(folder, "damaged")), false);
    await close();
    make(async (_tree, into) => writeFile(join(into, "outputs"), ""));
    const isRefused = (error: unknown) => isMalachiteError(error) && /outputs/.test(error.message);
    await assert.rejects(driver.launch(launchOf("in-the-way", sh("true"), "tree"), signal), isRefused);
    assert.equal(existsSync(join(folder, "in-the-way")), false);
    assert.deepEqual(detectCgroups(folder).keys(), []);
  });

  it("takes a launch that was claimed and never got further for gone, and does not start it again", async () => {
    await mkdir(join(folder, "claimed/claim"), { recursive: true });
    const found = await driver.find(target, "claimed" as LaunchKey, signal);
    assert.ok(found);
    assert.deepEqual(await sight(found), { at: "gone" });
    assert.deepEqual(await driver.launch(launchOf("claimed", sh("true")), signal), found);
    await driver.stop(found, 1000, signal);
  });

  it("takes processes of an earlier boot for gone, whoever has their pid now", async () => {
    const handle = await driver.launch(launchOf("boot", sh("sleep 60")), signal);
    const state = JSON.parse(handle.state);
    const earlier = {
      ...handle,
      state: JSON.stringify({ ...state, script: { ...state.script, boot: "earlier" } }),
    };
    assert.deepEqual(await sight(earlier), { at: "gone" });
    await driver.stop(earlier, 0, signal);
    assert.equal((await sight(handle))?.at, "running");
    // The pid was used again: neither the handle nor the folder names the process that has it now.
    const reused = { ...state.script, startTime: "1" };
    const pids = join(folder, "boot/pids");
    await until("the pids", async () => (await readFile(pids, "utf8").catch(() => "")).endsWith("\n"));
    const own = await readFile(pids, "utf8");
    await writeFile(pids, JSON.stringify({ ...reused, startedAt: 1 }));
    assert.deepEqual(await sight({ ...handle, state: JSON.stringify({ ...state, script: reused }) }), {
      at: "gone",
    });
    await writeFile(pids, own);
  });

  it("follows the start script that holds the claim when the handle names one that lost it", async () => {
    const handle = await driver.launch(
      launchOf("twice", sh("echo ran; while [ ! -e go ]; do sleep 0.02; done; exit 8")),
      signal,
    );
    await until("the first line", async () => (await logOf("twice")) !== "");
    const state = JSON.parse(handle.state);
    const loser = spawn("sh", [join(folder, "twice/start.sh"), join(folder, "twice"), "--", "echo", "again"]);
    const { pid } = loser;
    const { startTime } = readProcess(pid ?? 0) ?? assert.fail("it is not reaped before the next turn");
    await once(loser, "exit");
    const lost = {
      ...handle,
      state: JSON.stringify({ ...state, script: { ...state.script, pid, startTime } }),
    };
    assert.equal((await sight(lost))?.at, "running");
    await writeFile(join(folder, "twice/project/go"), "");
    assert.equal((await ended(lost)).code, 8);
    assert.equal(await logOf("twice"), "ran\n");
    const stopped = await driver.launch(launchOf("twice-more", sh("sleep 60")), signal);
    const other = {
      ...stopped,
      state: JSON.stringify({ ...JSON.parse(stopped.state), script: { ...state.script, pid, startTime } }),
    };
    await driver.stop(other, 1000, signal);
    assert.equal((await ended(stopped)).signal, "SIGTERM");
  });

  it("takes a run whose start script was killed for gone, and stop ends what it left", async () => {
    const handle = await driver.launch(launchOf("orphan", sh("echo $$; exec sleep 60")), signal);
    const pid = await until("the pid", async () => Number(await logOf("orphan")) || undefined);
    process.kill(JSON.parse(handle.state).script.pid, "SIGKILL");
    await until("gone", async () => (await sight(handle))?.at === "gone");
    await driver.stop(handle, 1000, signal);
    assert.ok(!existsSync(`/proc/${pid}`) || isZombie(pid));
  });

  it("counts a zombie as gone", async () => {
    const handle = await driver.launch(launchOf("zombie", sh("true")), signal);
    await ended(handle);
    // A parent that never reaps: the child stays a zombie for as long as the parent lives.
    const parent = spawn("python3", [
      "-c",
      "import os,time\nprint(os.spawnlp(os.P_NOWAIT,'true','true'),flush=True)\ntime.sleep(60)",
    ]);
    children.add(parent);
    const [text] = await once(parent.stdout, "data");
    const pid = Number(text);
    await until("a zombie", () => isZombie(pid));
    const row = readProcess(pid);
    assert.equal(row?.state, "Z");
    assert.equal(findAlive({ pid, startTime: row?.startTime ?? "", boot: "b" }, "b"), undefined);
  });

  it("does not believe an exit record that is a link, a pipe or nonsense", async () => {
    const handle = await driver.launch(launchOf("forged", sh("sleep 60")), signal);
    const exit = join(folder, "forged/exit.json");
    await writeFile(join(folder, "elsewhere.json"), '{"code":0}');
    await symlink(join(folder, "elsewhere.json"), exit);
    assert.equal((await sight(handle))?.at, "running");
    await rm(exit);
    await once(spawn("mkfifo", [exit]), "exit");
    assert.equal((await sight(handle))?.at, "running");
    await rm(exit);
    await writeFile(exit, "x".repeat(1_000_000));
    assert.equal((await sight(handle))?.at, "running");
    await rm(join(folder, "elsewhere.json"));
    await driver.stop(handle, 1000, signal);
    assert.equal((await ended(handle)).signal, "SIGTERM");
  });

  it("says that the disk does not answer when a run's folder cannot be read", {
    skip: process.getuid?.() === 0 && "root may read everything",
  }, async () => {
    const handle = await driver.launch(launchOf("closed", sh("true")), signal);
    await ended(handle);
    const { chmod } = await import("node:fs/promises");
    await chmod(join(folder, "closed"), 0);
    const isUnavailable = (error: unknown) => isMalachiteError(error) && error.code === "EngineUnavailable";
    await assert.rejects(driver.observe([handle], signal), isUnavailable);
    await chmod(join(folder, "closed"), 0o700);
  });

  it("clears control groups and trash that a crash has left", async () => {
    const stray = detectCgroups(folder);
    const group = stray.create("stray-1-0", {});
    const sleeper = spawn("sh", [
      "-c",
      `for g; do echo 0 >"$g/cgroup.procs"; done; exec sleep 60`,
      "sh",
      ...group,
    ]);
    children.add(sleeper);
    await mkdir(join(folder, ".trash/old/deep"), { recursive: true });
    await driver.find(target, "whatever" as LaunchKey, signal);
    assert.deepEqual(stray.keys(), []);
    if (group.length > 0)
      assert.ok(
        sleeper.exitCode !== null ||
          sleeper.signalCode !== null ||
          isZombie(sleeper.pid ?? 0) ||
          (await once(sleeper, "exit")),
      );
    await until("an empty trash", async () => (await readdir(join(folder, ".trash"))).length === 0);
  });

  it("refuses handles and keys that are not its own", async () => {
    const foreign = { key: "../../etc" as LaunchKey, kind: "process", version: 1, state: "{}" };
    await assert.rejects(driver.observe([foreign], signal), /not made by the process driver/);
    assert.throws(() => driver.folder(foreign), /no launch key/);
    await assert.rejects(driver.launch(launchOf("../x", sh("true")), signal), /no launch key/);
    await assert.rejects(driver.release({ ...foreign, key: "ok" as LaunchKey }, signal), /not made/);
  });
});

function isZombie(pid: number): boolean {
  return !listProcesses().some((row) => row.pid === pid);
}
