// One question to Slurm for all that ask at the same time: hundreds of runs are looked at by one squeue, or one list of slurmrestd.
import type { LaunchKey } from "@malachite/core";
import type { SlurmCluster } from "./slurmTarget.ts";
import type { SlurmVoice } from "./slurmVoice.ts";
import type { SlurmJob } from "./slurmWords.ts";

export type Questions = {
  /** The jobs of that name, as they are no earlier than now. Throws what the command throws. */
  ask(cluster: SlurmCluster, key: LaunchKey): Promise<readonly SlurmJob[]>;
};

type Batch = { readonly keys: Set<LaunchKey>; readonly answer: Promise<ReadonlyMap<string, SlurmJob[]>> };

/** So long a question waits for others to come along. */
const GATHER_MS = 5;

export function createQuestions(voice: Pick<SlurmVoice, "jobs">): Questions {
  /** Those that have not been sent yet, by the Slurm that they go to. */
  const open = new Map<string, Batch>();

  async function send(cluster: SlurmCluster, name: string, keys: Set<LaunchKey>) {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    open.delete(name);
    return Map.groupBy(await voice.jobs(cluster, [...keys]), (job) => job.name);
  }

  return {
    async ask(cluster, key) {
      const name = JSON.stringify([cluster.bin, cluster.conf, cluster.rest]);
      let batch = open.get(name);
      if (batch === undefined) {
        const keys = new Set<LaunchKey>();
        batch = { keys, answer: send(cluster, name, keys) };
        open.set(name, batch);
      }
      batch.keys.add(key);
      return (await batch.answer).get(key) ?? [];
    },
  };
}
