// The kubernetes driver against the suite of all drivers, with a real cluster behind it.
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
import { openDoor } from "./door.ts";
import { startCluster, withoutCluster } from "./kubernetesCluster.ts";
import { kubernetesDriverOn } from "./kubernetesDriverUnderTest.ts";

async function makeDriver(): Promise<DriverUnderTest> {
  const cluster = await startCluster();
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-pods-"));
  const config = await readFile(cluster.kubeconfig, "utf8");
  const found = (pattern: RegExp): string => pattern.exec(config)?.[1] ?? assert.fail(String(pattern));
  const door = await openDoor({
    host: "127.0.0.1",
    port: Number(found(/server: "https:\/\/127\.0\.0\.1:(\d+)"/)),
  });
  return kubernetesDriverOn({
    server: `https://127.0.0.1:${door.port}`,
    cluster: { "certificate-authority": found(/certificate-authority: "([^"]+)"/) },
    credentials: { token: found(/token: "([^"]+)"/) },
    folder,
    user: userInfo(),
    image: cluster.image,
    options: { imagePullPolicy: "Never" },
    away: door,
    async end() {
      const left = await cluster.kubectl("get", "jobs,secrets", "-l", "malachite.service", "-o", "name");
      assert.equal(left, "", "jobs are left over");
      await door.shut();
      await rm(folder, { recursive: true });
      await cluster[Symbol.asyncDispose]();
    },
  });
}

const skip = withoutCluster();

computeDriverConformance("kubernetes", makeDriver, {
  ...(skip === undefined ? {} : { skip }),
  python: "/usr/bin/python3",
  holdsEverything: true,
  memoryLimit: { memoryMiB: 64 },
  cpuLimit: { cpus: 0.2 },
  severalServers: true,
  many: 8,
  deadlineMs: 120_000,
  // What Kubernetes tells each container of itself.
  variables: [
    "HOSTNAME",
    "JOB_COMPLETION_INDEX",
    ..."HOST SERVICE_HOST SERVICE_PORT SERVICE_PORT_HTTPS PORT PORT_443_TCP PORT_443_TCP_PROTO PORT_443_TCP_PORT PORT_443_TCP_ADDR"
      .split(" ")
      .map((name) => `KUBERNETES_${name}`),
  ],
});
