// Runs with GPUs on a real cluster whose node tells of two: the scheduler counts them, though no program can use them.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { ClusterUnderTest } from "@malachite/server/conformance";
import { cancel, ended, fileOf, getRun, reached } from "../support/runs.ts";
import { until } from "../support/service.ts";
import type { OverPods } from "./overPods.ts";
import { LONG_MS, looksAt, TORCH } from "./podPrograms.ts";

const SEES = `
import os, time
print("sees", repr(os.environ.get("CUDA_VISIBLE_DEVICES")), repr(os.environ.get("NVIDIA_VISIBLE_DEVICES")), flush=True)
if os.environ.get("STAYS"): time.sleep(600)
`;
/** As the plugin of a vendor does; that of the node is the real kubelet's to keep. */
async function tellOfGpus(cluster: ClusterUnderTest): Promise<void> {
  const status = { capacity: { "nvidia.com/gpu": "2" }, allocatable: { "nvidia.com/gpu": "2" } };
  const node = (await cluster.kubectl("get", "nodes", "-o", "name")).trim();
  await cluster.kubectl("patch", node, "--subresource=status", "-p", JSON.stringify({ status }));
}

type Parts = Pick<OverPods, "service" | "cluster" | "start" | "why" | "free">;

/** Defines the tests. Each target is to have `gpus: 2`. */
export function overGpus(targets: readonly string[], { service, cluster, start, why, free }: Parts): void {
  const { log } = looksAt(service, cluster);
  const logOf = async (runId: string) => String(await fileOf(service(), runId));
  const wish = (devices: string, more: object = {}) => ({
    environmentVariables: { CUDA_VISIBLE_DEVICES: devices, ...more },
  });
  /** What each pod has asked the cluster for. */
  const askedFor = async () => {
    const { items } = JSON.parse(
      await cluster().kubectl("get", "pods", "-A", "-o", "json", "-l", "malachite.service"),
    ) as {
      items: { spec: { containers: { resources: { limits?: Record<string, string> } }[] } }[];
    };
    return items.flatMap(({ spec }) =>
      spec.containers.map(({ resources }) => resources.limits?.["nvidia.com/gpu"] ?? "0"),
    );
  };
  before(() => tellOfGpus(cluster()));

  for (const target of targets)
    describe(`on ${target}`, () => {
      it("have as many as they ask for, one unless they say, and see none when they want none", async () => {
        const one = await start(target, SEES);
        const none = await start(target, SEES, wish("-1"));
        for (const runId of [one, none]) await reached(service(), runId, "Completed", LONG_MS);
        assert.match(await logOf(one), /^sees '0' None$/m);
        assert.match(await logOf(none), /^sees '' 'void'$/m);
        await free();
      });

      it("wait for them in the line, and ask the cluster for theirs", async () => {
        const first = await start(target, SEES, wish("0", { STAYS: "1" }));
        await reached(service(), first, "Running", LONG_MS);
        await until("its pod", async () => (await askedFor()).join() === "1", LONG_MS);
        const both = await start(target, SEES, wish("3,7"));
        await until(
          "the reason",
          async () => /It needs 2 GPUs; of 2 1 is free/.test(await why(both)),
          LONG_MS,
        );
        assert.equal((await getRun(service(), both)).status, "NotStarted");
        await cancel(service(), first);
        await ended(service(), first);
        await reached(service(), both, "Completed", LONG_MS);
        assert.match(await logOf(both), /^sees '0,1' None$/m);
        await free();
      });

      it("share them between their nodes", async () => {
        const runId = await start(target, SEES, { ...TORCH, ...wish("0", { STAYS: "1" }) });
        await until("its pods", async () => (await askedFor()).join() === "1,1", LONG_MS);
        await reached(service(), runId, "Running", LONG_MS);
        await until(
          "what both see",
          async () =>
            (await Promise.all([0, 1].map((rank) => log(runId, rank)))).every((said) =>
              /^sees '0' None$/m.test(said),
            ),
          LONG_MS,
        );
        await cancel(service(), runId);
        await ended(service(), runId);
        await free();
      });

      it("are refused where there are never so many", async () => {
        await assert.rejects(
          start(target, SEES, wish("0,1,2")),
          /3 GPUs were asked for; the compute target '.*' has 2/,
        );
      });
    });
}
