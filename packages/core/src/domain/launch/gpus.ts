// The GPUs of a run in its launch plan: which it has, and the variables that keep it to them. Pure.
import { CUDA_DEVICES } from "../queue/needs.ts";
import type { LaunchPlan } from "./launchPlan.ts";

/**
 * The plan of a run that has these GPUs; each node of it has its share, in order. Undefined: nobody counts them, and the run sees
 * what it sees. A run without any, where they are counted, sees none.
 */
export function withGpus(plan: LaunchPlan, gpus: readonly number[] | undefined): LaunchPlan {
  if (gpus === undefined) return plan;
  // The NVIDIA runtime gives a container its GPUs under new numbers, from 0 on.
  const numbers = plan.image === undefined ? gpus : gpus.map((_, i) => i);
  const fence = (visible: readonly number[]): Record<string, string> => ({
    // The numbers of nvidia-smi, whatever is fastest.
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    [CUDA_DEVICES]: visible.join(","),
    ...(plan.image === undefined ? {} : { NVIDIA_VISIBLE_DEVICES: gpus.join(",") || "void" }),
  });
  const perNode = Math.floor(numbers.length / plan.nodes);
  const shareOf = (node: number) => numbers.slice(node * perNode, (node + 1) * perNode);
  return {
    ...plan,
    gpus,
    environment: { ...plan.environment, ...fence(numbers) },
    ...(plan.group === undefined
      ? {}
      : {
          group: {
            ...plan.group,
            processes: plan.group.processes.map((one) => ({
              ...one,
              environment: { ...one.environment, ...fence(shareOf(one.node)) },
            })),
          },
        }),
  };
}
