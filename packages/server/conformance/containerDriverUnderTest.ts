// The container driver with a real engine, as the suite of all drivers takes it.
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { TargetSettings } from "@malachite/core";
import { createContainerDriver } from "../src/adapters/compute/container/containerDriver.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { createEngines } from "../src/containers/index.ts";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
import { type EngineName, startContainerEngine, withoutEngine } from "./containerEngine.ts";
import { openDoor } from "./door.ts";
import { driverUnderTest, EMPTY_PLACER, marksOf } from "./driverUnderTest.ts";

const SERVICE = `conformance-${process.pid}`;
const signal = new AbortController().signal;

async function makeDriver(name: EngineName): Promise<DriverUnderTest> {
  const engine = await startContainerEngine(name);
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-containers-"));
  const socket = join(folder, "engine.sock");
  const door = await openDoor({ path: engine.socket }, { path: socket });
  const runs = join(folder, "runs");
  const target: TargetSettings = { name: "box", kind: "container", pool: "box", options: { socket } };
  const { uid, gid, username } = userInfo();
  return driverUnderTest({
    target,
    image: engine.image,
    runs,
    make: (placer = EMPTY_PLACER) =>
      createContainerDriver({
        folder: runs,
        service: SERVICE,
        engines: createEngines({}),
        placer,
        marks: marksOf(SERVICE),
        clock: systemClock,
        user: { uid, gid, name: username },
      }),
    away: door,
    async end() {
      const left = await createEngines({})
        .at(socket)
        .then((one) => one.ask("list", (api) => api.listContainers({ all: true }), signal));
      const own = left.filter(({ Labels }) => Labels["malachite.service"] === SERVICE);
      assert.deepEqual(
        own.map(({ Names }) => Names),
        [],
        "containers are left over",
      );
      await door.shut();
      await rm(folder, { recursive: true });
      await engine[Symbol.asyncDispose]();
    },
  });
}

/** Registers the suite for one engine. */
export function containerDriverConformance(name: EngineName): void {
  const skip = withoutEngine(name);
  computeDriverConformance(`container, with ${name}`, () => makeDriver(name), {
    ...(skip === undefined ? {} : { skip }),
    python: "/usr/bin/python3",
    holdsEverything: true,
    severalServers: true,
    memoryLimit: { memoryMiB: 64 },
    cpuLimit: { cpus: 0.2 },
    many: 12,
    deadlineMs: 60_000,
    // What an engine tells each container of itself.
    variables: ["HOSTNAME", "container", "TERM"],
  });
}
