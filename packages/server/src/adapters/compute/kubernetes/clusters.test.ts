import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createClusters } from "./clusters.ts";

test("a machine without any kubeconfig says so, and what to give", async () => {
  const home = mkdtempSync(join(tmpdir(), "malachite-kubeconfig-"));
  const { HOME, KUBECONFIG } = process.env;
  using clusters = createClusters();
  try {
    process.env.HOME = home;
    delete process.env.KUBECONFIG;
    await assert.rejects(clusters.at({}), {
      code: "EngineUnavailable",
      message: /^There is no kubeconfig: .* option kubeconfig\.$/,
    });
    await assert.rejects(clusters.at({ kubeconfig: join(home, "none") }), /none/);
  } finally {
    if (HOME === undefined) delete process.env.HOME;
    else process.env.HOME = HOME;
    if (KUBECONFIG !== undefined) process.env.KUBECONFIG = KUBECONFIG;
    rmSync(home, { recursive: true });
  }
});
