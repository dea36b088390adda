import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openDataFolder } from "./dataFolder.ts";

const HOLDER = `
import { openDataFolder } from ${JSON.stringify(new URL("./dataFolder.ts", import.meta.url).href)};
const folder = openDataFolder(process.argv[1]);
folder.announce({ pid: process.pid, url: "http://127.0.0.1:1", startedAt: "" });
process.stdout.write("held");
setInterval(() => {}, 1000);
`;

describe("the data folder", () => {
  let path: string;
  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), "malachite-data-")), "data");
  });
  afterEach(() => rmSync(join(path, ".."), { recursive: true, force: true }));

  it("is made for its owner alone, and keeps its id and secret", () => {
    let id: string;
    {
      using first = openDataFolder(path);
      id = first.id;
      assert.equal(statSync(path).mode & 0o777, 0o700);
      assert.equal(statSync(join(path, "secret")).mode & 0o777, 0o600);
      assert.equal(first.secret.length, 32);
    }
    using second = openDataFolder(path);
    assert.equal(second.id, id);
  });

  it("refuses a second server with a message that names the first, and is free again after its kill -9", async () => {
    const holder = spawn(
      process.execPath,
      ["--conditions=malachite-src", "--input-type=module", "-e", HOLDER, path],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    try {
      await once(holder.stdout, "data");
      assert.throws(
        () => openDataFolder(path),
        new RegExp(`process ${holder.pid}, http://127.0.0.1:1.*--data`),
      );
    } finally {
      holder.kill("SIGKILL");
      await once(holder, "exit");
    }
    using folder = openDataFolder(path);
    assert.ok(existsSync(folder.incoming));
  });
});
