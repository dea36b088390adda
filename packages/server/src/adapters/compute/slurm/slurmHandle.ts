// The state that the Slurm driver keeps in a handle: which Slurm has the job, and where its folder lies.
import type { NodeLogs } from "../courier/index.ts";
import { handlesOf } from "../shared/handles.ts";
import type { SlurmCluster } from "./slurmTarget.ts";

export const KIND = "slurm";

export type SlurmState = {
  readonly cluster: SlurmCluster;
  /** The folder in which that of the launch lies; absent where the node has it, and its files come home. */
  readonly root?: string;
  /** Of a run whose nodes send their files by themselves: the logs of each. */
  readonly logs?: NodeLogs;
  /** As Slurm numbered it, for people: it is asked for by its name, which is the key. Absent where Slurm had forgotten it. */
  readonly job?: string;
};

export const { make: makeHandle, read: readHandle } = handlesOf<SlurmState>(
  KIND,
  1,
  (state) => ["string", "undefined"].includes(typeof state.root) && typeof state.cluster === "object",
);
