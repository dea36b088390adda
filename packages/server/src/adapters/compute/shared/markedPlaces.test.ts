import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { appendFile, copyFile, mkdir, readFile, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { LaunchKey, LaunchPlan } from "@malachite/core";
import { createLines } from "./inLine.ts";
import { createLaunchMarks, type LaunchMark } from "./launchMarks.ts";
import { createMarkedPlaces } from "./markedPlaces.ts";
import { createRunsRoot } from "./runsRoot.ts";

const signal = new AbortController().signal;
const HOUR_MS = 3600_000;
const NOW = Date.now();
const YESTERDAY = NOW - 24 * HOUR_MS;
const OLD = NOW - 25 * HOUR_MS;
const SECRET = Buffer.from("the key of the service");
const keyOf = (name: string) => name as LaunchKey;

/** A folder of runs in which several services keep theirs; `over` is what the engine says. */
function bench(over: (mark: LaunchMark) => boolean | Promise<boolean> = () => true) {
  const path = mkdtempSync(join(tmpdir(), "malachite-marked-"));
  const root = createRunsRoot(join(path, "runs"));
  const asked: LaunchMark[] = [];
  const marksAt = (at: number, service = "ours", secret = SECRET) =>
    createLaunchMarks({ service, secret, clock: { now: () => at } });
  const places = createMarkedPlaces({
    marks: marksAt(NOW),
    inLine: createLines(),
    async whenOver(mark) {
      asked.push(mark);
      return (await over(mark)) ? async () => {} : undefined;
    },
  });
  const place = places.at(root);
  assert.equal(places.at(root), place);
  const environment = { AZUREML_RUN_ID: "Run_1", AZUREML_WORKSPACE_SCOPE: "/subscriptions/s" };
  const at = (name: string) => root.folder(keyOf(name));
  const age = (name: string) => utimes(at(name), OLD / 1000, OLD / 1000);
  const put = (name: string, marks = marksAt(OLD)) =>
    marks.put(at(name), { key: name, environment } as unknown as LaunchPlan, { cluster: name });
  return {
    ...{ path, place, asked, at, age, put, marksAt },
    /** A folder that nobody has touched since then, with that mark. */
    async make(name: string, marks?: ReturnType<typeof marksAt>) {
      await root.ready();
      await mkdir(join(at(name), "project"), { recursive: true });
      await put(name, marks);
      await age(name);
    },
    keys: () => place.keys(YESTERDAY),
    free: (name: string) => place.free(keyOf(name), YESTERDAY, signal),
    async [Symbol.asyncDispose]() {
      await root[Symbol.asyncDispose]();
      rmSync(path, { recursive: true });
    },
  };
}

describe("left-over launches in a folder that others use too", () => {
  it("are told by their marks, and go when the engine that they name has no job of them", async () => {
    await using b = bench();
    assert.deepEqual(await b.keys(), [], "no folder at all");
    await b.make("run-1");
    const mark = await readFile(join(b.at("run-1"), "mark"), "utf8");
    assert.match(mark, /"service":"ours","workspace":"\/subscriptions\/s","run":"Run_1","key":"run-1"/);
    assert.deepEqual(await b.keys(), ["run-1"]);
    assert.equal(await b.free("run-1"), true);
    assert.deepEqual(b.asked, [{ key: "run-1", at: OLD, engine: { cluster: "run-1" } }]);
    assert.ok(!existsSync(b.at("run-1")));
    assert.equal(await b.free("run-1"), true, "gone already");
  });

  it("stay while a job of them goes on, and where the engine cannot be asked", async () => {
    await using b = bench(({ key }) => {
      if (key === "unknown") throw new Error("Slurm does not answer.");
      return false;
    });
    for (const name of ["runs", "unknown"]) await b.make(name);
    assert.equal(await b.free("runs"), false);
    await assert.rejects(b.free("unknown"), /does not answer/);
    for (const name of ["runs", "unknown"]) assert.ok(existsSync(b.at(name)));
  });

  it("are none that were launched within the day, whatever the run has made of the time of its folder", async () => {
    await using b = bench();
    await b.make("young", b.marksAt(NOW - 23 * HOUR_MS));
    await b.make("touched");
    await mkdir(join(b.at("touched"), "new"));
    assert.deepEqual(await b.keys(), []);
    assert.equal(await b.free("young"), false);
    assert.ok(existsSync(b.at("young")));
  });

  it("are none that another server launches anew while the engine is being asked", async () => {
    await using b: ReturnType<typeof bench> = bench(async ({ key }) => {
      await b.put(key, b.marksAt(NOW));
      return true;
    });
    await b.make("again");
    assert.equal(await b.free("again"), false);
    assert.ok(existsSync(b.at("again")));
  });

  it("are none without a mark of this service for just that folder", async () => {
    await using b = bench();
    const made = ["bare", "theirs", "copied", "edited", "longer", "linked", "folder", "forged"];
    for (const name of ["ours", ...made]) await b.make(name);
    const markOf = (name: string) => join(b.at(name), "mark");
    rmSync(markOf("bare"));
    await b.put("theirs", b.marksAt(OLD, "theirs"));
    await b.put("forged", b.marksAt(OLD, "ours", Buffer.from("what a run knows")));
    await copyFile(markOf("ours"), markOf("copied"));
    const text = await readFile(markOf("ours"), "utf8");
    await writeFile(markOf("edited"), text.replace('"key":"ours"', '"key":"edited"'));
    await appendFile(markOf("longer"), " ".repeat(100_000));
    await rename(markOf("linked"), join(b.path, "elsewhere"));
    await symlink(join(b.path, "elsewhere"), markOf("linked"));
    await rename(b.at("folder"), join(b.path, "folder"));
    await symlink(join(b.path, "folder"), b.at("folder"));
    for (const name of made.filter((one) => one !== "folder")) await b.age(name);
    // The time of a link can be set by whoever makes it.
    assert.deepEqual(await b.place.keys(Number.MAX_SAFE_INTEGER), ["ours"]);
    for (const name of made) {
      assert.equal(await b.free(name), false, name);
      assert.ok(existsSync(b.at(name)), name);
    }
    assert.deepEqual(b.asked, []);
  });

  it("go with their links, and not with what these lead to", async () => {
    await using b = bench();
    await b.make("linking");
    await mkdir(join(b.path, "precious"));
    await writeFile(join(b.path, "precious", "file"), "kept");
    await symlink(join(b.path, "precious"), join(b.at("linking"), "project", "out"));
    await b.age("linking");
    assert.equal(await b.free("linking"), true);
    assert.equal(await readFile(join(b.path, "precious", "file"), "utf8"), "kept");
  });
});
