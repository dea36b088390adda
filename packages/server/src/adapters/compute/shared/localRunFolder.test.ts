// Files that change while they are followed; the conformance suite of drivers covers what is hostile.
import assert from "node:assert/strict";
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createLocalRunFolder } from "./localRunFolder.ts";
import { segmentsOf } from "./openInside.ts";

describe("local run folder", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "malachite-folder-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("tells of a file that comes into being, grows and is replaced", async () => {
    const folder = createLocalRunFolder(root);
    const end = new AbortController();
    let seen: number | undefined = -1;
    let told = 0;
    const following = (async () => {
      for await (const _ of folder.changes("log", end.signal)) {
        seen = await folder.size("log");
        told++;
      }
    })();
    const until = async (size: number | undefined): Promise<void> => {
      const deadline = Date.now() + 10_000;
      while (seen !== size || told === 0) {
        assert.ok(Date.now() < deadline, `${size} is not told of; last was ${seen}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await until(undefined);
    writeFileSync(join(root, "log"), "1");
    await until(1);
    appendFileSync(join(root, "log"), "22");
    await until(3);
    rmSync(join(root, "log"));
    await until(undefined);
    writeFileSync(join(root, "log"), "333333");
    await until(6);
    end.abort();
    await following;
  });

  it("gives away only files that belong to nobody else", async () => {
    mkdirSync(join(root, "d"));
    writeFileSync(join(root, "d/own"), "1");
    writeFileSync(join(root, "d/shared"), "2");
    linkSync(join(root, "d/shared"), join(root, "d/second"));
    symlinkSync("d", join(root, "link"));
    const folder = createLocalRunFolder(root);
    assert.equal(folder.localPath?.("d/own"), join(root, "d/own"));
    for (const path of ["d/shared", "d/none", "d", "link/own", "../x", ""]) {
      assert.equal(folder.localPath?.(path), undefined, path);
    }
  });

  it("reads to the end as it is when asked", async () => {
    writeFileSync(join(root, "log"), "x".repeat(600_000));
    const folder = createLocalRunFolder(root);
    let size = 0;
    for await (const chunk of folder.read("log")) {
      appendFileSync(join(root, "log"), "y".repeat(1000));
      size += chunk.length;
    }
    assert.equal(size, 600_000);
  });
});

describe("segmentsOf", () => {
  it("refuses what leads elsewhere", () => {
    for (const path of ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\0", "x".repeat(5000)]) {
      assert.equal(segmentsOf(path), undefined, path);
    }
    assert.deepEqual(segmentsOf("a/..b/c..\\d"), ["a", "..b", "c..\\d"]);
  });
});
