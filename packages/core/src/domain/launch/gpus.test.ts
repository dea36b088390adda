import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withGpus } from "./gpus.ts";
import type { LaunchKey, LaunchPlan, PlannedProcess } from "./launchPlan.ts";

const plan = (more: Partial<LaunchPlan> = {}): LaunchPlan => ({
  key: "k" as LaunchKey,
  target: { name: "rig", kind: "process", pool: "machine", options: {} },
  argv: ["true"],
  environment: { A: "1", CUDA_VISIBLE_DEVICES: "0,1" },
  folders: [],
  nodes: 1,
  ...more,
});

describe("the GPUs of a run", () => {
  it("leave the plan as it is where nobody counts them", () => {
    assert.deepEqual(withGpus(plan(), undefined), plan());
  });

  it("are all that it sees, by the numbers of nvidia-smi, whatever its definition says", () => {
    assert.deepEqual(withGpus(plan(), [3, 5]), {
      ...plan(),
      gpus: [3, 5],
      environment: { A: "1", CUDA_DEVICE_ORDER: "PCI_BUS_ID", CUDA_VISIBLE_DEVICES: "3,5" },
    });
    assert.equal(withGpus(plan(), []).environment.CUDA_VISIBLE_DEVICES, "");
  });

  it("are counted from 0 in a container, which is given just these", () => {
    const image = { reference: "x", arguments: [] };
    const inside = withGpus(plan({ image }), [3, 5]).environment;
    assert.deepEqual([inside.CUDA_VISIBLE_DEVICES, inside.NVIDIA_VISIBLE_DEVICES], ["0,1", "3,5"]);
    const none = withGpus(plan({ image }), []).environment;
    assert.deepEqual([none.CUDA_VISIBLE_DEVICES, none.NVIDIA_VISIBLE_DEVICES], ["", "void"]);
  });

  it("are shared by the nodes of a group, and by all processes of a node", () => {
    const one = (name: string, node: number): PlannedProcess => ({
      name,
      node,
      argv: ["true"],
      environment: { RANK: name },
      log: `${name}.txt`,
    });
    const processes = [one("0", 0), one("1", 0), one("2", 1), one("3", 1)];
    const group = { starter: "direct" as const, ports: [], environment: {}, processes, graceMs: 1 };
    const { group: made, environment } = withGpus(plan({ nodes: 2, group }), [1, 2, 4, 7]);
    assert.deepEqual(
      made?.processes.map((process) => [process.environment.RANK, process.environment.CUDA_VISIBLE_DEVICES]),
      [
        ["0", "1,2"],
        ["1", "1,2"],
        ["2", "4,7"],
        ["3", "4,7"],
      ],
    );
    assert.equal(environment.CUDA_VISIBLE_DEVICES, "1,2,4,7");
  });
});
