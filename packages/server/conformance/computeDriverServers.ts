// A launch that two servers are at, since the lease of one has run out while it slept: whatever it does then, the run is started once
// and nothing is taken from under it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import type { Bench } from "./computeDriver.ts";
import { EMPTY_PLACER } from "./driverUnderTest.ts";

const isUnavailable = (error: unknown): boolean => isMalachiteError(error) && error.kind === "unavailable";

export function driverServers(bench: Bench): void {
  const { signal } = bench;

  describe("several servers", () => {
    it("a server that slept while it made the folder of a run changes nothing of it when another has started it", {
      skip: bench.options.severalServers !== true && "its runs lie elsewhere",
    }, async () => {
      const reached = Promise.withResolvers<void>();
      const awake = Promise.withResolvers<void>();
      await using slow =
        bench.subject.another?.({
          ...EMPTY_PLACER,
          async place() {
            reached.resolve();
            await awake.promise;
          },
        }) ?? assert.fail("there is no other driver");
      const script = "echo begun; while [ ! -e go ]; do sleep 0.05; done; echo ended";
      const launch = bench.launchOf("slept", ["sh", "-c", script], { tree: "any" as never });
      const { key, target } = launch.plan;
      const late = slow.launch(launch, signal);
      late.catch(() => {});
      await reached.promise;
      assert.equal(await bench.driver.find(target, key, signal), undefined);
      const handle = await bench.driver.launch(launch, signal);
      await bench.logWith(handle, "begun");
      awake.resolve();
      await assert.rejects(late, isUnavailable);
      assert.deepEqual((await slow.find(target, key, signal))?.key, key);
      assert.equal((await bench.sight(handle)).at, "running");
      await bench.subject.write?.(key, "go", "");
      assert.equal((await bench.ended(handle)).code, 0);
      assert.equal((await bench.log(handle)).toString(), "begun\nended\n");
      await bench.driver.release(handle, signal);
    });

    it("a launch for which it is too late starts nothing, and is started by whoever comes next", async () => {
      const launch = bench.launchOf("late", ["sh", "-c", "echo once"]);
      const { key, target } = launch.plan;
      await assert.rejects(bench.driver.launch({ ...launch, startBefore: () => 0 }, signal), isUnavailable);
      assert.equal(await bench.driver.find(target, key, signal), undefined);
      const handle = await bench.driver.launch(
        { ...launch, startBefore: () => Number.MAX_SAFE_INTEGER },
        signal,
      );
      assert.equal((await bench.ended(handle)).code, 0);
      assert.equal((await bench.log(handle)).toString(), "once\n");
      await bench.driver.release(handle, signal);
    });
  });
}
