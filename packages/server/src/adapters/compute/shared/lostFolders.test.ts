import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Handle, LaunchKey, Sighting } from "@malachite/core";
import { createLostFolders } from "./lostFolders.ts";

const never = new AbortController().signal;
const handle = (key: string): Handle => ({ key: key as LaunchKey, kind: "k", version: 1, state: "" });
const RUNNING: Sighting = { at: "running" };

describe("runs whose end cannot be read", () => {
  it("say of a launch that is gone whether its folder is lost", async () => {
    const path = mkdtempSync(join(tmpdir(), "malachite-lost-"));
    try {
      const { gone } = createLostFolders({ now: () => 0 });
      mkdirSync(join(path, "there"));
      writeFileSync(join(path, "file"), "");
      assert.deepEqual(await gone(join(path, "there")), { at: "gone" });
      const why = async (name: string) => ((await gone(join(path, name))) as { why?: string }).why;
      assert.equal(await why("none"), `${join(path, "none")} is not there any more.`);
      assert.equal(await why("file"), `${join(path, "file")} is no folder any more.`);
      assert.equal(await why("file/below"), `${join(path, "file/below")} is not there any more.`);
    } finally {
      rmSync(path, { recursive: true });
    }
  });

  it("hold up no other, and are waited for as long as was said, from the first time on", async () => {
    let now = 0;
    const lost = createLostFolders({ now: () => now }, 600_000);
    const [bad, good] = [handle("bad"), handle("good")];
    let broken = true;
    const sight = async ({ key }: Handle): Promise<Sighting> => {
      if (key === bad.key && broken) throw new Error("EIO: i/o error, read");
      return RUNNING;
    };
    const seen = async (...handles: readonly Handle[]) =>
      Object.fromEntries(await lost.all(handles, sight, never));
    assert.deepEqual(await seen(bad, good), { good: RUNNING });
    await assert.rejects(seen(bad), /EIO/);
    now = 599_999;
    assert.deepEqual(await seen(bad, good), { good: RUNNING });
    broken = false;
    assert.deepEqual(await seen(bad, good), { bad: RUNNING, good: RUNNING });
    broken = true;
    now = 700_000;
    assert.deepEqual(await seen(bad, good), { good: RUNNING });
    now = 1_300_000;
    const why = "Its end could not be read for 10 minutes: EIO: i/o error, read";
    assert.deepEqual(await seen(bad), { bad: { at: "gone", why } });
    lost.forget(bad.key);
    assert.deepEqual(await seen(bad, good), { good: RUNNING });
  });

  it("say nothing of what was called off", async () => {
    const stop = new AbortController();
    const lost = createLostFolders({ now: () => 0 }, 0);
    const sight = async (): Promise<Sighting> => {
      stop.abort(new Error("stopped"));
      throw new Error("EIO");
    };
    await assert.rejects(lost.all([handle("a")], sight, stop.signal), /stopped/);
  });
});
