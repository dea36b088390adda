import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readSettings } from "../settings.ts";
import { addTarget, readOption } from "./addTarget.ts";

function withFile(text: string | undefined, act: (file: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "malachite-target-"));
  try {
    const file = join(folder, "malachite.yaml");
    if (text !== undefined) writeFileSync(file, text);
    act(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("adding a target to a settings file", () => {
  it("makes the file, and what it writes is what the service reads", () => {
    withFile(undefined, (file) => {
      addTarget(file, "night", { kind: "process", runsAtOnce: 1, memoryMiB: 512 });
      addTarget(file, "cpu-cluster", { kind: "process" });
      assert.deepEqual(readSettings({ settings: file }, {}).target, {
        night: { kind: "process", runsAtOnce: 1, options: { memoryMiB: 512 } },
        "cpu-cluster": { kind: "process", options: {} },
      });
      assert.equal(statSync(file).mode & 0o777, 0o600);
    });
  });

  it("keeps comments, order, other settings and the rights of the file", () => {
    const before = "# ours\nrunsAtOnce: 4 # cores\ntarget:\n  # the lab\n  lab: slurm\ngraceSeconds: 3\n";
    withFile(before, (file) => {
      chmodSync(file, 0o640);
      addTarget(file, "box", { kind: "container", image: "python:3.12", runsAtOnce: 2 });
      const after = readFileSync(file, "utf8");
      const added = before.replace(
        "  lab: slurm\n",
        "  lab: slurm\n  box: { kind: container, image: python:3.12, runsAtOnce: 2 }\n",
      );
      assert.equal(after, added);
      assert.equal(statSync(file).mode & 0o777, 0o640);
    });
  });

  it("refuses what the service would refuse, and leaves the file as it is", () => {
    const before = "target:\n  lab: slurm\n";
    withFile(before, (file) => {
      for (const [name, target, words] of [
        ["a b", { kind: "process" }, /'a b' is not a name/],
        ["x", { kind: "pbs" }, /the kind "pbs".* another of them\.$/],
        ["x", { kind: "kubernets" }, /the kind "kubernets".* Did you mean 'kubernetes'\?$/],
        ["x", { kind: "process", runsAtOnce: 0 }, /runsAtOnce of the target 'x'/],
        ["lab", { kind: "ssh" }, /has a target 'lab' already.*--replace/],
      ] as const)
        assert.throws(() => addTarget(file, name, target), words);
      assert.equal(readFileSync(file, "utf8"), before);
      addTarget(file, "lab", { kind: "ssh" }, { replace: true });
      assert.equal(readFileSync(file, "utf8"), "target:\n  lab: ssh\n");
    });
  });

  it("leaves what is there as it is asked for", () => {
    const before = "target: { lab: slurm,   box: {gpuIds: [0], kind: container} }\n";
    withFile(before, (file) => {
      addTarget(file, "lab", { kind: "slurm" });
      addTarget(file, "box", { kind: "container", gpuIds: [0] });
      assert.equal(readFileSync(file, "utf8"), before);
    });
  });

  it("refuses what is right by itself, and not together with the others", () => {
    const before = "target:\n  box: { kind: container, gpuIds: [0, 1] }\n";
    withFile(before, (file) => {
      assert.throws(
        () => addTarget(file, "x", { kind: "process", gpuIds: [1] }),
        /GPU 1 is of the targets 'box' and 'x'/,
      );
      assert.equal(readFileSync(file, "utf8"), before);
      addTarget(file, "box", { kind: "process", gpuIds: [1] }, { replace: true });
    });
  });

  it("refuses a file that is no list of settings", () => {
    for (const text of ["- a\n", "target: [a=process]\n", "target: 'a=process'\n", "a: [\n"])
      withFile(text, (file) => {
        assert.throws(() => addTarget(file, "x", { kind: "process" }), /malachite\.yaml/);
        assert.equal(readFileSync(file, "utf8"), text);
      });
  });

  it("reads options as YAML has their values", () => {
    assert.deepEqual(readOption("runsAtOnce=2"), ["runsAtOnce", 2]);
    assert.deepEqual(readOption("gpuIds=[0, 1]"), ["gpuIds", [0, 1]]);
    assert.deepEqual(readOption("image=python:3.12"), ["image", "python:3.12"]);
    assert.deepEqual(readOption("qos="), ["qos", ""]);
    assert.throws(() => readOption("runsAtOnce"), /NAME=VALUE/);
    assert.throws(() => readOption("a=[1"), /cannot be read/);
  });
});

describe("the settings file", () => {
  it("is that of the data folder where none is named, and may be missing there", () => {
    withFile("runsAtOnce: 3\n", (file) => {
      const folder = join(file, "..");
      assert.equal(readSettings({ data: folder }, {}).runsAtOnce, 3);
      assert.equal(readSettings({}, { MALACHITE_DATA: folder }).settingsFile, file);
      assert.equal(
        readSettings({ data: join(folder, "new") }, { MALACHITE_RUNS_AT_ONCE: "5" }).runsAtOnce,
        5,
      );
      assert.throws(() => readSettings({ settings: join(folder, "none.yaml") }, {}), /none\.yaml/);
    });
  });

  it("cannot move the data folder it lies in", () => {
    withFile("data: /elsewhere\n", (file) => {
      assert.throws(
        () => readSettings({ data: join(file, "..") }, {}),
        /'data' in .*lies in the data folder/,
      );
    });
  });
});
