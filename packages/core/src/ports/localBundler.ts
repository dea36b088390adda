// Packs what a person takes home to run a run on another machine: the answer of startlocalrun.
import type { LocalBuild } from "../domain/environment/localBuild.ts";
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
  /** Empty when there is a command instead, a line for the shell of that machine. */
  readonly script: string;
  readonly command?: string;
  readonly arguments: readonly string[];
  /** The interpreter as the definition names it; looked up on that machine. */
  readonly interpreterPath?: string;
  /** What its environment is made of, on that machine; then there is no interpreterPath. */
  readonly build?: LocalBuild;
  /** All that the script finds in its environment beside that machine's own, but the run's token. */
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly maxRunDurationSeconds?: number;
  readonly outputCollection: boolean;
  /** The project lies in the folder already, whatever the snapshot. */
  readonly besideProject: boolean;
  /** `prepare`: only the interpreter is looked for, and the run ends. */
  readonly only?: "prepare";
  /** The path under which the log is kept on the service. */
  readonly log: string;
  /** Folders whose files are sent while the run runs. */
  readonly directoriesToWatch: readonly string[];
};

export interface LocalBundler {
  /** A zip with `azureml-setup/Invocation.sh`, `Invocation.bat` and what they start. */
  pack(job: LocalJob): AsyncIterable<Uint8Array>;
}
