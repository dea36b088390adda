// How long jobs of a partition may be, asked once for the many launches of a minute.
import type { LaunchPlan, SteadyClock } from "@malachite/core";
import type { SlurmCluster, SlurmOptions } from "./slurmTarget.ts";
import type { SlurmVoice } from "./slurmVoice.ts";

export type PartitionTimes = {
  /** The minutes that the partition of the target allows, for a plan whose time is limited. Throws what the question throws. */
  longestFor(
    plan: Pick<LaunchPlan, "maxSeconds">,
    cluster: SlurmCluster,
    target: Pick<SlurmOptions, "partition">,
  ): Promise<number | undefined>;
};

const KEPT_MS = 60_000;

export function createPartitionTimes(
  voice: Pick<SlurmVoice, "longest">,
  clock: Pick<SteadyClock, "monotonic">,
): PartitionTimes {
  const known = new Map<string, { readonly askedAt: number; readonly answer: Promise<number | undefined> }>();

  return {
    async longestFor({ maxSeconds }, cluster, { partition }) {
      if (maxSeconds === undefined) return undefined;
      const name = JSON.stringify([cluster.bin, cluster.conf, cluster.rest, partition]);
      const last = known.get(name);
      if (last !== undefined && clock.monotonic() - last.askedAt < KEPT_MS) return last.answer;
      const answer = voice.longest(cluster, partition);
      known.set(name, { askedAt: clock.monotonic(), answer });
      answer.catch(() => known.delete(name));
      return answer;
    },
  };
}
