// What a run uses of its machine, as a driver that can find it out tells it: of the whole tree, ended children too, and of no other run.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Handle, Usage } from "@malachite/core";
import type { Bench } from "./computeDriver.ts";

export function driverUsage(bench: Bench): void {
  const { signal } = bench;
  const python = bench.options.python ?? "/usr/bin/python3";
  const usageOf = async (handle: Handle): Promise<Usage | undefined> =>
    (await bench.driver.usage?.([{ handle }], signal))?.get(handle.key);

  describe("what a run uses", () => {
    it("is the CPU, the memory and the disk of its whole tree", async (t) => {
      if (bench.driver.usage === undefined) return t.skip("this engine does not tell it");
      const script = `
import os, sys, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
if os.fork() == 0:
    burn(1); os._exit(0)
os.wait()
held = bytearray(os.urandom(1 << 20)) * 150
with open("outputs/big", "wb") as file:
    file.write(os.urandom(1 << 20) * 30); file.flush(); os.fsync(file.fileno())
if os.fork() == 0:
    burn(3600)
# After the fork: who looks while it happens sees the half that the parent then has of what both share.
print("ready", flush=True)
time.sleep(3600)`;
      const handle = await bench.launch("busy", [python, "-c", script]);
      const idle = await bench.launch("idle", bench.payloads.forever);
      await bench.logWith(handle, "ready");
      const first = await bench.until("the usage", () => usageOf(handle));
      // The second of the child that has ended is in it.
      assert.ok((first.cpuMs ?? 0) >= 950, `${first.cpuMs} ms of CPU`);
      const megabytes = (first.memoryBytes ?? 0) / 1e6;
      assert.ok(megabytes > 140 && megabytes < 400, `${megabytes} MB of memory`);
      assert.ok(first.memoryLimitBytes > 0 && first.cpus > 0);
      if (first.writtenBytes !== undefined) assert.ok(first.writtenBytes >= 0);
      const second = await bench.until("more of it", async () => {
        const now = await usageOf(handle);
        return now !== undefined && (now.cpuMs ?? 0) > (first.cpuMs ?? 0) + 100 ? now : undefined;
      });
      assert.ok(second.at > first.at);
      const other = (await usageOf(idle)) ?? assert.fail("the idle run uses something");
      assert.ok((other.memoryBytes ?? 0) < 100e6, "another run's memory is not counted");
      const both = await bench.driver.usage([{ handle }, { handle: idle }], signal);
      assert.equal(both.size, 2);
      for (const one of [handle, idle]) await bench.driver.stop(one, 0, signal);
      assert.equal(await usageOf(handle), undefined);
    });

    it("of one that has ended or was never there is not told, and nothing is thrown", async (t) => {
      if (bench.driver.usage === undefined) return t.skip("this engine does not tell it");
      const handle = await bench.launch("over", bench.payloads.exit(0));
      await bench.ended(handle);
      assert.equal(await usageOf(handle), undefined);
      await bench.driver.release(handle, signal);
      assert.equal(await usageOf(handle), undefined);
    });
  });
}
