// The folder of a launch with several nodes: projects of their own, and what they share.
import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type LaunchKey, type LaunchPlan, RUN_FOLDER } from "@malachite/core";
import { prepareFolder } from "./prepareFolder.ts";

describe("the folder of a run on several nodes", () => {
  let folder = "";
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "malachite-nodes-")));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A project with a file, one in a folder of its outputs too. */
  const placer = {
    async place(_tree: string, to: string) {
      mkdirSync(join(to, "outputs/deep"), { recursive: true });
      writeFileSync(join(to, "main.py"), "x");
      writeFileSync(join(to, "outputs/deep/brought.txt"), "b");
    },
    placeFiles: async () => {},
  };
  const process = (rank: number) => ({
    name: `rank ${rank}`,
    node: rank,
    argv: ["x"],
    environment: {},
    log: RUN_FOLDER.logOf(rank),
  });
  const plan: LaunchPlan = {
    key: "k" as LaunchKey,
    target: { name: "local", kind: "process", pool: "machine", options: {} },
    tree: "t",
    argv: ["python", "../group.py"],
    environment: {},
    folders: ["outputs", "outputs/deep", "logs", "curves/of"],
    nodes: 3,
    group: { starter: "direct", ports: [], environment: {}, processes: [0, 1, 2].map(process), graceMs: 1 },
  };

  it("has a project for each, whose shared folders are those of the first, also when it is made twice", async () => {
    for (let times = 0; times < 2; times++)
      await prepareFolder(folder, plan, placer, {}, new AbortController().signal);
    for (const node of [0, 1, 2]) {
      const project = join(folder, RUN_FOLDER.node(node));
      assert.deepEqual(readdirSync(project).sort(), ["curves", "logs", "main.py", "outputs"]);
      assert.equal(readFileSync(join(project, "outputs/deep/brought.txt"), "utf8"), "b");
      for (const path of plan.folders)
        assert.equal(realpathSync(join(project, path)), join(folder, "project", path));
    }
    assert.deepEqual(readdirSync(join(folder, "user_logs")).sort(), [
      "std_log_process_0.txt",
      "std_log_process_1.txt",
      "std_log_process_2.txt",
    ]);
    assert.ok(readdirSync(folder).includes("group.py"));
  });
});
