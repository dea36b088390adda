import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LaunchPlan, ProcessGroup } from "@malachite/core";
import { gpusOfPod, planInPods, podCount } from "./podsOfRun.ts";

const planOf = (nodes: number, starter: ProcessGroup["starter"] = "direct", more: Partial<LaunchPlan> = {}) =>
  ({
    ...{ nodes, environment: {}, image: { reference: "x", arguments: [] } },
    group: {
      ...{ starter, ports: [], environment: {}, graceMs: 1 },
      processes: Array.from({ length: nodes }, (_, node) => ({
        ...{ name: `rank ${node}`, node, argv: [], environment: {}, log: "" },
      })),
    },
    ...more,
  }) as unknown as LaunchPlan;

describe("how a run is spread over pods", () => {
  it("is a pod for each node, but where the target wants them in one", () => {
    assert.equal(podCount(planOf(3), {}), 3);
    assert.equal(podCount(planOf(1), {}), 1);
    assert.equal(podCount(planOf(3), { nodesInOnePod: true }), 1);
    assert.equal(podCount(planOf(3, "mpirun"), {}), 3);
  });

  it("gives each pod its share of the GPUs, numbered from 0 on in each", () => {
    const plan = planInPods(planOf(2, "direct", { gpusPerNode: 2 }), 2);
    assert.equal(gpusOfPod(plan, 2), 2);
    const { environment, group } = plan;
    assert.equal(environment.CUDA_VISIBLE_DEVICES, "0,1");
    assert.deepEqual(
      group?.processes.map((one) => one.environment.CUDA_VISIBLE_DEVICES),
      ["0,1", "0,1"],
    );
  });

  it("leaves it to the cluster which GPUs of a node a pod has, and shows none to a run without", () => {
    const one = planInPods(planOf(2, "mpirun", { gpusPerNode: 1 }), 1);
    assert.equal(one.environment.NVIDIA_VISIBLE_DEVICES, undefined);
    assert.ok(one.group?.processes.every((process) => !("NVIDIA_VISIBLE_DEVICES" in process.environment)));
    assert.equal(one.group?.processes[1]?.environment.CUDA_VISIBLE_DEVICES, "1");
    const none = planInPods(planOf(1, "direct", { gpusPerNode: 0 }), 1);
    assert.equal(none.environment.NVIDIA_VISIBLE_DEVICES, "void");
    assert.equal(none.environment.CUDA_VISIBLE_DEVICES, "");
    assert.deepEqual(planInPods(planOf(1), 1), planOf(1), "nobody counts them");
  });
});
