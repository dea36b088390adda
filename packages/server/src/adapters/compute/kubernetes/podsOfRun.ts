// How a run of several nodes is spread over pods. Pure.
import { CUDA_DEVICES, type LaunchPlan, withGpus } from "@malachite/core";
import type { KubernetesOptions } from "./kubernetesTarget.ts";

type Spread = Pick<KubernetesOptions, "nodesInOnePod">;

/** One for each node. One for all where the target wants it so. */
export function podCount({ nodes, group }: LaunchPlan, { nodesInOnePod }: Spread): number {
  const inOne = nodesInOnePod === true || group === undefined;
  return inOne ? 1 : nodes;
}

/** How many GPUs each of its pods asks the cluster for, of those that are the run's. */
export const gpusOfPod = ({ gpus = [] }: LaunchPlan, pods: number): number => Math.floor(gpus.length / pods);

const NVIDIA_DEVICES = "NVIDIA_VISIBLE_DEVICES";

/**
 * The plan as its pods are to see it: with as many GPUs as its nodes are to have, or with none where they are counted. Which GPUs of a node a pod gets is the cluster's to say, and it numbers them from 0 on in each; so a
 * run with GPUs is not told which.
 */
export function planInPods(asked: LaunchPlan, pods: number): LaunchPlan {
  const { gpusPerNode } = asked;
  const plan =
    gpusPerNode === undefined ? asked : withGpus(asked, [...Array(gpusPerNode * asked.nodes).keys()]);
  const count = gpusOfPod(plan, pods);
  if (count === 0) return plan;
  const numbers = Array.from({ length: count }, (_, index) => index).join(",");
  const seen: Record<string, string> = pods === 1 ? {} : { [CUDA_DEVICES]: numbers };
  const of = ({ [NVIDIA_DEVICES]: _, ...own }: Readonly<Record<string, string>>) => ({ ...own, ...seen });
  const { group } = plan;
  return {
    ...plan,
    environment: of(plan.environment),
    ...(group === undefined
      ? {}
      : {
          group: {
            ...group,
            processes: group.processes.map((one) => ({ ...one, environment: of(one.environment) })),
          },
        }),
  };
}
