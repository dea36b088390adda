import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TargetSettings } from "../launch/launchPlan.ts";
import { gpusAsked, needsOf } from "../queue/needs.ts";
import { type Abilities, abilityFaults } from "./abilities.ts";
import type { WholeDefinition } from "./runDefinition.ts";

const TARGET: TargetSettings = { name: "rig", kind: "process", pool: "machine", options: {} };
const ABILITIES: Abilities = {
  images: true,
  volumes: [],
  privileges: false,
  nodes: 2,
  gpusPerNode: 4,
  gpus: 4,
  gpusPerRun: 1,
};

const whole = (configuration: Record<string, unknown> = {}, more: Partial<WholeDefinition> = {}) =>
  ({ configuration: { nodeCount: 1, communicator: "None", ...configuration }, ...more }) as WholeDefinition;
const faults = (configuration: Record<string, unknown>, abilities: Partial<Abilities> = {}) =>
  abilityFaults(whole(configuration), TARGET, { ...ABILITIES, ...abilities }).map(
    ({ code, target, message }) => `${code} ${target}: ${message}`,
  );
const needs = (configuration: Record<string, unknown>, byDefault = 1, all = 4) =>
  needsOf(whole(configuration), { byDefault, all, target: TARGET });

describe("what a run needs", () => {
  it("is a node and the GPUs that its target gives to each run", () => {
    assert.deepEqual(needs({}), { priority: 0, nodes: 1, gpus: 1 });
    assert.deepEqual(needs({ priority: 7, nodeCount: 2 }, 2), { priority: 7, nodes: 2, gpus: 4 });
    assert.deepEqual(needs({}, 1, 0), { priority: 0, nodes: 1, gpus: 0 });
  });

  it("is less where the target does not have as many GPUs for all nodes of a run that asked for none", () => {
    assert.equal(needs({ nodeCount: 2 }, 1, 1).gpus, 0);
    assert.equal(needs({ nodeCount: 2 }, 4, 4).gpus, 4);
    assert.deepEqual(faults({ nodeCount: 2 }, { gpus: 1, gpusPerNode: 1 }), []);
  });

  it("is as many GPUs as --gpus of its container says", () => {
    const docker = (...flags: string[]) => ({ docker: { useDocker: true, arguments: flags } });
    assert.equal(needs(docker("--gpus", "all")).gpus, 4);
    assert.equal(needs(docker("--gpus=2")).gpus, 2);
    assert.equal(needs(docker("--gpus", "3", "--gpus", "2")).gpus, 2);
    assert.equal(needs(docker("--gpus", '"device=0,2"')).gpus, 2);
    assert.equal(needs({ docker: { useDocker: false, arguments: ["--gpus", "all"] } }).gpus, 1);
    const environment = { docker: { enabled: true, arguments: ["--gpus", "4"] } };
    assert.equal(needs({ environment }).gpus, 4);
  });

  it("is as many GPUs as CUDA_VISIBLE_DEVICES has numbers, and none for -1", () => {
    const variables = (text: string) => ({ environmentVariables: { CUDA_VISIBLE_DEVICES: text } });
    assert.equal(needs(variables("0,1")).gpus, 2);
    assert.equal(needs(variables("")).gpus, 0);
    assert.equal(needs(variables("-1")).gpus, 0);
    assert.equal(needs(variables("0,-1,2")).gpus, 1);
    assert.equal(needs({ environment: { environmentVariables: { CUDA_VISIBLE_DEVICES: "3,2,1" } } }).gpus, 3);
  });

  it("is a GPU for each process with Nccl", () => {
    const nccl = (processCount: unknown, nodeCount = 1) => ({
      framework: "PyTorch",
      communicator: "Nccl",
      nodeCount,
      pytorch: { communicationBackend: "nccl", processCount },
    });
    assert.equal(needs(nccl(3)).gpus, 3);
    assert.equal(needs(nccl(4, 2)).gpus, 4);
    assert.equal(needs(nccl(null)).gpus, 1);
    assert.equal(needs(nccl(null), 4).gpus, 4);
  });

  it("is nothing but a place for a run that only makes its environment", () => {
    const definition = whole({ nodeCount: 2, priority: 1 }, { prepareOnly: true });
    assert.deepEqual(needsOf(definition, { byDefault: 4, all: 4 }), { priority: 1, nodes: 1, gpus: 0 });
    assert.deepEqual(abilityFaults(definition, TARGET, { ...ABILITIES, nodes: 1 }), []);
  });
});

