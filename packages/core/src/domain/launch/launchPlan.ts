// What a driver is given to run: data that is made apart from any engine. Where it runs is the driver.
import type { JsonObject, Scope } from "../scope.ts";
import type { AwayPlan } from "./awayPlan.ts";

/** Made from workspace, run and attempt; 1 to 48 of [a-z0-9-], so safe as a file, Slurm job, container and DNS name. */
export type LaunchKey = string & { readonly __launchKey: true };

/** A named place to run, as the settings describe it. */
export type TargetSettings = {
  readonly name: string;
  readonly kind: string;
  /** Runs of one pool share its slots. */
  readonly pool: string;
  /** Options of the driver, checked by it. */
  readonly options: JsonObject;
};

/** Everything an engine needs to run one attempt. Kept in the record before the launch; holds no secret. */
export type LaunchPlan = {
  readonly key: LaunchKey;
  readonly target: TargetSettings;
  /** The environment that the run relies on, by its id: it is kept until the run has ended. */
  readonly environmentId?: string;
  /** The same for the packages of Maven that were fetched for it. */
  readonly sparkJarsId?: string;
  /** Hash of the project tree to place into the working folder; absent for no project. */
  readonly tree?: string;
  /** The command and its arguments, run in the project folder. Never a shell line. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Folders of the project folder that exist before the start: outputs, logs. */
  readonly folders: readonly string[];
  readonly nodes: number;
  /** Files that an earlier attempt has left, put into the project folder before the start. */
  readonly restored?: RestoredFiles;
  /** Processes that live and die together, when there is more than one: `argv` starts those of one node, or all. */
  readonly group?: ProcessGroup;
  /** What of the service's machine the run sees besides its own folder. */
  readonly mounts?: readonly Mount[];
  /** The container to run in; absent for none. */
  readonly image?: PlannedImage;
  /** For a machine that sees nothing of the service's; absent for all others. */
  readonly away?: AwayPlan;
  /** The GPUs of the target that are this run's, by their numbers; absent where nobody counts them. */
  readonly gpus?: readonly number[];
  /** How many GPUs each of its nodes is to have, where the engine itself gives them out. */
  readonly gpusPerNode?: number;
  /** How long its script may run, for engines that end it when the service is not there to do so. */
  readonly maxSeconds?: number;
};

/** Kept files of an artifact container, all that lie in a folder; they come to the same path in the project folder. */
export type RestoredFiles = { readonly scope: Scope; readonly container: string; readonly folder: string };

/** The processes of a run of several, as data; groupStart.ts runs it beside them. */
export type ProcessGroup = {
  /** `direct`: each process is started by itself; `mpirun`: all of them by one mpirun, which tells each its rank. */
  readonly starter: "direct" | "mpirun";
  /** Names of ports that must be free where node 0 runs; see `portMark`. */
  readonly ports: readonly string[];
  /** Variables of all of them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly processes: readonly PlannedProcess[];
  /** How long the others may take to end after one has failed. */
  readonly graceMs: number;
};

export type PlannedProcess = {
  /** As errors name it: `rank 3`, `worker 0`. */
  readonly name: string;
  readonly node: number;
  readonly argv: readonly string[];
  /** Besides those of the plan and of the group; they win. */
  readonly environment: Readonly<Record<string, string>>;
  /** It works for the others, and is stopped when they have ended. */
  readonly serves?: true;
  /** Where both its streams go, in the run's folder. */
  readonly log: string;
};

/**
 * A folder or file of the service's machine, shown to the run under a path: absolute, relative to the project folder, or beginning with
 * FOLDER_MARK.
 */
export type Mount = {
  readonly source: string;
  readonly at: string;
  readonly readOnly: boolean;
  /** Its files come among those that are there: a file that is there is kept, or replaced. Absent: there must be nothing. */
  readonly merge?: "keep" | "replace";
  /** What the source is, where nobody should look: it is mounted from elsewhere, and may hang whoever does. */
  readonly is?: "folder" | "file";
};

/** An image that the engine has by now, with what its container is started with. */
export type PlannedImage = {
  readonly reference: string;
  /** Checked flags of the engine's own command line. */
  readonly arguments: readonly string[];
  readonly shmSizeBytes?: number;
};

/**
 * Stands in texts of a plan for the absolute path of the run's folder as its processes see it, which only the driver knows. No
 * text of a user can hold it: NUL is refused in all of them.
 */
export const FOLDER_MARK = "\0folder\0";
/** Stands in texts of a group for a port that is free when the run starts. */
export const portMark = (name: string): string => `\0port:${name}\0`;
/** Stands in texts of a group for the address of one of its nodes: this machine, where the nodes share it. */
export const hostMark = (node: number): string => `\0host:${node}\0`;

/** The plan with the run's folder in its texts. For drivers: the last thing before the command is started. */
export function inFolder(plan: LaunchPlan, folder: string): LaunchPlan {
  const text = (value: string): string => value.replaceAll(FOLDER_MARK, folder);
  const map = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]));
  return {
    ...plan,
    argv: plan.argv.map(text),
    environment: map(plan.environment),
    ...(plan.mounts === undefined
      ? {}
      : { mounts: plan.mounts.map((mount) => ({ ...mount, at: text(mount.at) })) }),
    ...(plan.group === undefined
      ? {}
      : {
          group: {
            ...plan.group,
            environment: map(plan.group.environment),
            processes: plan.group.processes.map((one) => ({
              ...one,
              argv: one.argv.map(text),
              environment: map(one.environment),
            })),
          },
        }),
  };
}

/** A plan on its way to the engine, with what must not be kept: tokens and passwords, as environment variables. */
export type Launch = {
  readonly plan: LaunchPlan;
  readonly secrets: Readonly<Record<string, string>>;
  /**
   * Until when this server alone may launch it, in the time of `SteadyClock.monotonic`; it grows while the lease is renewed. A driver asks
   * right before the act that starts something, and throws EngineUnavailable when it is too late. Absent: no other server is there.
   */
  readonly startBefore?: () => number;
};

/** Paths inside a run's folder, the same on every engine. */
export const RUN_FOLDER = {
  /** The working folder of the script. */
  project: "project",
  /** The working folder of node N, from 1 on; its outputs and logs are those of the first. */
  node: (node: number): string => (node === 0 ? "project" : `nodes/${node}/project`),
  /** Data that has no place in the project, by its name. */
  data: (name: string): string => `data/${name}`,
  /** stdout and stderr of the script, byte for byte. */
  log: "user_logs/std_log.txt",
  /** The same of one process of several. That of the first also holds what the group itself has to say: it is the run's log. */
  logOf: (process: number): string => `user_logs/std_log_process_${process}.txt`,
  /** The processes of a run of several, for groupStart.ts. */
  group: "group.json",
  /** Which of them failed first; written before the exit record. */
  groupExit: "group-exit.json",
  /** Written by rename as the last act of the start script. */
  exit: "exit.json",
} as const;

/** The log that speaks for the whole run. */
export const mainLog = ({ group }: Pick<LaunchPlan, "group">): string =>
  group?.processes[0]?.log ?? RUN_FOLDER.log;

/** The log of a run that the v1 SDK runs on its own machine: that is where its users look. */
export const LOCAL_LOG = "azureml-logs/70_driver_log.txt";
