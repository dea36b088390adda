// The kubernetes driver against the suite of all drivers, with a scripted API server behind it: always runs.
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { computeDriverConformance, type DriverUnderTest, type Payloads } from "./computeDriver.ts";
import { kubernetesDriverOn } from "./kubernetesDriverUnderTest.ts";
import { startScriptedCluster } from "./scriptedCluster.ts";

const payloads: Payloads = {
  exit: (code) => ["exit", String(code)],
  die: (signal) => ["die", signal],
  print: (line) => ["print", line],
  forever: ["forever"],
  stubborn: ["stubborn"],
};

async function makeDriver(): Promise<DriverUnderTest> {
  const cluster = await startScriptedCluster();
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-kubernetes-"));
  return kubernetesDriverOn({
    server: cluster.url,
    // The library asks for this where there is no TLS.
    cluster: { "insecure-skip-tls-verify": true },
    folder,
    user: userInfo(),
    away: { shut: cluster.down, open: cluster.up },
    async end() {
      for (const kind of ["jobs", "pods", "secrets"])
        assert.deepEqual(
          cluster.things(kind).map(({ metadata }) => metadata.name),
          [],
          `${kind} are left over`,
        );
      await cluster[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  });
}

computeDriverConformance("kubernetes, with a scripted API server", makeDriver, {
  payloads,
  realProcesses: false,
  many: 60,
});