describe("what a target cannot do", () => {
  it("is refused by name: more nodes or GPUs than it has", () => {
    const variables = { CUDA_VISIBLE_DEVICES: "0,1,2" };
    assert.deepEqual(faults({ nodeCount: 3 }), [
      "TargetTooSmall configuration.nodeCount: 3 nodes were asked for; the compute target 'rig' has 2.",
    ]);
    assert.deepEqual(
      faults({ nodeCount: 2, communicator: "Mpi" }, { mpiReason: "Its nodes share no folder" }),
      [
        "UnsupportedField configuration.nodeCount: MPI on 2 nodes was asked for of the compute target 'rig'. Its nodes share no folder.",
      ],
    );
    assert.deepEqual(
      faults({ nodeCount: 1, communicator: "Mpi" }, { mpiReason: "Its nodes share no folder" }),
      [],
    );
    assert.deepEqual(faults({ nodeCount: 2, environmentVariables: variables }), [
      "TargetTooSmall configuration.environmentVariables.CUDA_VISIBLE_DEVICES: 3 GPUs were asked for on each of 2 nodes; the compute target 'rig' has 4.",
    ]);
    assert.deepEqual(
      faults({ docker: { useDocker: true, arguments: ["--gpus", "all"] } }, { gpus: 0, gpusPerNode: 0 }),
      [
        "TargetTooSmall configuration.docker.arguments: All GPUs were asked for; the compute target 'rig' has none.",
      ],
    );
    assert.deepEqual(faults({}, { gpusPerRun: 5 }), [
      "TargetTooSmall configuration.target: Each run is to have 5 GPUs by the settings; the compute target 'rig' has 4.",
    ]);
    assert.deepEqual(faults({ nodeCount: 2, communicator: "Mpi" }, { mpiNodes: 1 }), [
      "TargetTooSmall configuration.nodeCount: MPI on 2 nodes was asked for, which are a machine each; the compute target 'rig' has 1. Ask for fewer nodes with more processes each (processCountPerNode).",
    ]);
    assert.deepEqual(
      faults({ nodeCount: 1_000_000 }, { nodes: Number.POSITIVE_INFINITY, gpus: 0, gpusPerRun: 0 }),
      [],
    );
  });

  it("is refused by name: Nccl without a GPU for each process", () => {
    const nccl = { communicator: "Nccl", pytorch: { processCount: 2 } };
    assert.deepEqual(faults(nccl), []);
    assert.deepEqual(faults(nccl, { gpus: 1, gpusPerNode: 1 }), [
      "TargetTooSmall configuration.communicator: Nccl needs a GPU for each process, so 2; the compute target 'rig' has 1.",
    ]);
    assert.deepEqual(faults({ communicator: "Nccl" }, { gpus: 0, gpusPerNode: 0, gpusPerRun: 0 }).length, 1);
    assert.deepEqual(faults({ ...nccl, environmentVariables: { CUDA_VISIBLE_DEVICES: "0" } }).length, 1);
  });

  it("is refused with the reason: GPUs of a machine whose engine gives none to containers", () => {
    const none = { gpus: 0, gpusPerNode: 0, gpusPerRun: 0, gpusReason: "Docker 20 gives no GPUs." };
    assert.deepEqual(faults({ docker: { useDocker: true } }, none), []);
    const says = (count: number) =>
      `${count} GPUs were asked for; the compute target 'rig' has none. Docker 20 gives no GPUs.`;
    assert.deepEqual(faults({ docker: { useDocker: true, arguments: ["--gpus", "2"] } }, none), [
      `TargetTooSmall configuration.docker.arguments: ${says(2)}`,
    ]);
    assert.deepEqual(faults({ environmentVariables: { CUDA_VISIBLE_DEVICES: "0,1" } }, none), [
      `TargetTooSmall configuration.environmentVariables.CUDA_VISIBLE_DEVICES: ${says(2)}`,
    ]);
    assert.match(
      faults({ communicator: "Nccl" }, none)[0] ?? "",
      /Nccl needs a GPU.*Docker 20 gives no GPUs/,
    );
    assert.deepEqual(faults({ environmentVariables: { CUDA_VISIBLE_DEVICES: "-1" } }, none), []);
  });

  it("is refused by name: GPUs named otherwise than by number, where numbers are given out", () => {
    const named = { environment: { environmentVariables: { CUDA_VISIBLE_DEVICES: "GPU-8932f937" } } };
    assert.deepEqual(
      faults(named).map((fault) => fault.split(":")[0]),
      ["UnsupportedField configuration.environment.environmentVariables.CUDA_VISIBLE_DEVICES"],
    );
    assert.deepEqual(faults(named, { gpus: 0, gpusPerNode: 0, gpusPerRun: 0 }), []);
    const many = { environmentVariables: { CUDA_VISIBLE_DEVICES: "0,1,2,3,4,5" } };
    assert.deepEqual(faults(many, { gpus: 0, gpusPerNode: 0, gpusPerRun: 0 }), []);
    assert.equal(gpusAsked(whole(many))?.perNode, 6);
  });
});
