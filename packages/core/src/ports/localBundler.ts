// Packs what a person takes home to run a run on another machine: the answer of startlocalrun.
import type { Scope } from "../domain/scope.ts";

/** All that the other machine needs to know. Holds the run's token: the bundle is a secret of that run. */
export type LocalJob = {
  readonly serviceUrl: string;
  readonly scope: Scope;
  readonly experimentName: string;
  readonly runId: string;
  readonly dataContainerId: string;
  readonly token: string;
  readonly tokenExpiresAt: number;
  readonly snapshotId?: string;
  readonly script: string;
  readonly arguments: readonly string[];
  /** The interpreter as the definition names it; looked up on that machine. */
  readonly interpreterPath?: string;
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly maxRunDurationSeconds?: number;
  readonly outputCollection: boolean;
  /** Folders whose files are sent while the run runs. */
  readonly directoriesToWatch: readonly string[];
};

export interface LocalBundler {
  /** A zip with `azureml-setup/Invocation.sh`, `Invocation.bat` and what they start. */
  pack(job: LocalJob): AsyncIterable<Uint8Array>;
}
