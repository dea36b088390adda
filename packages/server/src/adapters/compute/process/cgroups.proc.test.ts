// The control groups of this machine itself, as far as it has them.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { detectCgroups, freezeGroup, groupMembers, killGroup, removeGroups } from "./cgroups.ts";
import { endTree } from "./endTree.ts";
import { bootId, readProcess } from "./processTable.ts";

const groups = detectCgroups(join(tmpdir(), `malachite-groups-of-${process.pid}`));

/** Two processes that use all the time they get, from when the first is a member: what it starts before would be none. */
async function burning(directories: readonly string[]): Promise<ChildProcess> {
  const child = spawn("sh", ["-c", "read begin; (while :; do :; done) & while :; do :; done"], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(child, "spawn");
  for (const directory of directories) writeFileSync(join(directory, "cgroup.procs"), String(child.pid));
  child.stdin?.end("now\n");
  return child;
}

/** How many processes the groups have together; each is a member of all of them. */
const members = (group: readonly string[]): number => new Set(group.flatMap(groupMembers)).size;

const frozen = (directory: string): boolean =>
  /^frozen 1$/m.test(readFileSync(join(directory, "cgroup.events"), "utf8"));

async function until(what: string, fact: () => boolean): Promise<void> {
  for (const begun = performance.now(); !fact(); await pause(5))
    assert.ok(performance.now() - begun < 60_000, `not within a minute: ${what}`);
}

describe("control groups of this machine", {
  skip: groups.of("k").length === 0 && "no control groups can be made on this machine",
}, () => {
  after(() => groups.close());
  const made = groups.of("k").length === 0 ? [] : groups.create("probe", {});
  const can = (file: string) => made.some((directory) => existsSync(join(directory, file)));
  const canKill = can("cgroup.kill");
  const canFreeze = can("cgroup.freeze");
  after(() => removeGroups(made));

  it("are made with the limits that were asked for, and removed with all trees", {
    skip: !groups.cpu.usable && "processors are not limited here",
  }, async () => {
    const group = groups.create("limited", { cpus: 0.5 });
    const texts = group.flatMap((directory) =>
      ["cpu.max", "cpu.cfs_quota_us"].flatMap((file) =>
        existsSync(join(directory, file)) ? readFileSync(join(directory, file), "utf8").trim() : [],
      ),
    );
    assert.ok(texts.includes("50000") || texts.includes("50000 100000"), texts.join());
    assert.ok(groups.keys().includes("limited"));
    assert.ok(await removeGroups(groups.of("limited")));
    assert.ok(!groups.keys().includes("limited"));
  });

  it("end all their processes in one stroke", {
    skip: !canKill && "the kernel has no cgroup.kill",
  }, async () => {
    const group = groups.create("killed", {});
    const child = await burning(group);
    const closed = once(child, "exit");
    await until("both processes being members", () => members(group) === 2);
    assert.ok(group.some(killGroup));
    assert.deepEqual(await closed, [null, "SIGKILL"]);
    assert.ok(await removeGroups(group));
  });

  it("can be frozen, and what is frozen can be killed", {
    skip: !canFreeze && "the kernel has no cgroup.freeze",
  }, async () => {
    const group = groups.create("frozen", {});
    const child = await burning(group);
    const closed = once(child, "exit");
    await until("both processes being members", () => members(group) === 2);
    const freezable = group.filter((directory) => freezeGroup(directory, true));
    assert.equal(freezable.length, 1);
    await until("the group being frozen", () => freezable.every(frozen));
    for (const pid of new Set(group.flatMap(groupMembers))) process.kill(pid, "SIGKILL");
    assert.deepEqual(await closed, [null, "SIGKILL"]);
    assert.ok(freezeGroup(freezable[0] ?? "", false));
    assert.ok(await removeGroups(group));
  });

  it("are emptied by hand where the kernel does not do it", async () => {
    const group = groups.create("by-hand", {});
    const child = await burning(group);
    const closed = once(child, "exit");
    const pid = child.pid ?? 0;
    await until("both processes being members", () => members(group) === 2);
    const row = readProcess(pid);
    assert.ok(row);
    const tree = {
      script: { pid, startTime: row.startTime, boot: bootId() },
      // Named so that there is no file to kill by, as in trees of version 1.
      group: group.filter((directory) => !existsSync(join(directory, "cgroup.kill"))),
      mark: { name: "MALACHITE_RUN_FOLDER", value: "none" },
      begun: "/",
    };
    if (tree.group.length > 0) await endTree(tree, 0, AbortSignal.timeout(20_000));
    else group.some(killGroup);
    await closed;
    assert.ok(await removeGroups(group));
  });
});
