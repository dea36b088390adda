// The container driver with a real engine, as the suite of all drivers takes it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { ComputeDriver, Launch, TargetSettings } from "@malachite/core";
import { createContainerDriver } from "../src/adapters/compute/container/containerDriver.ts";
import { createEngines } from "../src/containers/index.ts";
import { computeDriverConformance, type DriverUnderTest } from "./computeDriver.ts";
import { type EngineName, startContainerEngine, withoutEngine } from "./containerEngine.ts";

const signal = new AbortController().signal;

async function makeDriver(name: EngineName): Promise<DriverUnderTest> {
  const engine = await startContainerEngine(name);
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-containers-"));
  const socket = join(folder, "engine.sock");
  const door = await openDoor(socket, engine.socket);
  const runs = join(folder, "runs");
  const target: TargetSettings = { name: "box", kind: "container", pool: "box", options: { socket } };
  const { uid, gid, username } = userInfo();
  const make = () =>
    withImage(
      createContainerDriver({
        folder: runs,
        service: `conformance-${process.pid}`,
        engines: createEngines({}),
        placer: { place: async () => {}, placeFiles: async () => {} },
        clock: { now: Date.now, sleep: async () => {} },
        user: { uid, gid, name: username },
      }),
      engine.image,
      socket,
    );
  let made = make();
  return {
    driver: made,
    target,
    async restart() {
      await made[Symbol.asyncDispose]();
      made = make();
      return made;
    },
    write: (key, path, text) => writeFile(join(runs, key, "project", path), text),
    async withoutEngine(work) {
      await door.close();
      try {
        await work();
      } finally {
        await door.open();
      }
    },
    async [Symbol.asyncDispose]() {
      for (const key of (await readdir(runs)).filter((name) => /^[a-z]/.test(name))) {
        const handle = await made.find(target, key as never, signal);
        if (handle !== undefined) await made.release(handle, signal);
      }
      const left = await createEngines({})
        .at(socket)
        .then((one) => one.ask("list", (api) => api.listContainers({ all: true }), signal));
      const own = left.filter(({ Labels }) => Labels["malachite.service"] === `conformance-${process.pid}`);
      assert.deepEqual(
        own.map(({ Names }) => Names),
        [],
        "containers are left over",
      );
      await made[Symbol.asyncDispose]();
      await door.close();
      await rm(folder, { recursive: true });
      await engine[Symbol.asyncDispose]();
    },
  };
}

/** A socket that leads to another one, and can be closed: then nobody answers, and connections that were open are cut. */
async function openDoor(socket: string, to: string) {
  const open = new Set<Socket>();
  const make = () =>
    createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ path: to, allowHalfOpen: true });
      for (const [from, into] of [
        [near, far],
        [far, near],
      ] as const) {
        open.add(from);
        from
          .on("error", () => into.destroy())
          .on("close", () => {
            open.delete(from);
            into.destroy();
          });
        from.pipe(into);
      }
    });
  let server = make();
  const door = {
    open: async () => {
      server = make().listen(socket);
      await once(server, "listening");
    },
    close: async () => {
      server.close();
      for (const one of open) one.destroy();
      await once(server, "close");
    },
  };
  await door.open();
  return door;
}

/** The suite knows of no images: each of its launches gets one, and the socket where it changes the options. */
function withImage<T extends ComputeDriver>(driver: T, reference: string, socket: string): T {
  const withOptions = (target: TargetSettings): TargetSettings => ({
    ...target,
    options: { socket, ...target.options },
  });
  return {
    ...driver,
    check: (target, at) => driver.check(withOptions(target), at),
    launch: ({ plan, secrets }: Launch, at: AbortSignal) =>
      driver.launch(
        { plan: { ...plan, target: withOptions(plan.target), image: { reference, arguments: [] } }, secrets },
        at,
      ),
  };
}

/** Registers the suite for one engine. */
export function containerDriverConformance(name: EngineName): void {
  const skip = withoutEngine(name);
  computeDriverConformance(`container, with ${name}`, () => makeDriver(name), {
    ...(skip === undefined ? {} : { skip }),
    python: "/usr/bin/python3",
    holdsEverything: true,
    memoryLimit: { memoryMiB: 64 },
    cpuLimit: { cpus: 0.2 },
    many: 12,
    deadlineMs: 60_000,
    // What an engine tells each container of itself.
    variables: ["HOSTNAME", "container", "TERM"],
  });
}
