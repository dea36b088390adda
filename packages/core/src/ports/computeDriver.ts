// What every engine must be able to do for a run. One driver an engine; the conformance suite holds them all to this.

import type { FailureReason } from "../domain/failure/reasons.ts";
import type { Launch, LaunchKey, TargetSettings } from "../domain/launch/launchPlan.ts";
import type { Usage } from "../domain/metric/systemMetrics.ts";
import type { Handle } from "../domain/run/run.ts";
import type { LaunchPlace } from "./launchPlace.ts";
import type { FileLook, OpenFile } from "./openFile.ts";

/** Ends that an engine brings about by itself. */
export type TakenAs = Extract<
  FailureReason,
  "TakenAway" | "Preempted" | "NodeFailed" | "Requeued" | "CanceledAtEngine" | "OverTime" | "OutOfMemory"
>;

/** What an engine says of one launch. `gone`: no process and no exit record; `why`, where its folder is lost too. */
export type Sighting =
  | { readonly at: "waiting"; readonly why?: string }
  | { readonly at: "running"; readonly startedAt?: number }
  | {
      readonly at: "ended";
      readonly code: number | null;
      readonly signal?: string;
      readonly outOfMemory?: boolean;
      readonly startedAt?: number;
      readonly endedAt?: number;
      /** Why the command could not be started at all, in the engine's words; `as` what that counts, StartFailed unless told. */
      readonly failure?: string;
      readonly as?: FailureReason;
    }
  | {
      readonly at: "gone";
      readonly why?: string;
      /** The engine itself ended it, or lost the machine it ran on: in its words. Its folder is there. */
      readonly taken?: string;
      /** As what that counts: `TakenAway` unless told. */
      readonly as?: TakenAs;
    };

export type TargetHealth =
  | {
      readonly usable: true;
      /** What is amiss all the same, as machines of a pool that take no runs. */
      readonly warning?: string;
      /** Why its runs can be given no GPU, whatever the machine has. */
      readonly withoutGpus?: string;
      /** Why its runs cannot be limited. */
      readonly withoutLimits?: string;
    }
  | { readonly usable: false; readonly reason: string };

/** The files of one run on its target. Paths are relative, with forward slashes, and never leave the folder. */
export interface RunFolder {
  /** Regular files under `under`, links never followed. Missing folder: nothing. What is held on to is among them. */
  list(under: string): AsyncIterable<{ readonly path: string } & FileLook>;
  /** The file that is there now; undefined when there is no such regular file. What is held on to is found when it is gone. */
  open(path: string): Promise<OpenFile | undefined>;
  /** The bytes from `from` on, to the end as it is now. Throws ArtifactNotFound for a missing file. */
  read(path: string, from?: number): AsyncIterable<Uint8Array>;
  /** Size as it is now; undefined when there is no such regular file. */
  size(path: string): Promise<number | undefined>;
  /** Yields whenever the file may have grown; a hint. Ends with the signal. */
  changes(path: string, signal: AbortSignal): AsyncIterable<void>;
  /** Where the file is on this machine, if it is: lets a store take it without copying. */
  localPath?(path: string): string | undefined;
  /**
   * Holds on to the files under `under` as they are now: one that the run removes later is still listed, opened and given away
   * under its path, with its last bytes. Costs no second copy. Bounded: `dropped` tells how many it has let go of for that.
   * May be repeated, and only sees what is there when it is called.
   */
  hold?(under: string): Promise<{ readonly dropped: number }>;
}

export type MeasuredRun = { readonly handle: Handle; readonly gpus?: readonly number[] };

/** Everything an engine must be able to do for a run. A new method needs a decision record. */
export interface ComputeDriver {
  readonly kind: string;
  /** What the kind can do; what a target of it cannot do at present, `check` says. */
  readonly can: { readonly multiNode: boolean; readonly images: boolean; readonly gpus: boolean };

  /**
   * Whether the machines of the target see nothing of the service's: no file system is shared. Then plans have an `away` part, and
   * nothing is made or mounted for them here. Absent: never.
   */
  isAway?(target: TargetSettings): boolean;

  /** Is the target there and usable? Never throws for a sick target; says so. */
  check(target: TargetSettings, signal: AbortSignal): Promise<TargetHealth>;
  /** Hands the plan to the engine; returns once accepted, not once running. Same key twice: same job. */
  launch(launch: Launch, signal: AbortSignal): Promise<Handle>;
  /** The job which an earlier launch of this key made, if the engine knows it. Closes the crash gap. */
  find(target: TargetSettings, key: LaunchKey, signal: AbortSignal): Promise<Handle | undefined>;
  /**
   * One sighting per handle, one question to the engine; one that cannot be told now is left out. Throws EngineUnavailable where none can;
   * never guesses "gone".
   */
  observe(handles: readonly Handle[], signal: AbortSignal): Promise<ReadonlyMap<LaunchKey, Sighting>>;
  /** Asks the whole process tree to end, forces it after `graceMs`; resolves when the tree is empty. Ended or gone is success. */
  stop(handle: Handle, graceMs: number, signal: AbortSignal): Promise<void>;
  /** The run's folder on the target. */
  folder(handle: Handle): RunFolder;
  /** Frees all that launch made, the folder too. May be repeated; afterwards the handle is dead. */
  release(handle: Handle, signal: AbortSignal): Promise<void>;
  /**
   * What the running ones among them use at this moment, with the GPUs that each has where they are counted. One that is not told has
   * nothing to tell. Never throws for a run that has just ended. Drivers that cannot find it out have no such method.
   */
  usage?(runs: readonly MeasuredRun[], signal: AbortSignal): Promise<ReadonlyMap<LaunchKey, Usage>>;
  /** What lies of its launches in the folder that is its service's alone. Drivers that have none have no such place. */
  readonly place?: LaunchPlace;
  /**
   * What lies of its launches where that target says, in a folder that others may use too: the same for all targets that say the same.
   * Undefined where it names none. Never throws.
   */
  placeAt?(target: TargetSettings): LaunchPlace | undefined;
  /**
   * Keys of launches that may have news (started, ended). Only makes the watcher quick: `observe` is the truth, and a lost
   * hint costs one watch interval. Ends with the signal.
   */
  hints(signal: AbortSignal): AsyncIterable<LaunchKey>;
}
