// Runs of several nodes on a real cluster with a real DNS server, where nodes know each other by the names of their pods.
import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { cancel, ended, reached } from "../support/runs.ts";
import { until } from "../support/service.ts";
import { orSkip } from "../support/tools.ts";
import { type ClusterNames, coreDns, giveNames } from "./coreDns.ts";
import type { OverPods } from "./overPods.ts";
import { EACH, LONG_MS, looksAt, MEET, MPI, SUM, TOLD, TORCH } from "./podPrograms.ts";

const THREE = { ...TORCH, nodeCount: 3, pytorch: { processCount: 3 } };
const BY_NAMES = /^told (\S+)-0\.\1 \1-0\.\1 \1-1\.\1 \1-2\.\1 which lead to 3$/m;
const TWO_BY_NAMES = /^told (\S+)-0\.\1 \1-0\.\1 \1-1\.\1 which lead to 2$/m;

export type OverNames = Omit<OverPods, "targets" | "onVolume"> & { readonly targets: readonly string[] };

/** Defines the tests, for targets whose pods have names. */
export function overNames({ service, cluster, targets, start, free, mpiImage }: OverNames): void {
  const { log, up, podOf, evict } = looksAt(service, cluster);
  let names: ClusterNames | undefined;
  const named = (name: string, work: (names: ClusterNames) => Promise<void>) =>
    it(name, async (t: TestContext) => {
      if (orSkip(t, coreDns) !== undefined) await work(names as ClusterNames);
    });

  before(async () => {
    const path = (() => {
      try {
        return coreDns();
      } catch {
        // Each test says so.
        return undefined;
      }
    })();
    if (path === undefined) return;
    await mpiImage();
    names = await giveNames(cluster(), path);
    await names.begin();
  });
  after(() => names?.[Symbol.asyncDispose]());

  for (const target of targets)
    describe(`of the target '${target}'`, () => {
      named("meet at names, which lead to their pods, and these go with the run", async () => {
        const runId = await start(target, MEET + TOLD, THREE);
        await reached(service(), runId, "Completed", LONG_MS);
        assert.match(await log(runId, 0), /^met 3 3 3$/m);
        for (const rank of [0, 1, 2]) assert.match(await log(runId, rank), BY_NAMES);
        await free();
        const left = await cluster().kubectl("get", "services", "-l", "malachite.service", "-o", "name");
        assert.equal(left.trim(), "");
      });

      named("add up by MPI over names", async () => {
        const runId = await start(target, SUM(TOLD), { ...MPI });
        await reached(service(), runId, "Completed", LONG_MS);
        for (const rank of [0, 1, 2, 3]) {
          const text = await log(runId, rank);
          assert.match(text, new RegExp(`^up ${rank} of 4 node ${rank >> 1} pods 2 sum 6$`, "m"));
          assert.match(text, TWO_BY_NAMES);
        }
        await free();
      });

      named("say which rank of MPI failed, in the pod of a name", async () => {
        const script = SUM("if world.rank == 3: os._exit(7)\ntime.sleep(600)");
        const run = await ended(service(), await start(target, script, MPI));
        assert.match(JSON.stringify(run.error), /Rank 3 ended with exit code 7/);
        await free();
      });

      named("end in the cluster's words when it takes a pod away that was met by its name", async () => {
        const runId = await start(target, TOLD + EACH("pass"), TORCH);
        await up(runId, 0, 1);
        for (const rank of [0, 1]) assert.match(await log(runId, rank), TWO_BY_NAMES);
        const name = await podOf(1);
        await evict(name);
        const run = await ended(service(), runId);
        assert.match(JSON.stringify(run), new RegExp(`took pod ${name} .*away: EvictionByEvictionAPI`));
        await free();
      });

      named("are canceled in all pods that met by names", async () => {
        const runId = await start(target, TOLD + EACH("pass"), TORCH);
        await up(runId, 0, 1);
        await cancel(service(), runId);
        assert.equal((await ended(service(), runId)).status, "Canceled");
        await free();
      });

      named("wait for names that come late, and need none once they have met", async (names) => {
        await names.end();
        const script = "import time\nprint('up', flush=True)\ntime.sleep(6)\nprint('done')";
        const runId = await start(target, TOLD + script, TORCH);
        await until("the pods to have their places", async () => (await addresses()).length === 2, LONG_MS);
        await names.begin();
        await up(runId, 0, 1);
        await names.end();
        try {
          await reached(service(), runId, "Completed", LONG_MS);
        } finally {
          await names.begin();
        }
        for (const rank of [0, 1]) {
          assert.match(await log(runId, rank), TWO_BY_NAMES);
          assert.match(await log(runId, rank), /^up\ndone$/m);
        }
        await free();
      });
    });

  async function addresses(): Promise<readonly string[]> {
    const path = "jsonpath={.items[*].status.podIP}";
    const told = await cluster().kubectl("get", "pods", "-l", "malachite.service", "-o", path);
    return told.split(" ").filter((one) => one !== "");
  }
}
