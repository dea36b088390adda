// The ssh driver against the suite of all drivers, with a real ssh server behind it.
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TargetSettings } from "@malachite/core";
import { detectCgroups } from "../src/adapters/compute/process/cgroups.ts";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
import { openDoor } from "./door.ts";
import { driverUnderTest } from "./driverUnderTest.ts";
import { sshDriversOn } from "./sshDriverOn.ts";
import { startSshServer, withoutSshServer } from "./sshServer.ts";

const SERVICE = "conformance";

async function makeDriver(): Promise<DriverUnderTest> {
  const server = await startSshServer();
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-ssh-"));
  const far = join(folder, "far");
  const door = await openDoor(server);
  const { user, key, fingerprint } = server;
  const options = { host: "127.0.0.1", port: door.port, user, key, fingerprint, folder: far, slots: 1000 };
  const target: TargetSettings = { name: "lab", kind: "ssh", pool: "lab", options };
  const drivers = sshDriversOn(folder, SERVICE);
  return driverUnderTest({
    target,
    runs: join(folder, "home"),
    folder: (launchKey) => join(far, "runs", SERVICE, launchKey),
    make: () => drivers.make(),
    away: door,
    async end() {
      await drivers[Symbol.asyncDispose]();
      assert.deepEqual(await readdir(join(far, "runs", SERVICE)), [], "folders of runs are left over");
      assert.deepEqual(await readdir(join(far, "places", SERVICE)), [], "places of runs are left over");
      await door.shut();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  });
}

const groups = detectCgroups(join(tmpdir(), "malachite-probe"));
const skip = withoutSshServer();
computeDriverConformance("ssh", makeDriver, {
  ...(skip === undefined ? {} : { skip }),
  python: "/usr/bin/python3",
  holdsEverything: true,
  // The machine is this one, and its user root: what is limited here is limited there.
  memoryLimit: groups.memory.usable ? { memoryMiB: 64 } : undefined,
  cpuLimit: groups.cpu.usable ? { cpus: 0.2 } : undefined,
  many: 60,
  deadlineMs: 60_000,
});
