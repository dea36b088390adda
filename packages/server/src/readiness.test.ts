// That a disk on which nothing can be written is told, also when files can still be made on it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { createReadiness } from "./readiness.ts";

it("a service whose disk is full is not ready, and is when there is room again", {
  skip: existsSync("/dev/full") ? false : "no device that is always full",
}, async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), "malachite-ready-"));
  try {
    let now = 0;
    const parts = { records: async () => {}, dataFolder, ready: () => true, draining: () => false };
    const readiness = createReadiness(parts, () => now);
    symlinkSync("/dev/full", join(dataFolder, ".writable"));
    const told = await readiness();
    assert.equal(told.ready, false);
    assert.match(told.parts.find(({ ok }) => !ok)?.reason ?? "", /ENOSPC/);
    rmSync(join(dataFolder, ".writable"));
    now += 1000;
    assert.equal((await readiness()).ready, true);
    assert.ok(!existsSync(join(dataFolder, ".writable")));
  } finally {
    rmSync(dataFolder, { recursive: true });
  }
});
