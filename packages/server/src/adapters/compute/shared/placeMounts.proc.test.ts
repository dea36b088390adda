// Data in a run's folder and out of it: what is there is kept, what leads elsewhere is refused, and what was made is taken away.
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { LaunchPlan, Mount } from "@malachite/core";
import { placeMounts, removeMounts } from "./placeMounts.ts";

describe("mounts of a run", () => {
  let root = "";
  let run = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "malachite-mounts-"));
    run = join(root, "run");
    for (const path of ["run/project/own", "source/deep"]) mkdirSync(join(root, path), { recursive: true });
    write("source/a.txt", "new");
    write("source/deep/b.txt", "new");
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const text = (path: string) => readFileSync(join(run, path), "utf8");
  const place = (mounts: readonly Partial<Mount>[], nodes = 1, seenAs?: string) =>
    placeMounts(
      run,
      {
        nodes,
        mounts: mounts.map((mount) => ({
          source: join(root, "source"),
          at: "in",
          readOnly: false,
          ...mount,
        })),
      } as unknown as LaunchPlan,
      seenAs,
    );

  it("are one link where there was nothing, in the project of every node", async () => {
    await place([{ at: "x/in" }], 2);
    assert.equal(readlinkSync(join(run, "project/x/in")), join(root, "source"));
    assert.equal(text("nodes/1/project/x/in/deep/b.txt"), "new");
    await place([{ at: "x/in" }], 2);
  });

  it("come among files of the project, which are kept, or replaced when told", async () => {
    write("run/project/own/a.txt", "mine");
    await place([{ at: "own", merge: "keep" }]);
    assert.deepEqual([text("project/own/a.txt"), text("project/own/deep/b.txt")], ["mine", "new"]);
    await place([{ at: "own", merge: "replace" }]);
    assert.equal(text("project/own/a.txt"), "new");
    await place([{ at: "own", merge: "replace" }]);
  });

  it("never hide what the project has, unless they may come among it", async () => {
    await assert.rejects(place([{ at: "own" }]), /the project has a folder there/);
    write("run/project/file", "mine");
    await assert.rejects(place([{ at: "file" }]), /something else there/);
    await assert.rejects(place([{ at: "file/in" }]), /in the way/);
  });

  it("may lie in one another", async () => {
    await place([
      { at: "in/deep/more", source: join(root, "source/a.txt"), merge: "keep" },
      { at: "in", merge: "keep" },
    ]);
    assert.deepEqual(readdirSync(join(run, "project/in")).sort(), ["a.txt", "deep"]);
    assert.equal(text("project/in/a.txt"), "new");
    assert.ok(!existsSync(join(root, "source/deep/more")), "it was written into the source");
  });

  it("are not led out of the run's folder by a link in it", async () => {
    mkdirSync(join(root, "elsewhere"));
    symlinkSync(join(root, "elsewhere"), join(run, "project/link"));
    await assert.rejects(place([{ at: "link/in" }]), /in the way/);
    await assert.rejects(place([{ at: "../../in" }]), /leads out/);
    assert.deepEqual(readdirSync(join(root, "elsewhere")), []);
  });

  it("at a path of the machine are links that are taken away again, and only those", async () => {
    const at = join(root, "machine/in");
    await place([{ at }]);
    assert.equal(readlinkSync(at), join(root, "source"));
    await place([{ at }]);
    await removeMounts(run);
    assert.ok(!existsSync(at));
    writeFileSync(at, "somebody's");
    await assert.rejects(place([{ at }]), /something else is there/);
    await removeMounts(run);
    assert.equal(readFileSync(at, "utf8"), "somebody's");
  });

  it("at a path of the machine take the place of a link that a dead run has left", async () => {
    const at = join(root, "machine/in");
    mkdirSync(join(root, "machine"));
    symlinkSync(join(root, "gone"), at);
    await place([{ at }]);
    assert.equal(readlinkSync(at), join(root, "source"));
    rmSync(at);
    symlinkSync(join(root, "source/deep"), at);
    await assert.rejects(place([{ at }]), /something else is there/);
  });

  it("of a run that sees another machine are made in its own folder alone", async () => {
    await place([{ at: "/seen/data/in" }, { at: join(root, "machine/in") }], 1, "/seen");
    assert.ok(lstatSync(join(run, "data/in")).isSymbolicLink());
    assert.ok(!existsSync(join(root, "machine")));
  });
});
