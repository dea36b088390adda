// Detection on trees made of plain folders; the kernel's own trees are used by the driver's conformance tests.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { detectCgroups, groupMembers } from "./cgroups.ts";

describe("detectCgroups", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "malachite-cgroups-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function tree(files: Record<string, string>, self: string) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    writeFileSync(join(root, "self"), self);
    return detectCgroups("/data/runs", { mount: root, self: join(root, "self") });
  }

  it("uses version 2 where the place of the service hands the memory controller down", () => {
    const parentOf = (groups: ReturnType<typeof tree>) => groups.of("k")[0]?.replace(/\/k$/, "") ?? "";
    const files = { "cgroup.controllers": "cpu memory pids\n", "svc/cgroup.subtree_control": "cpu memory\n" };
    // A plain folder hands down what is written into the file, as the kernel would.
    const groups = tree(files, "0::/svc\n");
    assert.deepEqual(groups.memory, { usable: true });
    const parent = parentOf(groups);
    assert.ok(parent.startsWith(join(root, "svc/malachite-")));
    // A plain folder keeps only what was written last.
    assert.equal(readFileSync(join(parent, "cgroup.subtree_control"), "utf8"), "+cpu");
    assert.deepEqual(groups.cpu, { usable: true });
    const [made = "", ...more] = groups.create("k", { memoryMiB: 2, cpus: 1.5 });
    assert.deepEqual(more, []);
    assert.equal(readFileSync(join(made, "memory.max"), "utf8"), "2097152");
    assert.equal(readFileSync(join(made, "cpu.max"), "utf8"), "150000 100000");
    assert.deepEqual(groups.keys(), ["k"]);
  });

  it("uses the neighbourhood when the service sits in a leaf of a delegated tree", () => {
    // A folder in the place of the file refuses to be written, as a group with processes would.
    mkdirSync(join(root, "svc/leaf/cgroup.subtree_control"), { recursive: true });
    const files = { "cgroup.controllers": "memory\n", "svc/cgroup.subtree_control": "memory\n" };
    const groups = tree(files, "0::/svc/leaf\n");
    assert.deepEqual(groups.memory, { usable: true });
    assert.match(groups.of("k")[0] ?? "", /\/svc\/malachite-[0-9a-f]{12}\/k$/);
  });

  it("still holds processes where version 2 limits nothing, and says what would help", () => {
    const files = { "cgroup.controllers": "memory\n" };
    mkdirSync(join(root, "svc/cgroup.subtree_control"), { recursive: true });
    mkdirSync(join(root, "cgroup.subtree_control"), { recursive: true });
    const groups = tree(files, "0::/svc\n");
    assert.equal(groups.memory.usable, false);
    assert.match(groups.memory.usable ? "" : groups.memory.reason, /no memory controller.*Delegate=yes/);
    assert.match(groups.cpu.usable ? "" : groups.cpu.reason, /no cpu controller.*Delegate=yes/);
    assert.equal(groups.of("k").length, 1);
    assert.throws(() => groups.create("k", { memoryMiB: 1 }), /Delegate/);
    assert.deepEqual(groups.create("k", {}), groups.of("k"));
  });

  it("uses both trees of a hybrid system, and finds a controller mounted with others", () => {
    mkdirSync(join(root, "unified"), { recursive: true });
    mkdirSync(join(root, "memory/a/b"), { recursive: true });
    mkdirSync(join(root, "cpu/x"), { recursive: true });
    const groups = tree({}, "9:cpu,cpuacct:/x\n4:memory:/a/b\n0::/\n");
    assert.deepEqual([groups.memory, groups.cpu], [{ usable: true }, { usable: true }]);
    assert.equal(groups.of("k").length, 3);
    const [, , timed = ""] = groups.create("timed", { cpus: 0.25 });
    assert.ok(timed.startsWith(join(root, "cpu/x/malachite-")));
    assert.equal(readFileSync(join(timed, "cpu.cfs_period_us"), "utf8"), "100000");
    assert.equal(readFileSync(join(timed, "cpu.cfs_quota_us"), "utf8"), "25000");
    assert.equal(groups.create("k", {}).length, 2, "the tree of processors is for runs with a limit");
    const [, limited = ""] = groups.create("k", { memoryMiB: 1 });
    assert.ok(limited.startsWith(join(root, "memory/a/b/malachite-")));
    assert.equal(readFileSync(join(limited, "memory.limit_in_bytes"), "utf8"), "1048576");
    // Swap is not accounted here: no file is made up for it.
    assert.equal(existsSync(join(limited, "memory.memsw.limit_in_bytes")), false);
  });

  it("limits memory where processors cannot be limited, and says why they cannot", () => {
    mkdirSync(join(root, "unified"), { recursive: true });
    mkdirSync(join(root, "memory"), { recursive: true });
    const groups = tree({}, "4:memory:/\n1:cpu:/not-mounted\n0::/\n");
    assert.deepEqual(groups.memory, { usable: true });
    assert.equal(existsSync(join(root, "cpu")), false);
    assert.match(groups.cpu.usable ? "" : groups.cpu.reason, /may not write the cpu control group/);
    assert.throws(() => groups.create("k", { cpus: 1 }), /cpu control group/);
  });

  it("says so where there is none", () => {
    const groups = tree({}, "");
    assert.equal(groups.memory.usable, false);
    assert.deepEqual([groups.of("k"), groups.create("k", {}), groups.keys()], [[], [], []]);
  });

  it("counts members of groups that the run made below its own", () => {
    mkdirSync(join(root, "g/below"), { recursive: true });
    writeFileSync(join(root, "g/cgroup.procs"), "1\n22\n");
    writeFileSync(join(root, "g/below/cgroup.procs"), "333\n");
    assert.deepEqual(groupMembers(join(root, "g")), [1, 22, 333]);
    assert.deepEqual(groupMembers(join(root, "none")), []);
  });
});
